"""Other engines with the same rules and requests, side by side with the module that rulec generates."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.bench.measure import Note, seconds
from tests.bench.peers import cedar, cel, litellm_patterns, naive, portkey, rulec_module, ruleengine, zen
from tests.bench.peers.engine import Missing, Peer
from tests.bench.peers.measuring import QUICK, WHOLE, Built, Effort, measured, overheads
from tests.bench.peers.results import PATH, Result, Run
from tests.bench.peers.rules import Rules, make_rules
from tests.bench.workload import Sent

OURS, NAIVE, LITELLM = rulec_module.PEER, naive.PEER, litellm_patterns.PEER
PEERS = (OURS, NAIVE, zen.PEER, portkey.PEER, cel.PEER, cedar.PEER, ruleengine.PEER)

AGAIN, NEVER = "names that come again", "names never seen"
REQUESTS: dict[str, Callable[[Rules], Iterator[Sent]]] = {AGAIN: Rules.coming_again, NEVER: Rules.never_seen}
PATTERNS: dict[str, Callable[[Rules], Iterator[Sent]]] = {
    f"{AGAIN}, patterns only": lambda rules: rules.names_only(3, again=True),
    f"{NEVER}, patterns only": lambda rules: rules.names_only(4, again=False),
}
"""Requests that LiteLLM's router can answer: names that only patterns take, or no rule."""
SIZES = (10, 100, 1_000)
LARGE = 10_000
"""A size for the naive loop and LiteLLM's router; the others are not measured at it."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    result: Result
    ours: Result

    def cells(self) -> tuple[str, str, str]:
        one = self.result
        factor = f"{one.figure.middle / self.ours.figure.middle:,.2f} × rulec, " if one is not self.ours else ""
        rest = f"p99 {seconds(one.figure.p99)}, {one.calls:,} calls, built in {seconds(one.build)}, {one.wrong} of {one.checked:,} wrong"
        return f"  {one.engine}", one.figure.text, factor + rest


def lines(quick: bool) -> Iterator[Row | Note]:
    run, effort = Run.begun(), QUICK if quick else WHOLE
    present: list[Peer] = []
    for peer in (*PEERS, LITELLM):
        try:
            peer.build(make_rules(SIZES[0]))  # also imports it, so that no later build is blamed for that
        except (Missing, ModuleNotFoundError) as error:
            yield Note(f"{peer.name} is skipped", f"{error}; see `make bench-peers`")
        else:
            present.append(peer)
            run.versions[peer.name], run.forms[peer.name] = peer.version(), peer.form
            yield Note(f"{peer.name} {peer.version()}", peer.form)
    if os.getloadavg()[0] > (os.cpu_count() or 1):
        yield Note("the machine is busy", "long calls are interrupted more often than short ones: the factors flatter rulec")
    run.empty, run.preparing = overheads(make_rules(SIZES[0]))
    yield Note("in every figure: the clock", seconds(run.empty))
    yield Note("not timed: making an engine's input", seconds(run.preparing))
    sizes = SIZES[:2] if quick else (*SIZES, LARGE)
    for size in sizes:
        rules = make_rules(size)
        engines = [built(one, rules) for one in present if size != LARGE or one in (OURS, NAIVE, LITELLM)]
        yield from of_size(rules, engines, effort, run)
    yield from comparisons(run, sizes[-1])
    if not quick:
        run.write(PATH)
    if run.wrong:
        raise SystemExit(f"{run.wrong} answers are wrong: an adapter is broken, and no figure counts")


def of_size(rules: Rules, engines: list[Built], effort: Effort, run: Run) -> Iterator[Row | Note]:
    everything = [one for one in engines if one.peer is not LITELLM]
    patterns = [one for one in engines if one.peer in (OURS, LITELLM)]
    for asked, requests in ((everything, REQUESTS), (patterns, PATTERNS)):
        for name, make in requests.items():
            results = measured(asked, rules, name, make, effort)
            run.results += results
            yield Note(f"{len(rules.rules):,} rules, {name}", "")
            yield from (Row(one, results[0]) for one in results)


def comparisons(run: Run, large: int) -> Iterator[Note]:
    """How many times rulec is as fast, warm and cold, as what its users could take instead."""
    for requests, patterns in zip(REQUESTS, PATTERNS, strict=True):
        asked = [(name, 100, requests) for name in (*run.fastest(100, requests, (OURS.name, NAIVE.name)), NAIVE.name)]
        for name, size, kind in (*asked, (NAIVE.name, large, requests), (LITELLM.name, large, patterns)):
            if run.times(name, size, kind):
                yield Note(f"against {name}, {size:,} rules", f"{run.times(name, size, kind)} times as fast, {kind}")


def built(peer: Peer, rules: Rules) -> Built:
    begin = time.perf_counter()
    engine = peer.build(rules)
    return Built(peer, engine, time.perf_counter() - begin)
