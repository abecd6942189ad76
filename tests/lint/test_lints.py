"""The lints: each has a page whose examples do what it says, and cases (tests/lint/cases) where it fires and nearly fires.

A page is the docstring of a lint's module; its blocks marked `wrong` are a rule set for which it fires, those without are
the same put right. In a file of cases `#!` marks the lines that the lint speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from refresh_pages import LINTS, lint_pages

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.lints.lint import lints
from rulec.lints.run import lint
from rulec.source import Source

CASES = Path(__file__).parent / "cases"
NAMES = [one.name for one in lints()]
PAGES = {one.name: one.page for one in lints()}
BLOCK = re.compile(r"^```\w+ (?P<file>\S+?)(?P<wrong> wrong)?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
UNSHOWN = {"not-decided"}
"""Lints of which no short rule set is an example."""


def lines(name: str, files: dict[str, str]) -> list[tuple[str, int]]:
    """The files and lines of which a lint speaks."""
    compilation = compile_sources([Source(*one) for one in sorted(files.items())], Diagnostics(), emit=False)
    assert not compilation.failed, [one.message for one in compilation.diagnostics]
    found = [one.span for one in lint(compilation.policy) if one.code == name]
    return [("", 0) if span is None else (span.source.path, span.line) for span in found]


def marked(files: dict[str, str]) -> list[tuple[str, int]]:
    found = sorted(files.items())
    return [
        (name, number) for name, text in found for number, line in enumerate(text.split("\n"), 1) if "#!" in line
    ]


def examples(name: str, wrong: bool) -> dict[str, str]:
    found: Iterable[Any] = BLOCK.finditer(PAGES[name].text)
    return {one["file"]: one["text"] for one in found if bool(one["wrong"]) is wrong}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_its_parts(name: str) -> None:
    summary, text = PAGES[name].summary, PAGES[name].text
    assert summary.endswith(".")
    assert ". " not in summary, "one sentence"
    assert "**Why it matters:**" in text
    assert "**When it may stay:**" in text


@pytest.mark.parametrize("name", sorted(set(NAMES) - UNSHOWN))
def test_the_examples_of_a_page(name: str) -> None:
    wrong, right = examples(name, wrong=True), examples(name, wrong=False)
    assert wrong, "a wrong example"
    assert right, "a right example"
    assert lines(name, wrong)
    assert not lines(name, right)


@pytest.mark.parametrize("case", ["fires", "nearly"])
@pytest.mark.parametrize("name", sorted(set(NAMES) - UNSHOWN))
def test_cases(name: str, case: str) -> None:
    """A file may hold several rule sets of a kind: `fires`, `fires-2`, …"""
    found = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    sets = {key: files for key, files in found.items() if key.partition("-")[0] == case}
    assert sets
    for key, files in sets.items():
        assert lines(name, files) == marked(files), key


def test_every_file_of_cases_is_of_a_lint() -> None:
    assert {file.stem for file in CASES.glob("*.yaml")} <= set(NAMES)


def test_the_documentation_has_every_page() -> None:
    assert LINTS.read_text(encoding="utf-8") == lint_pages(), "run `python tests/refresh_pages.py`"
