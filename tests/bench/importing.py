"""Importing a generated module, with its bytecode, against libyaml reading the rules that it was made from.

Each sample is a process of its own, which has imported the module of a single rule before: what that takes from the
standard library a proxy has anyway. LiteLLM is kept out: it takes seconds, whatever the rules are.
"""

from __future__ import annotations

import gc
import importlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rulec.backends.python import generate_module
from tests.bench.compiling import SMALL, compiled, text_of
from tests.bench.measure import Line, alternately, once
from tests.bench.processes import printed
from tests.bench.workload import make_workload


def lines(quick: bool) -> Iterator[Line]:
    for rules in (1_000,) if quick else (1_000, 10_000):
        yield of_size(rules, 3 if quick else 5)


def of_size(rules: int, rounds: int) -> Line:
    text = text_of(make_workload(rules))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "rules.yaml"
        file.write_text(text, encoding="utf-8")
        imported = printed("importing", str(written(SMALL, folder / "small")), str(written(text, folder / "large")))
        imported()  # which leaves the bytecode
        ours, theirs = alternately(rounds, imported, printed("compiling", "theirs", str(file)))
    return Line(f"import, {rules:,} rules", ours, f"1/{theirs.middle / ours.middle:.0f} × CSafeLoader, {theirs.text}")


def written(text: str, folder: Path) -> Path:
    tree = compiled(text).tree
    assert tree is not None
    module = generate_module(tree)
    folder.mkdir()
    (folder / module.path).write_text(module.text, encoding="utf-8")
    return folder


def measured(small: str, large: str) -> float:
    sys.modules["litellm"] = None  # type: ignore[assignment]
    sys.path.insert(0, small)
    importlib.import_module("routing_strategy")
    del sys.modules["routing_strategy"]
    sys.path[0] = large
    gc.collect()
    gc.disable()
    return once(lambda: importlib.import_module("routing_strategy"))


if __name__ == "__main__":
    print(measured(*sys.argv[1:]))
