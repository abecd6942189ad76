"""A loop over all rules by hand: patterns compiled once, the first rule whose comparisons all hold."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from typing import Any

from tests.bench.peers.engine import Engine, InProcess, Peer
from tests.bench.peers.rules import DEFAULT, Comparison, Rules, facts


def build(rules: Rules) -> Engine:
    compiled = [([predicate(one) for one in rule.comparisons], rule.provider) for rule in rules.rules]

    def decide(known: dict[str, Any]) -> str:
        for comparisons, provider in compiled:
            for holds in comparisons:
                if not holds(known):
                    break
            else:
                return provider
        return DEFAULT

    return InProcess(decide, facts)


def predicate(one: Comparison) -> Callable[[dict[str, Any]], Any]:
    field, value = one.field, one.value
    if one.operator == "like":
        search = re.compile(one.glob.expression).search
        return lambda known: search(known[field])
    if one.operator == ">=":
        return lambda known: known[field] >= value
    return lambda known: known.get(field) == value


PEER = Peer("naive Python loop", "compiled predicates, in a loop", platform.python_version, build)
