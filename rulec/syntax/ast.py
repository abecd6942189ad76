"""The syntax tree of a rule set: what was written and where, names not yet bound; the same for YAML and the DSL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rulec.patterns.compiled import CompiledPattern
from rulec.records import field, fields_of, record
from rulec.source import Located, Span
from rulec.syntax.conditions import ParsedCondition

if TYPE_CHECKING:
    from datetime import date


@record
class EnvironmentText:
    """A setting with `${NAME}` or `${NAME:-default}` in it: literal texts and (name, default) pairs in order."""

    parts: tuple[str | tuple[str, str | None], ...]


@record
class Tuning:
    """How a provider, a model or one deployment is set."""

    settings: dict[str, Any] = field(default_factory=dict)
    """Its litellm_params; texts may be EnvironmentText."""
    handling: dict[str, Any] = field(default_factory=dict)
    """What rulec does with it: weight, priority, retries and the like; `model_info` is what it tells others."""
    places: dict[str, Span] = field(default_factory=dict, compare=False)
    """Where each setting stands."""


@record
class ProviderDeclaration:
    name: Located
    litellm: Located
    accepts: tuple[CompiledPattern, ...] = ()
    default_model: Located | None = None
    context: int | None = None
    region: str | None = None
    tuning: Tuning = field(default_factory=Tuning)


@record
class Serving:
    """A provider that serves a model, the name the provider knows it by where that differs, and how it is set."""

    provider: Located
    upstream: str | None = None
    tuning: Tuning = field(default_factory=Tuning)


@record
class ModelDeclaration:
    name: Located
    served_by: tuple[Serving, ...] | None = None
    size: int | None = None
    context: int | None = None
    capabilities: tuple[Located, ...] = ()
    cost: tuple[float, float] | None = None
    """US dollars per million input and output tokens."""
    tuning: Tuning = field(default_factory=Tuning)


@record
class When:
    condition: ParsedCondition


@record
class Exact:
    model: Located


@record
class Patterns:
    patterns: tuple[CompiledPattern, ...]
    places: tuple[Located, ...] = field(default=(), compare=False)
    """Where each of them is written."""


@record
class Capability:
    name: str


@record
class SizeTier:
    """Bounds in parameters; None is no bound."""

    low: int | None
    low_included: bool
    high: int | None
    high_included: bool

    def holds(self, size: int) -> bool:
        """Whether a size is in the tier."""
        above = self.low is None or size > self.low or (size == self.low and self.low_included)
        return above and (self.high is None or size < self.high or (size == self.high and self.high_included))


@record
class Everything:
    """What the default matches."""


Match = When | Exact | Patterns | Capability | SizeTier | Everything


@record
class Candidate:
    """One of the providers a rule names, with its weight where weights are given."""

    provider: Located
    weight: float | None = None
    weight_span: Span | None = None


@record
class RouteTarget:
    """Where a rule sends requests: providers, a model, or the models of a capability."""

    providers: tuple[Candidate, ...] = ()
    model: Located | None = None
    preferred_models: tuple[Located, ...] = ()
    substitute: bool = False
    strategy: Located | None = None
    sticky: str | None = None
    prefer_warm: bool = False
    min_model_size: int | None = None
    min_context: int | None = None


@record
class PassTarget:
    """LiteLLM does what it would have done without rulec."""


@record
class RefuseTarget:
    text: str
    status: int = 400


@record
class VirtualTarget:
    """Two models, chosen by a score of the request's complexity."""

    simple: Located
    complex: Located
    threshold: float | None = None
    scored_by: str = "rulec"


Target = RouteTarget | PassTarget | RefuseTarget | VirtualTarget


def is_native(target: Target) -> bool:
    """Whether LiteLLM's own complexity router decides between the two models."""
    return isinstance(target, VirtualTarget) and target.scored_by == "litellm"


@record
class HopDeclaration:
    provider: Located | None
    model: Located | None
    on_error: tuple[str, ...] | None
    when: ParsedCondition | None
    span: Span


@record
class ChainReference:
    """`fallback_chain: name`, or None where the rule says that it has no fallback."""

    name: Located | None


@record
class RuleDeclaration:
    phase: str
    key: str
    """The phase's key text (a model, pattern, tier or capability), which names the rule where `name` does not."""
    name: Located | None
    match: Match
    target: Target
    fallback: ChainReference | tuple[HopDeclaration, ...] | None
    span: Span
    """The place of the rule's name or key."""
    description: str | None = None
    until: date | None = None
    overrides: tuple[Located, ...] = ()
    body: Span | None = None

    @property
    def full_name(self) -> str:
        if self.name is not None:
            return self.name.text
        return self.phase if self.phase == "default" else f"{self.phase}:{self.key}"


@record
class RedundantModel:
    model: Located
    providers: tuple[Candidate, ...]
    settings: RouteTarget


@record
class ChainDeclaration:
    name: Located
    hops: tuple[HopDeclaration, ...]
    retry_attempts: int = 0
    retry_delay_ms: int = 0
    retry_span: Span | None = None


@record
class Section:
    """A settings section, a strategy or a signal: plain values (texts may be EnvironmentText) and where it is named."""

    name: str
    values: dict[str, Any]
    span: Span


@record(frozen=False)
class RuleSet:
    """Everything that the files of one rule set declare, in file order."""

    providers: list[ProviderDeclaration] = field(default_factory=list)
    models: list[ModelDeclaration] = field(default_factory=list)
    rules: list[RuleDeclaration] = field(default_factory=list)
    redundant: list[RedundantModel] = field(default_factory=list)
    chains: list[ChainDeclaration] = field(default_factory=list)
    strategies: list[Section] = field(default_factory=list)
    """Settings of strategies (`load_balancing:`)."""
    signals: list[Section] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    """request, defaults, litellm and the health sections by their YAML name."""
    broken: set[tuple[str, str]] = field(default_factory=set)
    """(kind, name) of declarations that could not be read, so that what refers to them is not reported again."""

    def add(self, other: RuleSet) -> None:
        """Adds what another file declares."""
        for name in fields_of(self):
            if name != "broken":
                getattr(self, name).extend(getattr(other, name))
        self.broken |= other.broken
