"""`python -m tests.bench [--quick] [NAME …]`: one table of all measurements, or of the named ones."""

from __future__ import annotations

import argparse
import importlib

from tests.bench.measure import machine

NAMES = (
    "decide", "reading", "compiling", "importing", "cold", "watching", "hooks", "balancing", "formatting", "complexity",
    "analysis", "linting", "differing",
)  # fmt: skip
LONG_NAMES = ("large", "paired", "profiling", "memory", "scale", "outage", "peers")
"""What starts proxies, needs other packages or takes minutes: measured only where it is named."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure rulec.")
    usual, long = ", ".join(NAMES), ", ".join(LONG_NAMES)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {usual} (all of these); {long}")
    parser.add_argument("--quick", action="store_true", help="few rounds and small rule sets, to see that it works")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {*NAMES, *LONG_NAMES}
    if unknown:
        parser.error(f"nothing measures {', '.join(sorted(unknown))}")
    print(machine())
    print("medians (quartiles), measured alternately, garbage collector off\n")
    for name in arguments.names or NAMES:
        for line in importlib.import_module(f"tests.bench.{name}").lines(arguments.quick):
            what, figure, other = line.cells()
            print(f"{what:<46} {figure:<36} {other}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
