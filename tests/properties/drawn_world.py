"""What exists in a drawn rule set: providers, models and chains, and who can serve what."""

from __future__ import annotations

import re
from typing import Any

from drawing import Hand
from drawn_conditions import condition, unavailable
from words import CAPABILITIES, CHAINS, MODELS, OTHER_NAMES, PATTERNS, PROVIDERS, SIZES, TEMPLATES

from rulec.runtime.sizes import is_regular_name, size_from_name
from rulec.syntax.fields import ERROR_KINDS
from rulec.syntax.literals import parse_size

Entry = dict[str, Any]
ORDINALS = ("primary", "secondary", "tertiary", "provider")
_UPSTREAMS = ("up-1", "meta-llama/Llama-2-13b-chat-hf", "renamed-7b")


class World:
    """What a rule set declares so far, so that rules stay valid."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.providers: dict[str, Entry] = {}
        self.models: dict[str, Entry] = {}
        self.chains: dict[str, Entry] = {}
        self.names: list[str] = ["default"]

    def accepts(self, provider: str, model: str) -> bool:
        accepted = listed(self.providers[provider].get("accepts", []))
        return is_regular_name(model) and any(re.search(one, model, re.ASCII) for one in accepted)

    def serves(self, provider: str, model: str) -> bool:
        served = self.models.get(model, {}).get("served_by")
        return provider in listed(served or []) or provider in served_names(served) or self.accepts(provider, model)

    def any_serves(self, providers: list[str], model: str) -> bool:
        return any(self.serves(one, model) for one in providers)

    def servers(self, model: str) -> list[str]:
        served = self.models.get(model, {}).get("served_by")
        return served_names(served) if served is not None else [one for one in self.providers if self.accepts(one, model)]

    def served_models(self) -> list[str]:
        """Catalogue models and a few other names that somebody serves."""
        return [one for one in (*self.models, "gpt-4o-mini", "x-1.5b") if self.servers(one)]

    def places(self, models: list[str], providers: list[str]) -> list[tuple[str, str]]:
        """The candidates of a capability rule as (provider, model)."""
        return [
            (provider, model)
            for model in models
            for provider in (providers or self.servers(model))
            if self.serves(provider, model)
        ]

    def large_enough(self, model: str, size: str) -> bool:
        own = self.models.get(model, {}).get("size")
        known = parse_size(own) if own is not None else size_from_name(model)
        wanted = parse_size(size)
        return known is not None and wanted is not None and known >= wanted

    def context(self, provider: str, model: str) -> int | None:
        found: int | None = self.models.get(model, {}).get("context", self.providers[provider].get("context"))
        return found

    def some_providers(self, low: int, high: int) -> list[str]:
        return self.hand.some(tuple(self.providers), low, high)

    def new_name(self, wanted: str) -> str:
        while wanted in self.names:
            wanted += "_"
        self.names.append(wanted)
        return wanted


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def served_names(served: Any) -> list[str]:
    """The providers of a `served_by`, whichever way it is written."""
    if isinstance(served, dict):
        return list(served)
    return [name for one in listed(served or []) for name in (one if isinstance(one, dict) else [one])]


def one_or_all(hand: Hand, items: list[Any]) -> Any:
    return items[0] if len(items) == 1 and hand.chance(70) else items


def declare_providers(world: World) -> None:
    hand = world.hand
    for name in hand.some(PROVIDERS, 1, 4):
        entry: Entry = {"litellm": hand.one(TEMPLATES)}
        if hand.chance(65):
            entry["accepts"] = one_or_all(hand, hand.some(PATTERNS, 1, 2))
        if hand.chance(50):
            entry["default_model"] = hand.one((*MODELS, *OTHER_NAMES[:6], "up-1"))
        if hand.chance(30):
            entry["context"] = hand.one((4096, 8192, 1))
        if hand.chance(10):
            entry["region"] = "eu"
        if hand.chance(30):
            entry["api_base"] = hand.one(("http://127.0.0.1:8001/v1", "${BASE}", "${BASE:-http://127.0.0.1:8001}"))
        if hand.chance(10):
            entry["api_key"] = hand.one(("${SOME_KEY}", "{some_key}"))
        if hand.chance(25):
            entry.update(tuning(hand))
        world.providers[name] = entry


def declare_models(world: World) -> None:
    hand = world.hand
    for name in hand.some(MODELS, 1, 6):
        entry: Entry = {}
        if not world.models or hand.chance(80):
            entry["served_by"] = served_by(hand, world.some_providers(1, 3))
        if hand.chance(30):
            entry["size"] = hand.one(SIZES)
        if hand.chance(30):
            entry["context"] = hand.one((4096, 8192, 2))
        if hand.chance(50):
            entry["capabilities"] = one_or_all(hand, hand.some(CAPABILITIES, 1, 2))
        if hand.chance(10):
            entry["cost"] = {"input": 0.2, "output": 0.6}
        if hand.chance(25):
            entry.update(tuning(hand))
        world.models[name] = entry


def served_by(hand: Hand, names: list[str]) -> Any:
    kind = hand.number(0, 3)
    if kind == 0:
        return one_or_all(hand, list(names))
    renamed = {name: hand.one(_UPSTREAMS) for name in names}
    if kind == 3:
        return {
            name: {**({"model": renamed[name]} if hand.chance(60) else {}), **(tuning(hand) if hand.chance(90) else {})}
            for name in names
        }
    return renamed if kind == 1 else [{name: renamed[name]} if hand.chance(50) else name for name in names]


_TUNED: Entry = {
    "weight": (0, 1, 2.5, 10),
    "priority": (0, 1, 2, 1000),
    "num_retries": (0, 1, 3),
    "retry_after": (0, 2),
    "rpm": (600,),
    "tpm": (100000,),
    "timeout": (30, 0.5),
    "cooldown": (0, 60),
    "cache_ttl": (0, 300),
    "litellm_params": ({"drop_params": True}, {"extra_headers": {"x-a": "b"}}),
    "model_info": ({"chute_id": "one"}, {"mode": "chat"}),
}


def tuning(hand: Hand) -> Entry:
    """What may be said of a provider, a model or a deployment."""
    return {key: hand.one(_TUNED[key]) for key in hand.some(tuple(_TUNED), 1, 3)}


def declare_chains(world: World) -> None:
    hand = world.hand
    for name in hand.some(CHAINS, 0, 3):
        entry: Entry = {"chain": [hop(world, ORDINALS[min(number, 3)]) for number in range(hand.number(1, 4))]}
        if hand.chance(30):
            entry.update({"retry_attempts": hand.number(0, 3), "retry_delay_ms": 500})
        world.chains[name] = entry


def hop(world: World, ordinal: str = "provider") -> Entry:
    hand = world.hand
    made: Entry = {}
    served = world.served_models()
    model = hand.one(served) if served and hand.chance(35) else None
    if model is None or hand.chance(50):
        name = hand.one(tuple(world.providers))
        if model is None or model in world.models or world.serves(name, model):
            made[ordinal] = name
    if model is not None:
        made[hand.one(("model", "preferred_model"))] = model
    if hand.chance(35):
        made["on_error"] = one_or_all(hand, hand.some(ERROR_KINDS, 1, 3))
    if hand.chance(40):
        providers = list(world.providers)
        text = waiting(hand, providers) if hand.chance(40) else condition(hand, providers)
        made[hand.one(("when", "condition"))] = text
    return made


def waiting(hand: Hand, providers: list[str]) -> str:
    """A condition whose answer waits for providers to fail."""
    word = hand.one((" and ", " or ", " and not "))
    return word.join(unavailable(hand, providers) for _ in range(hand.number(1, 3)))


def fallback(world: World, made: Entry) -> None:
    """Any spelling of a fallback, or none, which inherits."""
    hand = world.hand
    kind = hand.number(0, 11)
    if kind in (4, 5):
        made["fallback"] = None if kind == 4 else "none"
    elif kind == 6:
        made["fallback"] = hand.one(tuple(world.providers))
    elif kind == 7:
        made["fallback"] = hop(world)
    elif kind in (8, 9):
        made["fallback"] = [hop(world) for _ in range(hand.number(1, 3))]
    elif kind == 10 and world.chains:
        made["fallback_chain"] = hand.one(tuple(world.chains))
    elif kind == 11:
        made["fallback_chain"] = hand.one((None, "none"))
