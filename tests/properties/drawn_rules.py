"""Whole rule sets over the entire vocabulary, valid by construction: what a rule names exists and can serve."""

from __future__ import annotations

from typing import Any

from drawing import Hand
from drawn_conditions import condition
from drawn_world import Entry, World, declare_chains, declare_models, declare_providers, fallback, one_or_all
from hypothesis import strategies as st
from words import CAPABILITIES, HEADERS, MODELS, PATTERNS, SIZES

from rulec.runtime.complexity import FULL_AT, WEIGHTS
from rulec.syntax.fields import STRATEGIES, STRATEGY_SYNONYMS

LITELLM_SPLITS = "gpt-auto:7b"
_ALL_STRATEGIES = (*STRATEGIES, *STRATEGY_SYNONYMS)
_EXACT_NAMES = (*MODELS, "gpt-4", "x-1.5b", "modelé-7b", "a" * 254 + "-7b", "a,b")


@st.composite
def rule_sets(draw: Any) -> Entry:
    """A rule set as a document that YAML can hold."""
    world = World(Hand(draw))
    declare_providers(world)
    declare_models(world)
    declare_chains(world)
    document: Entry = {"providers": world.providers, "models": world.models, "fallback_chains": world.chains}
    document["request_metadata_routing"] = metadata_rules(world)
    document["exact_matches"], document["redundant_models"], document["virtual_models"] = exact_rules(world)
    document["patterns"] = pattern_rules(world)
    document["capabilities"] = capability_rules(world)
    document["model_size_routing"] = size_rules(world)
    if world.hand.chance(60):
        document["default"] = "pass" if world.hand.chance(10) else rule(world, "default")
    document.update(settings(world, list(document["capabilities"])))
    if "least_utilized" in repr(document):
        document.setdefault("signals", SIGNALS)
    name_overrides(world, document)
    return {section: value for section, value in document.items() if value not in ({}, [])}


# Targets


def rule(world: World, phase: str, model: str | None = None) -> Entry:
    """A rule with any target; `model` is the only name that an exact rule meets."""
    hand = world.hand
    made: Entry = {}
    kind = hand.number(0, 19)
    if kind == 0:
        made["pass"] = True
    elif kind in (1, 2):
        made["refuse"] = hand.one(("not here", "1.0", "é {x} \\ \"'"))
        if hand.chance(50):
            made["status"] = hand.one((403, 429, 503))
    elif kind in (3, 4, 5) and world.served_models():
        made.update(model_target(world))
    else:
        made.update(provider_target(world, phase, model))
    routed = "pass" not in made and "refuse" not in made
    if routed:
        strategy(world, made)
        fallback(world, made)
    describe(world, made)
    return made


def model_target(world: World) -> Entry:
    hand = world.hand
    model = hand.one(world.served_models())
    if hand.chance(50):
        return {"model": model}
    serving = [one for one in world.providers if world.serves(one, model)]
    return {"model": model, **named_providers(world, hand.some(serving, 1, 3))} if serving else {"model": model}


def provider_target(world: World, phase: str, model: str | None) -> Entry:
    """Providers of which one at least can serve some request of the rule."""
    hand = world.hand
    providers = world.some_providers(1, 3)
    substitute = hand.chance(20)
    if not any(can_serve(world, one, phase, model) for one in providers):
        able = [one for one in world.providers if can_serve(world, one, phase, model)]
        if able and not substitute:
            providers = list(dict.fromkeys([hand.one(able), *providers[1:]]))
        else:
            substitute = True
    if substitute and not any("default_model" in world.providers[one] for one in providers):
        world.providers[providers[0]]["default_model"] = MODELS[0]
    made = named_providers(world, providers)
    return {**made, "substitute": True} if substitute else made


def can_serve(world: World, provider: str, phase: str, model: str | None) -> bool:
    if model is not None:
        return world.serves(provider, model)
    entry = world.providers[provider]
    return "accepts" in entry or (phase in ("when", "default") and "default_model" in entry)


def named_providers(world: World, names: list[str], weights: bool | None = None) -> Entry:
    """`provider:` or `providers:`, a name or a list of names or of names with weights."""
    hand = world.hand
    if weights if weights is not None else hand.chance(25):
        values: list[float] = [hand.one((1, 0.7, 0, 3, 2.5)) for _ in names]
        if not any(values):
            values[-1] = 1
        weighted = [{"provider": name, "weight": weight} for name, weight in zip(names, values, strict=True)]
        return {"providers": weighted}
    return {hand.one(("provider", "providers")): one_or_all(hand, names)}


def strategy(world: World, made: Entry) -> None:
    hand = world.hand
    providers = made.get("providers")
    weighted = isinstance(providers, list) and isinstance(providers[0], dict)
    if weighted:
        if hand.chance(30):
            made["routing_strategy"] = "weighted"
        if hand.chance(30):
            made["sticky"] = hand.one(("user", "key", "session"))
    elif hand.chance(30):
        made["routing_strategy"] = hand.one(_ALL_STRATEGIES)
        if made["routing_strategy"] == "weighted" and hand.chance(50):
            made["sticky"] = hand.one(("user", "key", "session"))
    if hand.chance(5):
        made["prefer_warm"] = True


def describe(world: World, made: Entry) -> None:
    hand = world.hand
    for key, value in (("description", "what it is for"), ("until", "2099-12-31"), ("priority", "backup"), ("reason", "why")):
        if hand.chance(6):
            made[key] = value


# Phases


def metadata_rules(world: World) -> Entry:
    hand = world.hand
    rules = {}
    for number in range(hand.number(0, 5)):
        text = condition(hand, list(world.providers))
        rules[world.new_name(f"when_{number}")] = {**rule(world, "when"), hand.one(("condition", "when")): text}
    return rules


def exact_rules(world: World) -> tuple[Entry, Entry, Entry]:
    """Exact rules, redundant models and virtual models; each name stands in one of them, or in the first two."""
    hand = world.hand
    exact: Entry = {}
    redundant: Entry = {}
    virtual: Entry = {}
    served = world.served_models()
    for model in hand.some(_EXACT_NAMES, 0, 5):
        name = world.new_name(f"exact:{model}")
        serving = [one for one in world.providers if world.serves(one, model)]
        kind = hand.number(0, 10)
        if kind in (0, 10) and served:
            virtual[model] = virtual_model(world, served)
        elif kind in (1, 2) and serving:
            providers = list(dict.fromkeys([hand.one(serving), *world.some_providers(0, 2)]))
            redundant[model] = redundant_model(world, providers)
            if hand.chance(50):
                exact[model] = {"provider": providers[0]} if hand.chance(50) else {}
                fallback(world, exact[model])
        else:
            exact[model] = rule(world, "exact", model)
        if model in exact and hand.chance(10):
            world.names.remove(name)
            exact[model]["name"] = world.new_name("named")
    if virtual and hand.chance(40):  # beside one that asks for the section `complexity`, which else is an error
        virtual[LITELLM_SPLITS] = native_model(world, served)
    return exact, redundant, virtual


def virtual_model(world: World, served: list[str]) -> Entry:
    hand = world.hand
    split: Entry = {"simple": hand.one(served), "complex": hand.one(served)}
    if hand.chance(50):
        split["threshold"] = hand.one((50, 0, 12.5, 1, 10, 20, 40.1))
    made: Entry = {"complexity": split}
    fallback(world, made)
    return made


def native_model(world: World, served: list[str]) -> Entry:
    """A virtual model that LiteLLM splits; its name is no model's, as no provider may serve it."""
    hand = world.hand
    split: Entry = {"simple": hand.one(served), "complex": hand.one(served), "scored_by": "litellm"}
    if hand.chance(50):
        split["threshold"] = hand.one((0, 35, 12.5, 92.5))
    return {"complexity": split, **hand.one(({}, {"fallback": "none"}, {"fallback": None}))}


def redundant_model(world: World, providers: list[str]) -> Entry:
    hand = world.hand
    weights = hand.chance(60)
    made = {"providers": next(iter(named_providers(world, providers, weights).values()))}
    if weights and hand.chance(40):
        made["sticky"] = hand.one(("user", "key", "session"))
    elif not weights and hand.chance(40):
        made["routing_strategy"] = hand.one(_ALL_STRATEGIES)
    return made


def pattern_rules(world: World) -> list[Entry]:
    hand = world.hand
    rules = []
    for number in range(hand.number(0, 4)):
        texts = hand.some(PATTERNS, 1, 2) if hand.chance(20) else [hand.one(PATTERNS)]
        made = {"pattern": one_or_all(hand, texts), **rule(world, "pattern")}
        rules.append(named(world, made, f"pattern:{texts[0]}", f"pattern_{number}"))
    return rules


def size_rules(world: World) -> list[Entry]:
    hand = world.hand
    rules = []
    for number in range(hand.number(0, 3)):
        made = {"size": tier(hand), **rule(world, "size")}
        rules.append(named(world, made, None, f"size_{number}"))
    return rules


def tier(hand: Hand) -> str:
    first, second = hand.some(("350M", "1.5B", "7B", "8B", "13B", "56B", "70B"), 2, 2)
    kind = hand.number(0, 5)
    if kind < 4:
        return hand.one(("{} {}", "{}{}")).format(("<", "<=", ">", ">=")[kind], first)
    order = ("350M", "1.5B", "7B", "8B", "13B", "56B", "70B")
    low, high = sorted((first, second), key=order.index)
    return hand.one(("{} - {}", "{}-{}")).format(low, low if hand.chance(10) else high)


def named(world: World, made: Entry, own: str | None, wanted: str) -> Entry:
    """The rule with a `name:` where its own text is taken, or now and then."""
    if own is None or own in world.names or world.hand.chance(15):
        made["name"] = world.new_name(wanted)
    else:
        world.names.append(own)
    return made


def capability_rules(world: World) -> Entry:
    hand = world.hand
    rules: Entry = {}
    for capability in hand.some(CAPABILITIES, 0, 3):
        made = capability_rule(world, capability)
        if made is not None:
            world.new_name(f"capability:{capability}")
            rules[capability] = made
    return rules


def capability_rule(world: World, capability: str) -> Entry | None:
    """A capability rule with a candidate at least, or one that passes or refuses."""
    hand = world.hand
    if hand.chance(10):
        return {"pass": True} if hand.chance(50) else {"refuse": "no"}
    made: Entry = {}
    models = [one for one in world.models if capability in world.models[one].get("capabilities", ())] or list(world.models)
    if hand.chance(50):
        models = hand.some(world.served_models(), 1, 3)
        if hand.chance(20):
            models = models[:1]
            made["model"] = models[0]
        else:
            made["preferred_models"] = one_or_all(hand, models)
    restricted = world.some_providers(1, 3) if hand.chance(40) else []
    explicit = "model" in made or "preferred_models" in made
    if restricted and explicit and not all(one in world.models or world.any_serves(restricted, one) for one in models):
        restricted = []
    places = world.places(models, restricted)
    if not places and restricted:
        restricted = []
        places = world.places(models, [])
    if not places:
        return None
    if restricted:
        made.update(named_providers(world, restricted))
    if hand.chance(30):
        size = hand.one(SIZES)
        if any(world.large_enough(model, size) for _, model in places):
            made["min_model_size"] = size
            places = [place for place in places if world.large_enough(place[1], size)]
    contexts = [context for context in (world.context(*place) for place in places) if context is not None]
    if contexts and hand.chance(30):
        made["min_context"] = hand.one((min(contexts), max(contexts)))
    strategy(world, made)
    fallback(world, made)
    return made


# Settings

SIGNALS = {
    "load": {
        "kind": "utilization",
        "url": "https://signals.invalid/{id}",
        "api_key": "${KEY}",
        "path": "gpus[*].[name, load]",
        "id_key": "gpu",
        "ttl_seconds": 30,
    }
}


def settings(world: World, capabilities: list[str]) -> Entry:
    hand = world.hand
    sections: Entry = {
        "version": 1,
        "x-anything": {"a": [1, None, "b"]},
        "load_balancing": {
            "usage_based": {"weight_factors": [{"latency": 0.4}, {"success_rate": 0.4}, {"cost": 0.2}]},
            hand.one(("fastest_response", "round_robin", "load_balance")): {"applicable_to": hand.some(capabilities, 0, 2)},
        },
        "first_request_routing": {"strategy": "prefer_warm_providers", "warm_check_timeout_ms": 100},
        "rate_limited_fallback": {"enabled": hand.chance(50), "fallback_duration_seconds": 60},
        "error_based_routing": {"enabled": hand.chance(50), "error_threshold": 3, "cooldown_seconds": 300},
        "signals": SIGNALS,
        "defaults": {"temperature": 0.7},
        "request": {"capability_header": hand.one(("X-Capability", *HEADERS))},
        "litellm": {"litellm_settings": {"drop_params": True}},
        "complexity": scoring(hand),
    }
    return {name: value for name, value in sections.items() if hand.chance(15)}


def scoring(hand: Hand) -> Entry:
    """How complexity is scored: so that scores fall on and beside what rules ask."""
    made: Entry = {}
    if hand.chance(70):
        made["weights"] = {name: hand.one((0, 1, 2.5, 10, 100)) for name in hand.some(WEIGHTS, 1, 3)}
    if hand.chance(50):
        made["full_at"] = {name: hand.one((1, 2, 3, 300)) for name in hand.some(FULL_AT, 1, 2)}
    for name in ("simple_words", "add_simple_words", "complex_words", "add_complex_words"):
        if hand.chance(30):
            made[name] = one_or_all(hand, hand.some(("abc", "high", "ünï", "PROVE", "xxxxxxxxx"), 1, 2))
    return made


def name_overrides(world: World, document: Entry) -> None:
    hand = world.hand
    if world.names and isinstance(document.get("default"), dict) and hand.chance(10):
        document["default"]["overrides"] = one_or_all(hand, hand.some(world.names, 1, 2))
