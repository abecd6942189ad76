"""The YAML vocabulary, written once as pydantic models; they meet user input here and nowhere else.

Leaves are `Scalar` nodes, so that what passes still knows its place. Unknown keys are reported on the way in, with a
did-you-mean; wrong shapes become pydantic errors that `syntax.yaml` turns into diagnostics.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from rulec.diagnostics import Diagnostics, suggest
from rulec.syntax.condition_parser import parse_size
from rulec.syntax.fields import ERROR_KINDS, STRATEGIES, STRATEGY_SYNONYMS
from rulec.syntax.nodes import Scalar


class KeyText(str):
    """A key of a mapping that remembers the scalar it was."""

    __slots__ = ("scalar",)
    scalar: Scalar


def problem(message: str, help: str | None = None) -> PydanticCustomError:
    """The error for a wrong value; message and help go into the diagnostic as they are."""
    return PydanticCustomError("rulec", "{message}", {"message": message, "help": help})


def _scalar(value: Any, what: str) -> Scalar:
    if isinstance(value, Scalar) and value.value is not None:
        return value
    if isinstance(value, Scalar):
        raise problem(f"{what} is expected here, this is empty")
    shape = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else "nothing"
    raise problem(f"{what} is expected here, not {shape}")


def _name(value: Any) -> Scalar:
    scalar = _scalar(value, "a name")
    if not scalar.text.strip():
        raise problem("a name is expected here, this is empty")
    return scalar


def _text(value: Any) -> Scalar:
    return _scalar(value, "a text")


def _boolean(value: Any) -> bool:
    scalar = _scalar(value, "true or false")
    if isinstance(scalar.value, bool):
        return scalar.value
    raise problem(f"true or false is expected here, not `{scalar.text}`", "only `true` and `false` are booleans")


def _number(value: Any) -> Scalar:
    scalar = _scalar(value, "a number")
    found = scalar.value
    if isinstance(found, str) and "${" in found:
        raise problem("a number cannot come from the environment", "write the number")
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise problem(f"a number is expected here, not `{scalar.text}`", "write it without quotes")
    if not math.isfinite(found) or found < 0:
        raise problem(f"a number from 0 on is expected here, not `{scalar.text}`")
    return scalar


def _whole(value: Any) -> int:
    scalar = _number(value)
    if not isinstance(scalar.value, int):
        raise problem(f"a whole number is expected here, not `{scalar.text}`")
    return scalar.value


def _at_most(most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        found = _whole(value)
        if found > most:
            raise problem(f"{found} is too many, {most} is the most", "a client waits for all of it")
        return found

    return check


def _positive(value: Any) -> int:
    found = _whole(value)
    if found == 0:
        raise problem("a number from 1 on is expected here")
    return found


def _status(value: Any) -> int:
    found = _whole(value)
    if not 400 <= found <= 599:
        raise problem("a status from 400 to 599 is expected here", "such as 400, 403 or 429")
    return found


def _size(value: Any) -> int:
    scalar = _scalar(value, "a size")
    size = parse_size(scalar.text)
    if size is None:
        raise problem(f"`{scalar.text}` is no size", "sizes look like 8B, 1.5B or 350M")
    return size


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _strategy(value: Any) -> Scalar:
    scalar = _name(value)
    known = [*STRATEGIES, *STRATEGY_SYNONYMS]
    if scalar.text not in known:
        raise problem(f"there is no strategy `{scalar.text}`", suggest(scalar.text, known, "strategy"))
    return scalar


def _one_of(*words: str) -> BeforeValidator:
    def check(value: Any) -> str:
        scalar = _name(value)
        if scalar.text not in words:
            raise problem(f"`{scalar.text}` is none of {', '.join(words)}", suggest(scalar.text, words, "word"))
        return scalar.text

    return BeforeValidator(check)


_STRING = WithJsonSchema({"type": "string"})
Name = Annotated[Any, BeforeValidator(_name), _STRING]
Text = Annotated[Any, BeforeValidator(_text), _STRING]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Number = Annotated[Any, BeforeValidator(_number), WithJsonSchema({"type": "number", "minimum": 0})]
Whole = Annotated[int, BeforeValidator(_whole)]
Positive = Annotated[int, BeforeValidator(_positive)]
Status = Annotated[int, BeforeValidator(_status)]
SizeText = Annotated[int, BeforeValidator(_size), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?[bBmM]$"})]
Names = Annotated[list[Name], BeforeValidator(_listed)]
Strategy = Annotated[Any, BeforeValidator(_strategy), WithJsonSchema({"enum": [*STRATEGIES, *STRATEGY_SYNONYMS]})]
Key = Annotated[Any, _STRING]
Free = Annotated[Any, WithJsonSchema({})]
"""A value that goes to LiteLLM as it is."""


class Strict(BaseModel):
    """A mapping whose keys are all known."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict):
            raise problem(cls.expected(data))
        report = info.context
        assert isinstance(report, Diagnostics)
        for key in data:
            if key not in cls.model_fields and not cls.allows(key):
                help = cls.hint(key) or suggest(key, list(cls.model_fields), "key")
                report.error("unknown-key", f"`{key}` is no key of {cls.title()}", key.scalar.span, help)
        return data

    @classmethod
    def expected(cls, data: Any) -> str:
        return f"{cls.title()} is a mapping of keys to values"

    @classmethod
    def allows(cls, key: str) -> bool:
        return False

    @classmethod
    def title(cls) -> str:
        return (cls.__doc__ or "").split("\n")[0].rstrip(".").lower()

    @classmethod
    def hint(cls, key: str) -> str | None:
        return None


class Provider(Strict):
    """A provider."""

    litellm: Text
    accepts: Names = Field(default_factory=list)
    default_model: Name | None = None
    context: Positive | None = None
    region: Name | None = None
    description: Text | None = None
    api_base: Text | None = None
    api_key: Text | None = None
    api_version: Text | None = None
    organization: Text | None = None
    timeout: Number | None = None
    stream_timeout: Number | None = None
    rpm: Positive | None = None
    tpm: Positive | None = None
    max_parallel_requests: Positive | None = None
    litellm_params: dict[Key, Free] = Field(default_factory=dict)


class Cost(Strict):
    """A cost."""

    input: Number
    output: Number


class Model(Strict):
    """A model."""

    served_by: Free = None
    capabilities: Names = Field(default_factory=list)
    size: SizeText | None = None
    context: Positive | None = None
    rpm: Positive | None = None
    tpm: Positive | None = None
    cost: Cost | None = None
    description: Text | None = None
    litellm_params: dict[Key, Free] = Field(default_factory=dict)


def _providers(value: Any) -> Any:
    """`ollama`, `[ollama, vllm]` and `[{provider: ollama, weight: 1}]` are one shape: a list of mappings."""
    return [item if isinstance(item, dict) else {"provider": item} for item in _listed(value)]


class Weighted(Strict):
    """A provider with its weight."""

    provider: Name
    weight: Number | None = None


Providers = Annotated[list[Weighted], BeforeValidator(_providers)]


class Hop(Strict):
    """A hop."""

    provider: Name | None = None
    primary: Name | None = None
    secondary: Name | None = None
    tertiary: Name | None = None
    quaternary: Name | None = None
    model: Name | None = None
    preferred_model: Name | None = None
    on_error: Annotated[list[Annotated[str, _one_of(*ERROR_KINDS)]], BeforeValidator(_listed)] | None = None
    when: Text | None = None
    condition: Text | None = None
    description: Text | None = None

    @model_validator(mode="after")
    def _one_spelling(self) -> Hop:
        providers = [self.provider, self.primary, self.secondary, self.tertiary, self.quaternary]
        if sum(one is not None for one in providers) > 1:
            raise problem("this hop names its provider twice", "make it two hops")
        if self.model is not None and self.preferred_model is not None:
            raise problem("`model` and `preferred_model` are the same key", "keep `model`")
        if self.when is not None and self.condition is not None:
            raise problem("`when` and `condition` are the same key", "join the two with `and`")
        if all(one is None for one in (*providers, self.model, self.preferred_model)):
            raise problem("this hop goes nowhere", "name a provider or a model")
        return self


def _hops(value: Any) -> Any:
    if isinstance(value, Scalar) and (value.value is None or value.text == "none"):
        return []
    for item in _listed(value):
        if isinstance(item, Scalar) and item.text == "none":
            raise problem("`none` is no hop", "`none` stands alone: `fallback: none`")
    return [item if isinstance(item, dict) else {"provider": item} for item in _listed(value)]


Hops = Annotated[list[Hop], BeforeValidator(_hops)]


def _chain_name(value: Any) -> Scalar | None:
    return None if isinstance(value, Scalar) and value.value is None else _name(value)


ChainName = Annotated[Any, BeforeValidator(_chain_name), _STRING]


class Rule(Strict):
    """A rule."""

    name: Name | None = None
    description: Text | None = None
    reason: Text | None = None
    until: Text | None = None
    overrides: Names = Field(default_factory=list)
    priority: Annotated[str, _one_of("primary", "secondary", "backup")] | None = None
    provider: Providers | None = None
    providers: Providers | None = None
    model: Name | None = None
    substitute: Boolean = False
    routing_strategy: Strategy | None = None
    sticky: Annotated[str, _one_of("user", "key", "session")] | None = None
    prefer_warm: Boolean = False
    pass_: Boolean | None = Field(default=None, alias="pass")
    refuse: Text | None = None
    status: Status | None = None
    fallback: Hops | None = None
    fallback_chain: ChainName | None = None

    @classmethod
    def allows(cls, key: str) -> bool:
        return key == "pass"

    @classmethod
    def hint(cls, key: str) -> str | None:
        if key in ("condition", "when"):
            return "conditions stand in `request_metadata_routing`, which is tried before every other phase"
        if key in ("strategy", "load_balancing"):
            return "did you mean `routing_strategy`?"
        if key in ("fallbacks", "fallback_models"):
            return "did you mean `fallback`?"
        if key == "models":
            return "did you mean `model`?"
        return None


class ExactRule(Rule):
    """An exact rule."""


class PatternRule(Rule):
    """A pattern rule."""

    pattern: Names


class CapabilityRule(Rule):
    """A capability rule."""

    preferred_models: Names = Field(default_factory=list)
    min_model_size: SizeText | None = None
    min_context: Positive | None = None


class SizeRule(Rule):
    """A size rule."""

    size: Text


class WhenRule(Rule):
    """A metadata rule."""

    condition: Text | None = None
    when: Text | None = None


class Complexity(Strict):
    """A complexity split."""

    simple: Name
    complex: Name
    threshold: Number | None = None


class VirtualModel(Rule):
    """A virtual model."""

    complexity: Complexity


class Redundant(Strict):
    """A redundant model."""

    providers: Providers
    routing_strategy: Strategy | None = None
    sticky: Annotated[str, _one_of("user", "key", "session")] | None = None
    description: Text | None = None


class Chain(Strict):
    """A fallback chain."""

    chain: Hops
    description: Text | None = None
    retry_attempts: Annotated[int, BeforeValidator(_at_most(10))] = 0
    retry_delay_ms: Annotated[int, BeforeValidator(_at_most(60_000))] = 0


class StrategySettings(Strict):
    """A strategy's settings."""

    description: Text | None = None
    applicable_to: Names = Field(default_factory=list)
    weight_factors: Free = None
    measure: Annotated[str, _one_of("time_to_first_token", "latency")] | None = None
    percentile: Number | None = None
    refresh_every_requests: Positive | None = None
    reevaluate_seconds: Number | None = None
    window_seconds: Number | None = None
    signal: Name | None = None


class FirstRequest(Strict):
    """The first-request section."""

    description: Text | None = None
    strategy: Annotated[str, _one_of("prefer_warm_providers")]
    warm_check_timeout_ms: Positive = 100


class RateLimited(Strict):
    """The rate-limit section."""

    description: Text | None = None
    enabled: Boolean = True
    fallback_duration_seconds: Number | None = None


class ErrorBased(Strict):
    """The error-based section."""

    description: Text | None = None
    enabled: Boolean = True
    error_threshold: Positive = 3
    window_seconds: Number | None = None
    cooldown_seconds: Number | None = None


class Signal(Strict):
    """A signal."""

    kind: Annotated[str, _one_of("utilization")]
    url: Text
    api_key: Text | None = None
    ttl_seconds: Number | None = None
    timeout_seconds: Number | None = None
    path: Text | None = None
    description: Text | None = None


class RequestSettings(Strict):
    """The request section."""

    capability_header: Name | None = None


class LiteLLMSettings(Strict):
    """The litellm section."""

    router_settings: dict[Key, Free] = Field(default_factory=dict)
    litellm_settings: dict[Key, Free] = Field(default_factory=dict)
    general_settings: dict[Key, Free] = Field(default_factory=dict)


class Document(Strict):
    """A rule file."""

    version: Whole | None = None
    providers: dict[Key, Provider] = Field(default_factory=dict)
    models: dict[Key, Model] = Field(default_factory=dict)
    exact_matches: dict[Key, ExactRule] = Field(default_factory=dict)
    patterns: list[PatternRule] = Field(default_factory=list)
    capabilities: dict[Key, CapabilityRule] = Field(default_factory=dict)
    redundant_models: dict[Key, Redundant] = Field(default_factory=dict)
    model_size_routing: list[SizeRule] = Field(default_factory=list)
    request_metadata_routing: dict[Key, WhenRule] = Field(default_factory=dict)
    virtual_models: dict[Key, VirtualModel] = Field(default_factory=dict)
    fallback_chains: dict[Key, Chain] = Field(default_factory=dict)
    load_balancing: dict[Key, StrategySettings] = Field(default_factory=dict)
    first_request_routing: FirstRequest | None = None
    rate_limited_fallback: RateLimited | None = None
    error_based_routing: ErrorBased | None = None
    signals: dict[Key, Signal] = Field(default_factory=dict)
    defaults: dict[Key, Free] = Field(default_factory=dict)
    request: RequestSettings | None = None
    default: Annotated[Rule | None, BeforeValidator(lambda value: _default(value))] = None
    litellm: LiteLLMSettings | None = None

    @classmethod
    def allows(cls, key: str) -> bool:
        return key.startswith("x-")

    @classmethod
    def expected(cls, data: Any) -> str:
        return "a rule file is a mapping of sections: providers, models, exact_matches, patterns, …"


def _default(value: Any) -> Any:
    if isinstance(value, Scalar):
        if value.text == "pass":
            return {"pass": Scalar("true", True, value.source, value.start, value.end)}
        raise problem(
            f"`{value.text}` is no target",
            f'write `default: {{provider: {value.text}}}`, `pass` or `{{refuse: "text"}}`',
        )
    return value
