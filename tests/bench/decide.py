"""`decide()` on whole requests, against what no router can do without: one `dict.get` and one compiled match.

Known names have been asked for before, all of them; names never seen are found in no memory, ever. Hostile names are 256
characters long, no two alike, and made of the literals of the rules' own patterns, so that each leads to many of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from rulec.backends.python import generate_module
from rulec.runtime.index import LiteralIndex
from rulec.selfcheck.emitted import load_module
from tests.bench.compiling import compiled, text_of
from tests.bench.measure import Figure, Line, Note, alternately, no_garbage_collection, per_call, seconds
from tests.bench.workload import Sent, Workload, make_workload

SIZES = (100, 10_000, 100_000)
LONGEST_NAME = 256
_FLOOR_PATTERN = re.compile(r"(?:llama|qwen)-[0-9]+-[a-z]+:7b")


def lines(quick: bool) -> Iterator[Line | Note]:
    known = {}
    for rules in SIZES[:1] if quick else SIZES:
        known[rules], found = of_size(rules, 500 if quick else 4_000, 5 if quick else 15)
        yield from found
    if not quick:
        yield growth(known[SIZES[0]], known[SIZES[-1]])


def of_size(rules: int, requests: int, rounds: int) -> tuple[tuple[Figure, Figure], list[Line]]:
    """What a known name costs by `decide` and by a bare dictionary, and all lines for so many rules."""
    workload = make_workload(rules)
    with no_garbage_collection():
        module = load_module(generate_module(compiled(text_of(workload)).tree).text)
    decide, index = module["decide"], module["ENGINE"].pattern_index
    for name in workload.exact:
        decide({"model": name}, {})
    for name in islice(workload.unknown_names(seed=6), 3 * len(workload.matching)):
        decide({"model": name}, {})  # a proxy runs for days: matchers are made, and automata learn their states once
    measured: list[Callable[[], float]] = []
    for names in (workload.known_names(), workload.names(), workload.unknown_names(), hostile_names(workload, index)):
        measured += [routed(decide, workload, names, requests), floor(workload, names, requests)]
    measured.append(bare(workload, workload.known_names(), requests))
    figures = alternately(rounds, *measured)
    found = [
        Line(f"decide, {rules:,} rules, {what}", figures[at], "a get and a match", figures[at + 1])
        for at, what in ((0, "known names"), (2, "mixed names"), (4, "names never seen"))
    ]
    hostile = Line(f"decide, {rules:,} rules, hostile names", figures[6], "a name never seen", figures[4])
    return (figures[0], figures[8]), [*found, hostile]


def growth(few: tuple[Figure, Figure], many: tuple[Figure, Figure]) -> Note:
    """How much more a known name costs among the most rules than among the fewest."""
    told = []
    for what, one, other in zip(("decide", "a bare dictionary"), few, many, strict=True):
        told.append(f"{what} {other.middle / one.middle:.2f} × (+{seconds(max(other.middle - one.middle, 0))})")
    return Note(f"growth, {SIZES[0]:,} to {SIZES[-1]:,} rules", "; ".join(told))


def hostile_names(workload: Workload, index: LiteralIndex, seed: int = 5) -> Iterator[str]:
    """Names that hold a prefix, a suffix and between them as many literals of patterns as there is room for.

    The second literal of each stands in front of it, if the name does not hold it yet.
    """
    chosen = random.Random(seed)
    prefixes, suffixes = list(index.prefixes), list(index.suffixes)
    literals = [pair for words in index.words.values() for found in words.values() for *pair, _ in found]
    for number, first in enumerate(iter(lambda: chosen.choice(prefixes), None)):
        name, last = f"{first}{number:x}", chosen.choice(suffixes)
        while True:
            literal, second = chosen.choice(literals)
            following = literal if second in name else second + literal
            if len(name) + len(following) + len(last) > LONGEST_NAME:
                break
            name += following
        yield (name + "-" * LONGEST_NAME)[: LONGEST_NAME - len(last)] + last


def routed(decide: Callable[..., Any], workload: Workload, names: Any, count: int) -> Callable[[], float]:
    def measure() -> float:
        sent = workload.requests(names, count)
        return per_call(lambda one: decide(one[0], one[1], key="ada", team="search", endpoint="chat"), sent)

    return measure


def floor(workload: Workload, names: Any, count: int) -> Callable[[], float]:
    table = {name: number for number, name in enumerate(workload.exact)}

    def look_up(one: Sent) -> Any:
        name = one[0]["model"]
        return table.get(name), _FLOOR_PATTERN.match(name)

    return lambda: per_call(look_up, workload.requests(names, count))


def bare(workload: Workload, names: Any, count: int) -> Callable[[], float]:
    table = {name: number for number, name in enumerate(workload.exact)}
    return lambda: per_call(lambda one: table.get(one[0]["model"]), workload.requests(names, count))
