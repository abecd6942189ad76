"""A loop over all rules by hand, on the request as it is: patterns compiled once, the first rule whose comparisons hold."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from typing import Any

from tests.bench.peers.engine import Engine, InProcess, Peer
from tests.bench.peers.rules import DEFAULT, HEADERS, Comparison, Rules
from tests.bench.workload import Sent

Predicate = Callable[[dict[str, Any], dict[str, str]], Any]


def build(rules: Rules) -> Engine:
    compiled = [([predicate(one) for one in rule.comparisons], rule.provider) for rule in rules.rules]

    def decide(sent: Sent) -> str:
        body, headers = sent
        for comparisons, provider in compiled:
            for holds in comparisons:
                if not holds(body, headers):
                    break
            else:
                return provider
        return DEFAULT

    return InProcess(decide, lambda *sent: sent)


def predicate(one: Comparison) -> Predicate:
    field, value = one.field, one.value
    if one.operator == "like":
        search = re.compile(one.glob.expression).search
        return lambda body, headers: search(body[field])
    if one.operator == ">=":
        return lambda body, headers: body[field] >= value
    if field in HEADERS:
        header = HEADERS[field]
        return lambda body, headers: headers.get(header) == value
    return lambda body, headers: body.get(field) == value


PEER = Peer("naive Python loop", "compiled predicates, in a loop", platform.python_version, build)
