"""Rule sets of a given number of rules, and requests for them, both the same ones every time.

60 % of the rules are exact names, 25 % patterns (a third of them infix), 10 % conditions over eight headers with `!=`,
`or` and numbers, 5 % capabilities, sizes and a default. A fifth of the requests name a model that no rule knows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PROVIDERS = ("ollama", "vllm", "llama_cpp", "together", "openai")
HEADERS = ("x-priority", "x-env", "x-tenant", "x-region", "x-tier", "x-budget", "x-attempt", "x-client")
FAMILIES = ("llama", "qwen", "mistral", "gemma", "phi", "deepseek", "command", "falcon", "yi", "granite")
KINDS = ("chat", "instruct", "coder", "vision", "math", "base")
SIZES = ("1b", "3b", "7b", "8b", "13b", "34b", "70b")
TIERS = ("< 3B", "3B - 7B", "8B - 13B", "> 13B")

Sent = tuple[dict[str, Any], dict[str, str]]
"""Body and headers."""


@dataclass(frozen=True)
class Workload:
    """A rule set as a document, and what requests of it may name."""

    document: dict[str, Any]
    exact: tuple[str, ...]
    matching: tuple[str, ...]
    """For each pattern a format with one gap: filled with anything, it is a name that the pattern takes."""

    def names(self, seed: int = 1) -> Iterator[str]:
        """Names without end, no two alike but the exact ones: 60 % exact, 20 % for patterns, 20 % for no rule."""
        chosen = random.Random(seed)
        number = 0
        while True:
            number += 1
            part = chosen.random()
            if part < 0.6:
                yield chosen.choice(self.exact)
            elif part < 0.8:
                yield chosen.choice(self.matching).format(f"{number:x}")
            else:
                yield unknown(chosen, number)

    def known_names(self, seed: int = 4) -> Iterator[str]:
        chosen = random.Random(seed)
        while True:
            yield chosen.choice(self.exact)

    def unknown_names(self, seed: int = 2) -> Iterator[str]:
        """Names that no memo has seen: half of them a pattern takes, half no rule."""
        chosen = random.Random(seed)
        number = 0
        while True:
            number += 1
            text = chosen.choice(self.matching).format(f"{number:x}") if number % 2 else unknown(chosen, number)
            yield text

    def requests(self, names: Iterator[str], count: int, seed: int = 3) -> list[Sent]:
        """Whole requests as they come off the wire: every text a new object, one in three with headers that rules ask."""
        chosen = random.Random(seed)
        return [(fresh(body(next(names))), fresh(headers(chosen))) for _ in range(count)]


def make_workload(rules: int, seed: int = 0) -> Workload:
    """A rule set of `rules` rules."""
    chosen = random.Random(seed)
    when, patterns = max(1, rules // 10), max(3, rules // 4)
    others = max(1, rules // 20)
    exact = [exact_name(chosen, number) for number in range(rules - when - patterns - others)]
    made = [pattern(chosen, number) for number in range(patterns)]
    document = {
        "version": 1,
        "providers": {
            name: {
                "litellm": f"{name}/{{model}}",
                "api_base": f"http://127.0.0.1:{8000 + number}/v1",
                "accepts": ".*",
                "default_model": f"{name}-default",
            }
            for number, name in enumerate(PROVIDERS)
        },
        "models": {name: {"served_by": list(PROVIDERS[:3])} for name in exact[: max(1, len(exact) // 10)]},
        "fallback_chains": {"default": {"chain": [{"primary": "vllm"}, {"secondary": "ollama"}]}},
        "request_metadata_routing": {
            f"when_{number}": {"provider": chosen.choice(PROVIDERS), "condition": condition(chosen, number)}
            for number in range(when)
        },
        "exact_matches": {name: exact_rule(chosen) for name in exact},
        "patterns": [{"pattern": text, "provider": chosen.choice(PROVIDERS)} for text, _ in made],
        "capabilities": {
            f"capability_{number}": {"preferred_models": exact[0], "provider": PROVIDERS[number % 3]}
            for number in range(max(0, others - 5))
        },
        "model_size_routing": [{"size": tier, "provider": chosen.choice(PROVIDERS)} for tier in TIERS[: max(0, others - 1)]],
        "default": {"provider": "ollama"},
    }
    return Workload(document, tuple(exact), tuple(shape for _, shape in made))


def exact_name(chosen: random.Random, number: int) -> str:
    return f"{chosen.choice(FAMILIES)}-{number}-{chosen.choice(KINDS)}:{chosen.choice(SIZES)}"


def exact_rule(chosen: random.Random) -> dict[str, Any]:
    rule: dict[str, Any] = {"provider": chosen.choice(PROVIDERS)}
    if chosen.random() < 0.2:
        rule = {"providers": chosen.sample(PROVIDERS, 2), "routing_strategy": "round_robin"}
    if chosen.random() < 0.2:
        rule["fallback"] = chosen.choice(PROVIDERS)
    return rule


def pattern(chosen: random.Random, number: int) -> tuple[str, str]:
    """A pattern and the shape of the names that it takes; every third one may stand anywhere in the name."""
    family, kind = chosen.choice(FAMILIES), chosen.choice(KINDS)
    shape = number % 6
    if shape == 0:
        return f"{kind}{number}x.*{family}", f"org/{{}}-{kind}{number}x-v2-{family}-q4"
    if shape == 3:
        return f"{kind}{number}x[0-9.]+-{family}", f"org/{{}}-{kind}{number}x2.5-{family}-q4"
    if shape == 1:
        return f"^team{number}/{family}", f"team{number}/{family}-{{}}"
    if shape == 2:
        return rf"-{kind}{number}\.gguf$", f"{family}-{{}}-{kind}{number}.gguf"
    if shape == 4:
        return rf"^{family}-{number}-[0-9a-f]+(-it)?$", f"{family}-{number}-{{}}-it"
    return rf"^{family}/(v[0-9]+|beta)/m{number}-", f"{family}/v3/m{number}-{{}}"


def unknown(chosen: random.Random, number: int) -> str:
    return f"{chosen.choice(FAMILIES)}_{chosen.choice(KINDS)}.{number:x}.{chosen.choice(SIZES)}"


def condition(chosen: random.Random, number: int) -> str:
    """A condition that few requests meet, over two to four headers."""
    first, second, third = chosen.sample(HEADERS[:5], 3)
    value = f'"{chosen.choice(KINDS)}{number % 97}"'
    shape = number % 5
    if shape == 0:
        return f'header.{first} == {value} and header.{second} != "off"'
    if shape == 1:
        return f'header.{first} == {value} or (header.{second} == "gold" and header.{third} == {value})'
    if shape == 2:
        return f"header.x-budget >= {1000 + number} and header.{first} != {value}"
    if shape == 3:
        return f'header.x-attempt > {100 + number % 50} and (header.{first} == {value} or header.{second} == "{number}")'
    return f'header.{first} == {value} and not (header.{second} == "off" or header.x-client == "batch") and not stream'


def body(name: str) -> dict[str, Any]:
    return {
        "model": name,
        "messages": [{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": f"What is {name}?"}],
        "temperature": 0.2,
        "max_tokens": 256,
    }


def headers(chosen: random.Random) -> dict[str, str]:
    sent = {"host": "127.0.0.1:4000", "user-agent": "OpenAI/Python", "content-type": "application/json", "accept": "*/*"}
    if chosen.random() < 1 / 3:
        for name in chosen.sample(HEADERS, 3):
            sent[name] = str(chosen.randrange(20)) if name in ("x-budget", "x-attempt") else chosen.choice(KINDS)
    return sent


def fresh(value: Any) -> Any:
    """A copy whose texts are objects of their own, with no hash yet, as a JSON parser makes them."""
    if isinstance(value, str):
        return (value + " ")[:-1]
    if isinstance(value, dict):
        return {fresh(key): fresh(one) for key, one in value.items()}
    return [fresh(one) for one in value] if isinstance(value, list) else value
