"""What all engines can say: rule sets, requests for them, and what the answers must be.

A rule is a list of comparisons that must all hold. Each looks at one field of the request (`model`, `stream`, `max_tokens`
or a header) by `==`, `>=` or `like`, where `*` stands for any text and no other character is special. The first rule
whose comparisons hold names the provider; where there is none, it is the default.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.bench.workload import FAMILIES, KINDS, Sent, body, exact_name, fresh, unknown

PROVIDERS = tuple(f"p{number:02}" for number in range(16))
DEFAULT = "elsewhere"
HEADERS = {"x_tenant": "x-tenant", "x_priority": "x-priority", "x_region": "x-region"}
"""The headers that rules ask, by the names that every engine can read."""
PLAIN_HEADERS = {
    "host": "127.0.0.1:4000",
    "user-agent": "OpenAI/Python",
    "content-type": "application/json",
    "accept": "*/*",
}
POOL = 100
"""How many names that come again there are for each of: exact rules, patterns, no rule."""


class Glob(NamedTuple):
    """A name with one gap (`before*after`), or a text anywhere in it (`*inside*`)."""

    before: str
    inside: str
    after: str

    @property
    def expression(self) -> str:
        """The same as a regular expression that Python, JavaScript and Rust read alike."""
        if self.inside:
            return re.escape(self.inside)
        begin, end = f"^{re.escape(self.before)}", f"{re.escape(self.after)}$"
        return f"{begin}.*{end}" if self.before and self.after else begin if self.before else end

    def calls(self, begins: str, ends: str, holds: str, length: str) -> list[str]:
        """The same as function calls, for languages whose regular expressions are slow or absent."""
        if self.inside:
            return [holds.format(json.dumps(self.inside))]
        calls = [begins.format(json.dumps(self.before))] if self.before else []
        calls += [ends.format(json.dumps(self.after))] if self.after else []
        return [*calls, length.format(len(self.before) + len(self.after))] if len(calls) > 1 else calls


class Comparison(NamedTuple):
    field: str
    operator: str
    value: Any

    @property
    def glob(self) -> Glob:
        before, *between, after = self.value.split("*")
        return Glob(before, "".join(between), after)

    def holds(self, known: dict[str, Any]) -> bool:
        value: Any = known.get(self.field)
        if self.operator == "==":
            return bool(value == self.value)
        if self.operator == ">=":
            return bool(value >= self.value)
        before, inside, after = self.glob
        long_enough = len(value) >= len(before) + len(after)
        return bool(long_enough and value.startswith(before) and value.endswith(after) and inside in value)


class Rule(NamedTuple):
    kind: str
    comparisons: tuple[Comparison, ...]
    provider: str


@dataclass(frozen=True)
class Rules:
    """A rule set, and the names and headers that requests for it are made of."""

    rules: tuple[Rule, ...]
    exact: tuple[str, ...]
    shapes: tuple[str, ...]
    """For each pattern a format with one gap: filled with anything, it is a name that the pattern takes."""
    meeting: tuple[tuple[dict[str, str], dict[str, Any]], ...]
    """Headers, and fields of the body, that meet a condition."""

    @property
    def patterns(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.kind == "pattern")

    def expected(self, sent: Sent) -> str:
        """What every engine must answer, by the meaning of the rules alone."""
        known = facts(*sent)
        return next((rule.provider for rule in self.rules if all(one.holds(known) for one in rule.comparisons)), DEFAULT)

    def coming_again(self, seed: int = 1) -> Iterator[Sent]:
        """60 % exact names, 20 % for patterns, 20 % for none or only nearly for one, of a pool; a tenth meets a condition."""
        chosen = random.Random(seed)
        pools = [
            chosen.choices(self.exact, k=POOL),
            [chosen.choice(self.shapes).format(f"{number:x}") for number in range(POOL)],
            [unknown(chosen, number) if number % 2 else nearly(chosen.choice(self.shapes)) for number in range(POOL)],
        ]
        while True:
            yield self.request(chosen, chosen.choice(chosen.choices(pools, (6, 2, 2))[0]))

    def never_seen(self, seed: int = 2) -> Iterator[Sent]:
        """Names without end, no two alike: half of them for patterns, half for no rule; a tenth meets a condition."""
        chosen = random.Random(seed)
        for name in self.new_names(chosen):
            yield self.request(chosen, name)

    def names_only(self, seed: int, again: bool) -> Iterator[Sent]:
        """Half of the names for patterns, half for no rule, and nothing that a condition asks for."""
        chosen = random.Random(seed)
        names = self.new_names(chosen)
        pool = [next(names) for _ in range(POOL)]
        while True:
            yield fresh(body(chosen.choice(pool) if again else next(names))), fresh(PLAIN_HEADERS)

    def new_names(self, chosen: random.Random) -> Iterator[str]:
        number = POOL
        while True:
            number += 1
            yield chosen.choice(self.shapes).format(f"{number:x}") if number % 2 else unknown(chosen, number)

    def request(self, chosen: random.Random, name: str) -> Sent:
        """A whole request as it comes off the wire: every text an object of its own."""
        made, headers = body(name), dict(PLAIN_HEADERS)
        way = chosen.random()
        if way < 0.1:
            asked, fields = chosen.choice(self.meeting)
            headers |= asked
            made |= fields
        elif way < 0.3:
            headers |= {"x-tenant": f"t{chosen.randrange(50)}", "x-priority": chosen.choice(("low", "high"))}
        return fresh(made), fresh(headers)


def make_rules(count: int, seed: int = 0) -> Rules:
    """A rule set of `count` rules and a default: 10 % conditions, 60 % exact names, 30 % patterns."""
    chosen = random.Random(seed)
    conditions = [condition(number) for number in range(max(1, count // 10))]
    patterns = [pattern(chosen, number) for number in range(count * 3 // 10)]
    exact = [exact_name(chosen, number) for number in range(count - len(conditions) - len(patterns))]
    comparisons = [("condition", one) for one, _ in conditions]
    comparisons += [("exact", (Comparison("model", "==", name),)) for name in exact]
    comparisons += [("pattern", (Comparison("model", "like", text),)) for text, _ in patterns]
    rules = tuple(Rule(kind, one, PROVIDERS[number % len(PROVIDERS)]) for number, (kind, one) in enumerate(comparisons))
    return Rules(
        rules, tuple(exact), tuple(shape for _, shape in patterns), tuple(meeting for _, meeting in conditions)
    )


def condition(number: int) -> tuple[tuple[Comparison, ...], tuple[dict[str, str], dict[str, Any]]]:
    """Comparisons of headers, `max_tokens` and `stream`, and what meets them."""
    tenant = Comparison("x_tenant", "==", f"t{number}")
    met: dict[str, str] = {"x-tenant": f"t{number}"}
    if number % 3 == 0:
        return (tenant, Comparison("x_priority", "==", "high")), (met | {"x-priority": "high"}, {})
    if number % 3 == 1:
        return (tenant, Comparison("max_tokens", ">=", 4_096)), (met, {"max_tokens": 4_096})
    return (tenant, Comparison("x_region", "==", "eu"), Comparison("stream", "==", True)), (
        met | {"x-region": "eu"},
        {"stream": True},
    )


def pattern(chosen: random.Random, number: int) -> tuple[str, str]:
    """A pattern, and the shape of names that it takes. Of two prefixes that overlap the longer one stands first."""
    family, kind = FAMILIES[number // 5 % len(FAMILIES)], KINDS[number // 5 % len(KINDS)]
    group = number // 5
    return (
        (f"team{group}/{family}-*", f"team{group}/{family}-{{}}"),
        (f"*-{kind}{group}.gguf", f"{chosen.choice(FAMILIES)}-{{}}-{kind}{group}.gguf"),
        (f"*{kind}{group}x-{family}*", f"org/{{}}-{kind}{group}x-{family}-q4"),
        (f"{family}-v{group}-*-it", f"{family}-v{group}-{{}}-it"),
        (f"team{group}/*", f"team{group}/{chosen.choice(KINDS)}-{{}}"),
    )[number % 5]


def nearly(shape: str) -> str:
    """A name that is too short for a pattern, or begins with something else."""
    return shape.replace("-{}-", "-") if "-{}-" in shape else f"x{shape.format(1)}"


def facts(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """What the rules ask of a request, flat: most engines take their input like this. What is absent is left out."""
    known: dict[str, Any] = {field: headers[name] for field, name in HEADERS.items() if name in headers}
    return known | {"model": body["model"], "stream": body.get("stream", False), "max_tokens": body["max_tokens"]}
