"""`python -m tests.bench.peers.publish`: the last whole run becomes docs/peers.json, the plot, and tables of docs/performance.md.

With `--again` they are made of the docs/peers.json that is there, where only their form has changed.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from tests.bench.measure import seconds
from tests.bench.peers import AGAIN, LARGE, LITELLM, NAIVE, NEVER, OURS, PATTERNS, PEERS, SIZES
from tests.bench.peers.plot import plot
from tests.bench.peers.results import PATH, Run

DOCS = Path(__file__).parents[3] / "docs"
PUBLISHED = DOCS / "peers.json"
PLOT = DOCS / "peers.svg"
PAGE = DOCS / "performance.md"
BEGIN, END = "<!-- from peers.json, by python -m tests.bench.peers.publish -->\n", "<!-- until here -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers.publish", description=__doc__)
    parser.add_argument("--again", action="store_true", help="only make the plot and the tables anew")
    if not parser.parse_args().again:
        shutil.copyfile(PATH, PUBLISHED)
    run = Run.read(PUBLISHED)
    PLOT.write_text(drawn(run), encoding="utf-8")
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), run), encoding="utf-8")


def drawn(run: Run) -> str:
    return plot(run, names(run), {AGAIN: f"{AGAIN} (memo warm)", NEVER: f"{NEVER} (no memo)"}, SIZES)


def with_tables(page: str, run: Run) -> str:
    """The page with the figures of this run between the marks."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "\n" + "\n\n".join(paragraphs(run)) + "\n\n" + END + rest.partition(END)[2]


def names(run: Run) -> list[str]:
    return [one.name for one in PEERS if one.name in run.versions]


def paragraphs(run: Run) -> list[str]:
    checked, size = sum(one.checked for one in run.results), SIZES[-1]
    return [
        f"* {summary(run, AGAIN, 'memo warm')}\n* {summary(run, NEVER, 'no memo')}",
        f"{run.date}; {run.machine} at the beginning, {run.load_after} at the end. {checked:,} answers were compared "
        f"with what the rules mean: {run.wrong} disagreements. Each cell: the median (the quartiles), the 99th percentile. "
        f"The clock's own {seconds(run.empty)} are in every figure; making an engine's input of a request, "
        f"{seconds(run.preparing)}, is not in theirs.",
        f"**{AGAIN.capitalize()}**: rulec's memo is warm.",
        by_size(run, AGAIN),
        f"**{NEVER.capitalize()}**: nothing is in rulec's memo.",
        by_size(run, NEVER),
        f"**{LARGE:,} rules**, and names that only patterns take, for LiteLLM's router:",
        large(run),
        "**How many times as fast** rulec is by these medians; below 1 it is slower:",
        factors(run),
        f"**What was compared**, and how long it took to build {size:,} rules, from YAML to the loaded module for rulec:",
        forms(run, size),
    ]


def summary(run: Run, requests: str, said: str) -> str:
    """What the tables come to."""
    litellm = next(one for one in PATTERNS if one.startswith(requests))
    asked = [(name, 100, requests) for name in (*run.fastest(100, requests, (OURS.name, NAIVE.name)), NAIVE.name)]
    asked += [(NAIVE.name, LARGE, requests), (LITELLM.name, LARGE, litellm)]
    told = [f"{run.times(name, size, kind)} times as fast as {name} at {size:,}" for name, size, kind in asked]
    return f"{requests.capitalize()} ({said}): rulec is {', '.join(told)} rules."


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def cell(run: Run, engine: str, size: int, requests: str) -> str:
    found = run.get(engine, size, requests)
    return f"{found.figure.text}, {seconds(found.figure.p99)}" if found else ""


def by_size(run: Run, requests: str) -> str:
    rows = [[name, *(cell(run, name, size, requests) for size in SIZES)] for name in names(run)]
    return table(["", *(f"{size:,} rules" for size in SIZES)], rows)


def large(run: Run) -> str:
    asked = [(LARGE, one, NAIVE.name) for one in (AGAIN, NEVER)]
    asked += [(size, one, LITELLM.name) for size in (*SIZES, LARGE) for one in PATTERNS]
    rows = [
        [f"{size:,}", requests, cell(run, OURS.name, size, requests), other, cell(run, other, size, requests)]
        for size, requests, other in asked
    ]
    return table(["rules", "requests", "rulec", "against", ""], rows)


def factors(run: Run) -> str:
    sizes = (*SIZES, LARGE)
    kinds = dict.fromkeys(names(run)[1:], (AGAIN, NEVER)) | {LITELLM.name: tuple(PATTERNS)}
    rows = [[name, *(run.times(name, size, kind) for kind in asked for size in sizes)] for name, asked in kinds.items()]
    return table(["", *(f"{size:,}{word}" for word in (", warm", ", never seen") for size in sizes)], rows)


def forms(run: Run, size: int) -> str:
    rows = []
    for name, version in run.versions.items():
        found = run.get(name, size, AGAIN) or run.get(name, size, next(iter(PATTERNS)))
        wrong = sum(one.wrong for one in run.results if one.engine == name)
        checked = sum(one.checked for one in run.results if one.engine == name)
        rows.append([name, version, run.forms[name], seconds(found.build) if found else "", f"{wrong} of {checked:,}"])
    return table(["", "version", "form", "built in", "wrong answers"], rows)


if __name__ == "__main__":
    main()
