"""What `rulec compile --watch` does when one file of twenty changed, against a first compile of all of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from rulec.compiler import compile_folder
from rulec.incremental import Incremental
from tests.bench.compiling import text_of
from tests.bench.measure import Line, alternately, once
from tests.bench.workload import Workload, make_workload

FILES = 20
SHARED = ("version", "providers", "fallback_chains", "capabilities", "model_size_routing", "default")
"""The sections that stand in the first file alone."""


def lines(quick: bool) -> list[Line]:
    count, rounds = (1_000, 1) if quick else (10_000, 3)
    with tempfile.TemporaryDirectory() as folder:
        files = write_files(make_workload(count), Path(folder))
        incremental = Incremental(folder)
        assert not incremental.compile().failed
        number = 0

        def edit() -> None:
            nonlocal number
            number += 1
            text = files[-1].read_text(encoding="utf-8").partition("# edit")[0]
            files[-1].write_text(f"{text}# edit {number}\npatterns: [{{pattern: ^edited{number}-, provider: vllm}}]\n", encoding="utf-8")

        def again() -> float:
            edit()
            return once(incremental.compile)

        def first() -> float:
            edit()
            return once(lambda: compile_folder(folder))

        ours, theirs = alternately(rounds, again, first)
    return [Line(f"one of {FILES} files edited, {count:,} rules", ours, "a first compile", theirs)]


def write_files(workload: Workload, folder: Path) -> list[Path]:
    """The rules of a workload in twenty files, of which the last one has no patterns."""
    found = []
    for number in range(FILES):
        part = {name: share(section, number) for name, section in workload.document.items() if name not in SHARED}
        if number == FILES - 1:
            del part["patterns"]
        first = {name: workload.document[name] for name in SHARED} if number == 0 else {}
        found.append(folder / f"{number:02}.yaml")
        document = Workload({**first, **part}, workload.exact, workload.matching)
        found[-1].write_text(text_of(document), encoding="utf-8")
    return found


def share(section: Any, number: int) -> Any:
    """Every twentieth of what a section holds."""
    if isinstance(section, dict):
        return dict(list(section.items())[number::FILES])
    return section[number::FILES]
