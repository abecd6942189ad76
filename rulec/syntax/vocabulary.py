"""The YAML vocabulary, written once as pydantic models: every section, every key, what it holds and what it is for.

Two things are made of it: the table that the reader checks documents with (`syntax.shapes`, by `python -m
rulec.syntax.tabulate`), and the JSON Schema for editors (`syntax.schema`). Nothing that reads rules imports this module.
The first line of a model's docstring is its name in diagnostics.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from rulec.syntax.fields import ALL_OPERATORS, FIELDS
from rulec.syntax.kinds import (
    Address,
    Boolean,
    Candidates,
    ChainName,
    Condition,
    Date,
    Defaults,
    ErrorKinds,
    Free,
    Hops,
    Kind,
    Name,
    Names,
    NotNone,
    Number,
    Path,
    Percentage,
    Positive,
    Score,
    Seconds,
    ServedBy,
    Size,
    SomeNames,
    Status,
    Strategy,
    Text,
    Tier,
    True_,
    WeightFactors,
    Words,
    between,
    seconds,
    whole,
    words,
)


def key(
    description: str,
    *examples: Any,
    default: Any = None,
    required: bool = False,
    instead: str = "",
    details: str = "",
) -> Any:
    """A key with its one sentence.

    `instead` says what to write in place of a key that is advised against, `details` what an editor shows below.
    """
    more: dict[str, Any] = {"deprecated": True, "doNotSuggest": True} if instead else {}
    if details:
        more["markdownDescription"] = f"{description}\n\n{details}"
    return Field(
        default=... if required else default,
        description=f"{description} Deprecated: {instead}" if instead else description,
        examples=list(examples) or None,
        json_schema_extra=more or None,
    )


_CONDITIONS = "\n".join(
    (
        *(f"* `{name}`: {field.description}" for name, field in FIELDS.items()),
        "",
        "Operators: " + ", ".join(f"`{one}`" for one in (*ALL_OPERATORS, "and", "or", "not", "present(…)")),
    )
)
"""What a condition may ask, for the eyes of who writes one."""


class Strict(BaseModel):
    """A mapping whose keys are all known."""

    model_config = ConfigDict(extra="forbid")

    hints: ClassVar[dict[str, str]] = {}
    """Help for keys that people write here and that are none."""
    needed: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Groups of keys: of each at least one is there."""
    refused: ClassVar[tuple[str, ...]] = ()
    """Keys that have no meaning here; the reader knows them only to say why."""

    @classmethod
    def title(cls) -> str:
        return (cls.__doc__ or "").split("\n")[0].rstrip(".").lower()

    @classmethod
    def keys(cls) -> dict[str, FieldInfo]:
        """The fields by the key that is written."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}


def kind_of(field: FieldInfo) -> Kind | None:
    """The kind of a leaf; None where a field is a section or a mapping with a model of its own."""
    return next((one for one in field.metadata if isinstance(one, Kind)), None)


def models() -> dict[str, type[Strict]]:
    """The models that mappings have, by name, in the order in which they are written."""
    found = [one for one in globals().values() if isinstance(one, type) and issubclass(one, Strict)]
    return {one.__name__: one for one in found if not one.__subclasses__()}


WAITED = "a client waits for all of it"

_TUNED_HINTS = {
    "allowed_fails": "write it for all providers: `error_based_routing: {error_threshold: 3}`",
    "cache_enabled": "write `cache_ttl` with the seconds for which answers are kept",
    "cooldown_time": "did you mean `cooldown`?",
    "fallback_models": "write the models as a chain below `fallback_chains`, or as `fallback` of a rule",
    "retry_attempts": "did you mean `num_retries`?",
    "routing_config": "write its keys right here",
    "routing_strategy": "rules have a `routing_strategy`, deployments have `weight` and `priority`",
}
"""Help for words of other gateways."""


class Tuned(Strict):
    """What may be said of a provider for all its deployments, of a model, and of one deployment.

    A deployment's value goes before its model's, and that before its provider's.
    """

    hints = _TUNED_HINTS

    rpm: Positive = key("Requests per minute that each deployment takes; what is more goes elsewhere.", 600)
    tpm: Positive = key("Tokens per minute that each deployment takes; what is more goes elsewhere.", 100000)
    max_parallel_requests: Positive = key("Requests that each deployment takes at once.", 16)
    timeout: Seconds = key("Seconds until an attempt is given up.", 60)
    stream_timeout: Seconds = key("Seconds until an attempt of a streaming request is given up.", 30)
    weight: Number = key("How often it is picked where a rule has neither weights nor a strategy; else 1.", 2)
    priority: Annotated[Any, whole(0)] = key("Candidates with a lower number go first; those without one last.", 1)
    num_retries: Annotated[Any, whole(0, 10, WAITED)] = key("How often an attempt is repeated; goes before the chain's.", 2)
    retry_after: Annotated[Any, between(0, 60, WAITED)] = key("Seconds before an attempt is repeated.", 1)
    cooldown: Seconds = key("Seconds that it is passed over after a 429 or too many errors.", 60)
    cache_ttl: Annotated[Any, whole(0, 31_536_000, "31536000 seconds are a year")] = key(
        "Seconds for which LiteLLM keeps answers; 0 for not at all.", 300
    )
    litellm_params: Free = key("Anything else that LiteLLM takes in `litellm_params` of a deployment.")
    model_info: Free = key("What `model_info` of a deployment tells others.", {"chute_id": "my-chute"})


class Deployment(Tuned):
    """A deployment.

    A model at one provider: the name that the provider knows it by, and settings for this place alone.
    """

    model: Name = key("The name that the provider knows the model by; the client's where there is none.", "gpt-4o")


class Provider(Tuned):
    """A provider.

    Something that serves models: a server of your own, or a service that LiteLLM knows.
    """

    litellm: Text = key(
        "The LiteLLM model of a deployment; `{model}` stands for the name that the provider knows a model by.",
        "ollama_chat/{model}",
        "hosted_vllm/{model}",
        "openai/{model}",
        "azure/my-deployment",
        required=True,
    )
    accepts: Names = key(
        "Regular expressions: the provider serves every model whose name one of them finds.", "^meta-llama/", ".*"
    )
    default_model: Name = key(
        "The model that stands in where a request names none, for a hop, and where a rule says `substitute`.",
        "llama3.1:8b",
    )
    context: Positive = key("The context length in tokens, for `min_context` of capability rules.", 8192, 128000)
    region: Name = key("Where the provider stands: a note.", "eu")
    description: Text = key("A note.")
    api_base: Text = key(
        "The address of the provider's API; may hold `${NAME}` or `${NAME:-default}`.",
        "http://127.0.0.1:11434",
        "${VLLM_API_BASE:-http://127.0.0.1:8001/v1}",
    )
    api_key: Text = key("The key for the provider, always a reference to the environment.", "${OPENAI_API_KEY}")
    api_version: Text = key("The version of the provider's API, as Azure wants it.", "2024-10-21")
    organization: Text = key("The organization at the provider.")


class Cost(Strict):
    """A cost.

    US dollars per million tokens.
    """

    input: Number = key("US dollars per million input tokens.", 0.2, required=True)
    output: Number = key("US dollars per million output tokens.", 0.6, required=True)


class Model(Tuned):
    """A model.

    A name that clients use, and who serves it.
    """

    served_by: ServedBy = key(
        "The providers that serve the model, as a list, or as a mapping to the name that each knows it by or to settings.",
        "ollama",
        {"vllm": "meta-llama/Llama-3.1-8B-Instruct"},
        {"azure_east": {"model": "gpt-4o-deployment", "rpm": 1000, "weight": 2}},
    )
    capabilities: Names = key("What the model is good for: names that capability rules ask for.", "code_generation")
    size: Size = key("The number of parameters, where the name does not tell it.", "8B", "350M")
    context: Positive = key("The context length in tokens; goes before the provider's.", 8192, 128000)
    cost: Cost = key("US dollars per million tokens; without it LiteLLM's price list counts.")
    description: Text = key("A note.")


class Weighted(Strict):
    """A provider with its weight.

    One of the candidates of a rule.
    """

    provider: Name = key("The provider.", "ollama", required=True)
    weight: Number = key("How often it is picked, relative to the other candidates; all have a weight or none.", 0.7)


class Hop(Strict):
    """A hop.

    One step of a fallback chain: a provider, a model, or both.
    """

    needed = (("provider", "model", "primary", "secondary", "tertiary", "quaternary", "preferred_model"),)

    provider: Name = key("The provider that this hop goes to.", "ollama")
    primary: Name = key("The provider, in the words of a first hop; only the order of the list counts.", "vllm")
    secondary: Name = key("The provider, in the words of a second hop; only the order of the list counts.", "ollama")
    tertiary: Name = key("The provider, in the words of a third hop; only the order of the list counts.", "llama_cpp")
    quaternary: Name = key("The provider, in the words of a fourth hop.", instead="write `provider`, the order counts.")
    model: Name = key("The model that this hop goes to, in place of the requested one.", "qwen2.5-coder:7b")
    preferred_model: Name = key("A synonym of `model`.", "qwen2.5-coder:7b")
    on_error: ErrorKinds = key(
        "The kinds of errors that this hop takes; without it all but the last three.", ["rate_limit", "timeout"]
    )
    when: Condition = key("When this hop is taken: a synonym of `condition`.", "ollama_unavailable")
    condition: Condition = key(
        "When this hop is taken: any condition, or `always`.",
        'model_size >= "13B"',
        "ollama_unavailable",
        "always",
        details=_CONDITIONS,
    )
    description: Text = key("A note.")


_STICKY = words(
    user="the same user gets the same candidate",
    key="the same key gets the same candidate",
    session="the same session gets the same candidate",
)


class Rule(Strict):
    """A rule.

    Where requests go: `provider`, `providers`, `model`, `pass` or `refuse`.
    """

    hints = {
        "condition": "conditions stand in `request_metadata_routing`, which is tried before every other phase",
        "when": "conditions stand in `request_metadata_routing`, which is tried before every other phase",
        "strategy": "did you mean `routing_strategy`?",
        "load_balancing": "did you mean `routing_strategy`?",
        "fallbacks": "did you mean `fallback`?",
        "fallback_models": "did you mean `fallback`?",
        "models": "did you mean `model`?",
    }

    name: Name = key("The rule's name in answers, headers, logs and tests; without it phase and key are its name.")
    description: Text = key("Why the rule is there: a note that `explain` shows.")
    reason: Text = key("A synonym of `description`.")
    until: Date = key("The last day on which the rule is meant to stand.", "2026-12-31")
    overrides: Names = key("Names of rules whose overlap with this one is meant.", "size:< 8B")
    priority: Annotated[
        Any,
        words(primary="the first choice", secondary="the second choice", backup="what is left"),
    ] = key("A description, without effect: the order of rules is that of phases and lines.")
    provider: Candidates = key("The provider, or a list of them as in `providers`.", "ollama", ["ollama", "vllm"])
    providers: Candidates = key(
        "The candidates in their order: names, or mappings with `provider` and `weight`.", ["ollama", "vllm"]
    )
    model: Name = key("The model that replaces the requested one.", "llama3.1:8b")
    substitute: Boolean = key(
        "Whether the provider's `default_model` may stand in for a model that it cannot serve.", default=False
    )
    routing_strategy: Strategy = key("How one of several candidates is picked.")
    sticky: Annotated[Any, _STICKY] = key("With weights: who gets the same candidate every time.")
    prefer_warm: Boolean = key("Whether providers that answered lately are picked first.", default=False)
    pass_: True_ = Field(default=None, alias="pass", description="LiteLLM does what it would do without rulec.")
    refuse: Text = key("The request is refused with this text.", "not offered here")
    status: Status = key("The status of a refusal; 400 where there is none.", 403, 429)
    fallback: Hops = key(
        "What is tried after the candidates: a provider, a hop, or a list of hops; `none` for nothing.", "ollama"
    )
    fallback_chain: ChainName = key("The name of a chain of `fallback_chains`; `none` for nothing.", "default")


_TARGETS = ("provider", "providers", "model", "pass", "refuse")


class DefaultRule(Rule):
    """A rule.

    What happens to requests that no other rule takes.
    """

    needed = (_TARGETS,)


class ExactRule(Rule):
    """An exact rule.

    Where requests for one model go.
    """


class PatternRule(Rule):
    """A pattern rule.

    Where requests for models go whose names a regular expression finds.
    """

    needed = (_TARGETS,)

    pattern: SomeNames = key(
        "A regular expression of RE2's dialect that is searched in the model's name, or a list of them.",
        "^meta-llama/.*",
        "\\.gguf$",
        required=True,
    )


class CapabilityRule(Rule):
    """A capability rule.

    Where requests for a capability go; the capability chooses the model.
    """

    refused = ("substitute",)

    preferred_models: Names = key(
        "The models in their order; without it those of the catalogue that have this capability.", "qwen2.5-coder:7b"
    )
    min_model_size: Size = key("The fewest parameters that a candidate may have.", "13B")
    min_context: Positive = key("The shortest context length that a candidate may have.", 8192)


class SizeRule(Rule):
    """A size rule.

    Where requests for models of a size go.
    """

    needed = (_TARGETS,)

    size: Tier = key("The sizes: `< 8B`, `<= 8B`, `8B - 13B`, `> 13B` or `>= 13B`.", "< 8B", "8B - 13B", required=True)


class WhenRule(Rule):
    """A metadata rule.

    Where requests go that meet a condition; tried before all other rules.
    """

    hints = {one: hint for one, hint in Rule.hints.items() if one not in ("condition", "when")}
    needed = (("condition", "when"), _TARGETS)

    condition: Condition = key(
        "What a request is asked: comparisons of its fields with `and`, `or` and `not`.",
        'header.x-priority == "high"',
        "batch_size > 1",
        details=_CONDITIONS,
    )
    when: Condition = key("A synonym of `condition`.", "stream")


class Complexity(Strict):
    """A complexity split.

    Two models, chosen by a score of the request.
    """

    simple: Name = key("The model for requests below the threshold.", "gpt-5-mini", required=True)
    complex: Name = key("The model for requests from the threshold on.", "gpt-5", required=True)
    threshold: Score = key("The score, 0 to 100, from which a request is complex; 50 where there is none.", 50)
    scored_by: Annotated[
        Any,
        words(
            rulec="the score of the section `complexity`",
            litellm="LiteLLM's own complexity router scores and chooses; it has no fallbacks",
        ),
    ] = key("Who scores; `rulec` where nobody is named.", "litellm")


class VirtualModel(Rule):
    """A virtual model.

    A name that exists only as an entry point.
    """

    refused = (*_TARGETS, "status", "substitute", "routing_strategy", "sticky", "prefer_warm")

    complexity: Complexity = key("The two models, and the score that parts them.", required=True)


class Redundant(Strict):
    """A redundant model.

    The candidates of the exact rule of that name.
    """

    providers: Candidates = key(
        "The providers, with their weights where some are to be picked more often.",
        [{"provider": "ollama", "weight": 0.7}, {"provider": "vllm", "weight": 0.3}],
        required=True,
    )
    routing_strategy: Strategy = key("How one of the candidates is picked.")
    sticky: Annotated[Any, _STICKY] = key("With weights: who gets the same candidate every time.")
    description: Text = key("A note.")


class Chain(Strict):
    """A fallback chain.

    What is tried, in this order, where the candidates of a rule have failed.
    """

    chain: Hops = key("The hops in their order.", [{"primary": "ollama"}, {"secondary": "vllm"}], required=True)
    description: Text = key("A note.")
    retry_attempts: Annotated[Any, whole(0, 10, WAITED)] = key("How often each hop is tried again.", 3, default=0)
    retry_delay_ms: Annotated[Any, whole(0, 60_000, WAITED)] = key("Milliseconds between two attempts.", 500, default=0)


class StrategySettings(Strict):
    """A strategy's settings.

    What a strategy measures, and who uses it.
    """

    description: Text = key("A note.")
    applicable_to: Names = key("Capabilities that use this strategy where they name none.", "low_latency", default=())
    weight_factors: WeightFactors = key(
        "How much each measure counts in `usage_based`.", [{"latency": 0.4}, {"success_rate": 0.4}, {"cost": 0.2}]
    )
    measure: Annotated[
        Any,
        words(time_to_first_token="the time to the first token", latency="the time to the whole answer"),
    ] = key("What `fastest_response` measures.")
    percentile: Percentage = key("The percentile of the measure that counts.", 95)
    refresh_every_requests: Positive = key("After how many requests the choice is made anew.", 100)
    reevaluate_seconds: Seconds = key("After how many seconds the choice is made anew.", 60)
    window_seconds: Seconds = key("How many seconds of measures count.", 300)
    signal: Name = key("The signal of `signals` that tells the utilisation.", "gpu")


class FirstRequest(Strict):
    """The first-request section.

    What happens before anything has been measured.
    """

    description: Text = key("A note.")
    strategy: Annotated[Any, words(prefer_warm_providers="providers that answered lately come first")] = key(
        "How the first request is routed.", required=True
    )
    warm_check_timeout_ms: Annotated[Any, whole(1, 60_000)] = key("Milliseconds to wait for the check whether one is warm.", default=100)


class RateLimited(Strict):
    """The rate-limit section.

    What happens to a provider that says that there were too many requests.
    """

    description: Text = key("A note.")
    enabled: Boolean = key("Whether the section holds.", default=True)
    fallback_duration_seconds: Seconds = key("For how many seconds the provider is passed over.", 60)


class ErrorBased(Strict):
    """The error-based section.

    What happens to a provider that fails again and again.
    """

    description: Text = key("A note.")
    enabled: Boolean = key("Whether the section holds.", default=True)
    error_threshold: Positive = key("How many errors are too many.", default=3)
    window_seconds: Seconds = key("Within how many seconds errors are counted.", 60)
    cooldown_seconds: Seconds = key("For how many seconds the provider is passed over.", 300)


class Signal(Strict):
    """A signal.

    A number from outside, fetched off the request path.
    """

    kind: Annotated[Any, words(utilization="how busy each deployment is, from 0 to 1")] = key(
        "What the number means.", required=True
    )
    url: Address = key(
        "Where it is fetched; `{id}` in it stands for the id of each deployment.",
        "https://metrics.example/gpu",
        required=True,
    )
    api_key: Text = key("The key for it, always a reference to the environment.", "${METRICS_KEY}")
    ttl_seconds: Annotated[Any, seconds(0.1)] = key("Seconds from one fetch to the next.", 30)
    timeout_seconds: Annotated[Any, seconds(0.01, 60)] = key("Seconds until a fetch is given up.", 5)
    path: Path = key(
        "A JMESPath expression that finds the figures where the answer has another shape.", "data.gpus[*].[name, load]"
    )
    id_key: Name = key("The key of `model_info` that holds a deployment's id in the answer; `chute_id` without it.", "gpu")
    description: Text = key("A note.")


class RequestSettings(Strict):
    """The request section.

    How requests are read.
    """

    capability_header: Name = key("The header that names the capability; `X-Capability` where there is none.", "X-Task")


class ScoreWeights(Strict):
    """The weights of a score.

    The points that a feature gives where there is much of it; the sum is kept from 0 to 100.
    """

    length: Score = key("For a long text; 25 where there is none.", 25)
    simple_words: Score = key("What simple words take away; 20 where there is none.", 20)
    complex_words: Score = key("For complex words; 60 where there is none.", 60)
    code_blocks: Score = key("For blocks of code; 20 where there is none.", 20)
    sentences: Score = key("For many sentences; 15 where there is none.", 15)
    history: Score = key("For a long conversation; 10 where there is none.", 10)


class ScoreMeasures(Strict):
    """The measures of a score.

    From how much on a feature gives all of its points; below, it gives its share.
    """

    length: Positive = key("Characters; 2000 where there is none.", 2000)
    simple_words: Positive = key("Different simple words; 2 where there is none.", 2)
    complex_words: Positive = key("Different complex words; 2 where there is none.", 2)
    code_blocks: Positive = key("Blocks of code; 2 where there is none.", 2)
    sentences: Positive = key("Sentences after the first; 10 where there is none.", 10)
    history: Positive = key("Messages before the one that is judged; 20 where there is none.", 20)


class Scoring(Strict):
    """The complexity section.

    How the field `complexity` and virtual models score a request.
    """

    description: Text = key("A note.")
    weights: ScoreWeights = key("The points that each feature gives.", {"length": 10, "complex_words": 80})
    full_at: ScoreMeasures = key("From how much on a feature gives all of its points.", {"complex_words": 4})
    simple_words: Words = key("The simple words, in place of those that rulec knows.", ["hi", "thanks"])
    add_simple_words: Words = key("Simple words besides.", ["hallo", "danke"])
    complex_words: Words = key("The complex words, in place of those that rulec knows.", ["theorem", "proof"])
    add_complex_words: Words = key("Complex words besides.", ["entwirf", "beweise"])


class LiteLLMSettings(Strict):
    """The litellm section.

    Settings of LiteLLM that go into the config as they are.
    """

    router_settings: Free = key("LiteLLM's `router_settings`.", {"timeout": 30})
    litellm_settings: Free = key("LiteLLM's `litellm_settings`.", {"drop_params": True})
    general_settings: Free = key("LiteLLM's `general_settings`.", {"master_key": "${LITELLM_MASTER_KEY}"})


class Document(Strict):
    """A rule file.

    Routing rules for a LiteLLM proxy. All files of a folder are one rule set.
    """

    version: Annotated[Any, Kind("whole", (1, 1), {"enum": [1]})] = key("The version of the rule language.")
    providers: dict[NotNone, Provider] = key("What serves models, by name.")
    models: dict[Name, Model | None] = key("The catalogue: the names that clients use.")
    exact_matches: dict[Name, ExactRule] = key("Rules for single models, by the name that the client sends.")
    patterns: list[PatternRule] = key("Rules for models whose names match, from top to bottom.")
    capabilities: dict[Name, CapabilityRule] = key("Rules for what a client needs, by capability.")
    redundant_models: dict[Name, Redundant] = key("Models that several providers serve, with weights.")
    model_size_routing: list[SizeRule] = key("Rules for sizes of models, from top to bottom.")
    request_metadata_routing: dict[Name, WhenRule] = key("Rules with a condition, by name; tried before all others.")
    virtual_models: dict[Name, VirtualModel] = key("Names that exist only as an entry point.")
    fallback_chains: dict[NotNone, Chain] = key("Chains by name; `default` is that of rules without one of their own.")
    load_balancing: dict[Strategy, StrategySettings] = key("Settings of strategies, by strategy.")
    first_request_routing: FirstRequest = key("What happens before anything has been measured.")
    rate_limited_fallback: RateLimited = key("What happens to a provider with too many requests.")
    error_based_routing: ErrorBased = key("What happens to a provider that fails again and again.")
    signals: dict[Name, Signal] = key("Numbers from outside, by name.")
    defaults: Defaults = key("Parameters that are filled in where the client gave none.", {"temperature": 0.7})
    request: RequestSettings = key("How requests are read.")
    complexity: Scoring = key("How the complexity of a request is scored.")
    default: Literal["pass"] | DefaultRule = key("What happens to requests that no rule takes: a rule, or `pass`.")
    litellm: LiteLLMSettings = key("Settings of LiteLLM that go into the config as they are.")
