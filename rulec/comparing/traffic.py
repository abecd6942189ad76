"""Whom a change concerns: the requests of a log through both rule sets, counted by where they go."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rulec.analysis.asked import Asked
from rulec.analysis.compared.grades import GRADES, Grade, grade_of
from rulec.commands.requests import BadRequest, describe
from rulec.comparing.logs import logged
from rulec.comparing.words import providers
from rulec.diagnostics import printable
from rulec.ir.tables import decision_tables
from rulec.ir.tree import Tree
from rulec.policy.model import Policy
from rulec.runtime.engine import Engine
from rulec.runtime.records import Decision

MOST_MOVES = 1_000
MOST_JUDGED = 4_096
MOST_SHOWN = 5
_TEXTS = ("images", "messages", "prompt_chars", "estimated_tokens", "complexity", "batch_size")
_PARAMETERS = ("stream", "tools", "max_tokens", "temperature", "n")


class Traffic:
    """The requests of a log, counted."""

    def __init__(self) -> None:
        self.requests = 0
        self.grades: Counter[Grade] = Counter()
        self.moves: Counter[tuple[str, str]] = Counter()
        self.untold: Counter[str] = Counter()
        self.broken = 0
        self.first_broken = ""

    def share(self, count: int) -> str:
        """A count with its share of all requests."""
        percent = 100 * count / self.requests
        shown = f"{percent:.1f}" if percent >= 0.1 or not count else f"{percent:.2g}"
        return f"{count:,} ({shown} %)"

    def sentences(self) -> list[str]:
        """What people are told of it."""
        if not self.requests:
            found = ["the log holds no request that can be read"]
        else:
            found = [f"of {self.requests:,} logged {'request' if self.requests == 1 else 'requests'}, {self._moving()}"]
        for field, count in self.untold.most_common():
            of = "1 request" if count == 1 else f"{count:,} requests"
            found.append(f"the log does not tell `{field}` of {of}: rules that ask for it saw none")
        if self.broken:
            lines = "1 entry was" if self.broken == 1 else f"{self.broken:,} entries were"
            found.append(f"{lines} left out, the first at {self.first_broken}")
        return found

    def _moving(self) -> str:
        parts = [
            f"{self.share(count)} {'moves' if count == 1 else 'move'} from {old} to {new}"
            for (old, new), count in self.moves.most_common(MOST_SHOWN)
        ]
        rest = self.grades["target"] - sum(count for _, count in self.moves.most_common(MOST_SHOWN))
        parts += [f"{self.share(rest)} {'moves' if rest == 1 else 'move'} otherwise"] if rest else []
        for grade in GRADES[1:]:
            count = self.grades[grade]
            parts += [f"{self.share(count)} {'differs' if count == 1 else 'differ'} in {grade} only"] if count else []
        return ", ".join(parts) or "none is decided differently"

    def to_object(self) -> dict[str, Any]:
        """The same for the json format."""
        return {
            "requests": self.requests,
            "grades": {grade: self.grades[grade] for grade in GRADES},
            "moves": [{"from": old, "to": new, "requests": count} for (old, new), count in self.moves.most_common()],
            "untold": dict(self.untold),
            "broken": self.broken,
        }


def weigh(path: str, old: Tree, new: Tree) -> Traffic:
    """The requests of a log through both rule sets; raises logs.Unreadable."""
    both = _Both(old, new)
    found = Traffic()
    kinds: Counter[frozenset[str]] = Counter()
    for place, item in logged(path, bool(both.asked.times)):
        try:
            if isinstance(item, str):
                raise BadRequest(item)
            grade, *move = both.decided(item.options)
        except BadRequest as problem:
            found.broken += 1
            found.first_broken = found.first_broken or f"{place}: {printable(str(problem))}"
            continue
        found.requests += item.count
        kinds[item.known] += item.count
        if grade is not None:
            found.grades[grade] += item.count
        if grade == "target" and ((move[0], move[1]) in found.moves or len(found.moves) < MOST_MOVES):
            found.moves[move[0], move[1]] += item.count
    for field in (_shown(*key) for key in both.asked.fields):
        untold = sum(count for known, count in kinds.items() if not _is_told(field, known))
        found.untold.update({field: untold} if untold else {})
    return found


Judged = tuple["Grade | None", str, str]
"""How much two decisions differ, and the providers of both."""


class _Both:
    """Both rule sets at work."""

    def __init__(self, old: Tree, new: Tree) -> None:
        self.policies = old.policy, new.policy
        self.asked = Asked(self.policies)
        self.engines = [Engine(decision_tables(tree, tree.policy.fingerprint())) for tree in (old, new)]
        self.one_header = old.policy.capability_header == new.policy.capability_header
        self.waiting = [_waiting(policy) for policy in self.policies]
        self.judged: dict[tuple[int, int], tuple[Decision, Decision, Judged]] = {}

    def decided(self, options: dict[str, Any]) -> Judged:
        """What both do with a described request; raises BadRequest."""
        first = describe(options, self.policies[0].capability_header)
        second = first if self.one_header else describe(options, self.policies[1].capability_header)
        old, new = (
            engine.decide(one.body, one.headers, one.caller)
            for engine, one in zip(self.engines, (first, second), strict=True)
        )
        known = self.judged.get((id(old), id(new)))  # engines keep the decisions that do not depend on the request
        if known is None:
            if len(self.judged) >= MOST_JUDGED:
                self.judged.clear()
            asked = [*self.waiting[0].get(old.rule or "", ()), *self.waiting[1].get(new.rule or "", ())]
            known = self.judged[id(old), id(new)] = (old, new, (grade_of(old, new, asked), providers(old), providers(new)))
        return known[2]


def _waiting(policy: Policy) -> dict[str, list[str]]:
    """For each rule the providers whose failure the conditions of its hops ask about."""
    return {
        rule.name: [one.text for hop in rule.chain.hops if hop.when is not None for one in hop.when.providers]
        for rule in policy.rules
    }


def _shown(name: str, argument: str | None) -> str:
    return name if argument is None else f"{name}.{argument}"


def _is_told(field: str, known: frozenset[str]) -> bool:
    """Whether a log that tells this much tells a field."""
    name, _, argument = field.partition(".")
    if name in ("header", "capability"):
        headers = "headers" in known or ("x-headers" in known and argument.startswith("x-"))
        return headers if name == "header" else "headers" in known or {"x-headers", "metadata"} <= known
    need = "metadata" if name == "metadata" else "text" if name in _TEXTS else "parameters" if name in _PARAMETERS else ""
    return not need or need in known
