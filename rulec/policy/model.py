"""The policy: a validated rule set in which every name is bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeVar

from rulec.patterns.compiled import CompiledPattern, Spec
from rulec.records import field, record
from rulec.runtime.matching import build_matcher
from rulec.runtime.sizes import is_regular_name, size_from_name
from rulec.source import Span
from rulec.syntax.ast import Match, Tuning
from rulec.syntax.conditions import ParsedCondition

Made = TypeVar("Made")
Phase = Literal["when", "exact", "pattern", "capability", "size", "default"]
PHASES: tuple[Phase, ...] = ("when", "exact", "pattern", "capability", "size", "default")

PLAIN_KINDS = (
    "rate_limit",
    "timeout",
    "connection",
    "server_error",
    "quota",
    "auth",
    "not_found",
)
"""The error kinds that a hop without `on_error` takes: all but those that another provider would answer alike."""


@record
class Provider:
    """One place that serves models; `template` is the LiteLLM model with `{model}` for the upstream name."""

    name: str
    template: str
    accepts: tuple[CompiledPattern, ...]
    default_model: str | None
    context: int | None
    region: str | None
    settings: dict[str, Any]
    span: Span = field(compare=False)
    places: dict[str, Span] = field(default_factory=dict, compare=False)
    handling: dict[str, Any] = field(default_factory=dict)
    """What rulec does with every deployment of it."""

    @property
    def fixed_upstream(self) -> str | None:
        """The one upstream name of a provider whose template names no `{model}`."""
        return None if "{model}" in self.template else self.template.rpartition("/")[2]

    def litellm_model(self, upstream: str) -> str:
        return self.template.replace("{model}", upstream)


@record
class Model:
    """A catalogue entry: a client-visible name; `served_by` are (provider, upstream name) in order."""

    name: str
    served_by: tuple[tuple[str, str], ...] | None
    size: int | None
    context: int | None
    capabilities: tuple[str, ...]
    settings: dict[str, Any]
    cost: tuple[float, float] | None
    span: Span = field(compare=False)
    places: dict[str, Span] = field(default_factory=dict, compare=False)
    handling: dict[str, Any] = field(default_factory=dict)
    deployments: dict[str, Tuning] = field(default_factory=dict)
    """How it is set at single providers."""
    capability_places: dict[str, Span] = field(default_factory=dict, compare=False)


@record
class ProvidersTarget:
    """Providers for the model that the client asked for, with weights where the rule gives them."""

    providers: tuple[tuple[str, float | None], ...]
    substitute: bool = False


@record
class ModelsTarget:
    """Models that replace the requested one; `providers` restricts who serves them.

    `narrowing` (capability rules): where the requested model is itself a candidate, only its candidates remain.
    """

    models: tuple[str, ...]
    providers: tuple[tuple[str, float | None], ...] | None = None
    min_size: int | None = None
    min_context: int | None = None
    narrowing: bool = False
    models_named: bool = field(default=False, compare=False)
    """Whether the rule itself names the models."""


@record
class VirtualTarget:
    """Two models, `complex` from a complexity score of `threshold` on."""

    simple: str
    complex: str
    threshold: float


@record
class NativeTarget:
    """Two models between which LiteLLM's complexity router decides, by its own score and thresholds where none is given."""

    simple: str
    complex: str
    threshold: float | None


@record
class Pass:
    """LiteLLM does what it would have done without rulec."""


@record
class Refuse:
    text: str
    status: int


Target = ProvidersTarget | ModelsTarget | VirtualTarget | NativeTarget | Pass | Refuse


@record
class Hop:
    """One step of a chain: a provider, a model, or both; `on_error` None takes the plain kinds."""

    provider: str | None
    model: str | None
    on_error: tuple[str, ...] | None
    when: ParsedCondition | None
    span: Span = field(compare=False)

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(PLAIN_KINDS if self.on_error is None else self.on_error)


@record
class Chain:
    """Hops in order; `name` is None for a rule's own `fallback`."""

    name: str | None
    hops: tuple[Hop, ...]
    retry_attempts: int = 0
    retry_delay_ms: int = 0
    span: Span | None = field(default=None, compare=False)


NO_CHAIN = Chain(None, ())


@record
class Rule:
    """One routing rule at its place in the effective order (`position` from 1)."""

    name: str
    phase: Phase
    match: Match
    target: Target
    chain: Chain
    strategy: str
    sticky: str | None
    prefer_warm: bool
    position: int
    span: Span = field(compare=False)
    description: str | None = None
    overrides: tuple[str, ...] = ()
    virtual: bool = False
    strategy_named: bool = field(default=False, compare=False)
    """Whether the rule itself names its strategy."""
    strategy_fixed: bool = False
    """Whether `random` is said, so that weights of deployments do not change it."""
    fallback_named: bool = field(default=False, compare=False)
    """Whether the rule itself says what its fallback is, or that it has none."""
    weight_places: dict[str, Span] = field(default_factory=dict, compare=False)
    """Where the weights of its providers stand."""
    until: str | None = None
    """The last day on which it is meant to stand, as 2026-12-31."""


@record
class Policy:
    """The validated whole: what exists, the rules in effective order, the chains and the settings."""

    providers: dict[str, Provider]
    models: Mapping[str, Model]
    rules: Sequence[Rule]
    chains: dict[str, Chain]
    capability_header: str
    sections: dict[str, dict[str, Any]]
    strategies: dict[str, dict[str, Any]]
    places: dict[str, Span] = field(default_factory=dict, compare=False)
    """Where the settings sections stand."""
    native: frozenset[str] = field(default=frozenset(), compare=False)
    """The virtual models that LiteLLM splits itself: its router takes every request to them, so no provider serves them."""
    _known: dict[str, Any] = field(default_factory=dict, compare=False)
    """What was worked out from all of it before."""

    def upstream(self, provider: str, model: str) -> str | None:
        """The name by which a provider knows a model: the catalogue's, else the name itself where it accepts that."""
        entry = self.providers[provider]
        listed = self.models[model].served_by if model in self.models else None
        for name, upstream in listed or ():
            if name == provider:
                return entry.fixed_upstream or upstream
        return (entry.fixed_upstream or model) if self.accepts(provider, model) else None

    def accepts(self, provider: str, model: str) -> bool:
        """Whether a provider takes a name that the catalogue does not place on it."""
        if not is_regular_name(model) or model in self.native:
            return False
        return any(matcher(pattern.spec)(model) for pattern in self.providers[provider].accepts)

    def serving(self, model: str) -> list[str]:
        """The providers that serve a model: as the catalogue lists them, else those that accept the name."""
        entry = self.models.get(model)
        if entry is not None and entry.served_by is not None:
            return [provider for provider, _ in entry.served_by]
        return [provider for provider in self.providers if self.accepts(provider, model)]

    def deployment(self, provider: str, model: str | None) -> Tuning:
        """How a deployment is set: its own values go before its model's, those before its provider's.

        What a provider takes by pattern only has no model of the catalogue, and is `None` here.
        """
        place = self.providers[provider]
        levels = [Tuning(place.settings, place.handling)]
        entry = self.models.get(model) if model is not None else None
        if entry is not None:
            levels.append(Tuning(entry.settings, entry.handling))
            levels += [entry.deployments[provider]] if provider in entry.deployments else []
        told = [one.handling["model_info"] for one in levels if "model_info" in one.handling]
        settings = {key: value for one in levels for key, value in one.settings.items()}
        handling = {key: value for one in levels for key, value in one.handling.items()}
        if told:
            handling["model_info"] = {key: value for one in told for key, value in one.items()}
        return Tuning(settings, handling)

    def size(self, model: str, upstream: str | None = None) -> int | None:
        """A model's parameters: the catalogue's, else read from its name, else from the upstream name."""
        entry = self.models.get(model)
        if entry is not None and entry.size is not None:
            return entry.size
        found = size_from_name(model)
        return size_from_name(upstream) if found is None and upstream is not None else found

    def fingerprint(self) -> str:
        """The first 12 hex digits of a SHA-256 over the canonical policy: not comments, layout or descriptions."""
        return self.once("fingerprint", _fingerprint)

    def once(self, what: str, make: Callable[[Policy], Made]) -> Made:
        """What `make` makes of this policy; it is made once."""
        if what not in self._known:
            self._known[what] = make(self)
        found: Made = self._known[what]
        return found


def _fingerprint(policy: Policy) -> str:
    from rulec.policy.canonical import fingerprint  # a cold `rulec explain`, which knows it, has no use for the digest

    return fingerprint(policy)


@lru_cache(maxsize=65_536)
def matcher(spec: Spec) -> Callable[[str], bool]:
    """The test of a compiled pattern; one for each pattern, as automata learn while they run."""
    return build_matcher(spec)
