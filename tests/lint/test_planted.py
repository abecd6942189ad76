"""Rule sets as operators write them: those in `planted` have one defect each, those in `clean` only look as if they had.

They were written from the promises of the lints, without looking at a lint. The keys of a file are

* `defect`: the lint that must find it (of a list: any one of them),
* `at`: what the finding must point at: a rule's name, or a text on a line that it shows, or in what it says,
* `also`: lints that rightly fire as well, as a consequence,
* `why`: what is wrong, or what tempts,
* `rules`: the rule set in YAML or, as a block text, in the DSL; or `files`: several of them by name.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostic, Diagnostics
from rulec.lints.run import lint
from rulec.policy.model import Policy
from rulec.records import record
from rulec.source import Source, Span

HERE = Path(__file__).parent
PLANTED = sorted((HERE / "planted").glob("*.yaml"))
CLEAN = sorted((HERE / "clean").glob("*.yaml"))
HARMLESS = {"pattern-without-model", "falls-through"}
"""What may be told of a good rule set, as information: names that the catalogue does not know, and what is left to the default."""


@record
class Planted:
    """A rule set of the corpus, compiled, and what is to be found in it."""

    policy: Policy
    warnings: list[Diagnostic]
    defects: frozenset[str]
    at: str | None
    also: frozenset[str]


def read(file: Path) -> Planted:
    """A file of the corpus; that its rules are valid is part of the deal."""
    text = file.read_text(encoding="utf-8")
    begin = min(at for at in (text.find("\nrules:"), text.find("\nfiles:")) if at >= 0) + 1
    told = yaml.safe_load(text[:begin])
    assert set(told) <= {"defect", "at", "also", "why"} and "why" in told
    compilation = compile_sources([Source(*one) for one in sorted(files(text[begin:]).items())], Diagnostics())
    assert not compilation.failed, [one.message for one in compilation.diagnostics]
    defect = told.get("defect", [])
    return Planted(
        compilation.policy,
        compilation.diagnostics,
        frozenset([defect] if isinstance(defect, str) else defect),
        told.get("at"),
        frozenset(told.get("also", [])),
    )


def files(text: str) -> dict[str, str]:
    """The rule files by their names; comments in them stay, as some lints heed them."""
    first, rest = text.split("\n", 1)
    if first == "files:":
        return dict(yaml.load(text, yaml.BaseLoader)["files"])
    return {"rules.rules" if first == "rules: |" else "rules.yaml": dedent(rest)}


def points_at(finding: Diagnostic, text: str) -> bool:
    """Whether a finding leads a reader to this text."""
    spans: list[Span] = [one.span for one in finding.related]
    if finding.span is not None:
        spans.append(finding.span)
    shown = [span.source.line_text(line) for span in spans for line in range(span.line, span.end_position[0] + 1)]
    return any(text in one for one in (*shown, finding.rule or "", finding.message, finding.help or ""))


def harmful(findings: list[Diagnostic]) -> list[Diagnostic]:
    return [one for one in findings if one.severity != "info" or one.code not in HARMLESS]


@pytest.mark.parametrize("file", PLANTED, ids=lambda file: file.stem)
def test_planted_defect_is_found(file: Path) -> None:
    planted = read(file)
    findings = lint(planted.policy)
    told = [f"{one.code}: {one.message}" for one in findings]
    found = [one for one in findings if one.code in planted.defects]
    assert found, told
    assert planted.at is None or any(points_at(one, planted.at) for one in found), told
    expected = planted.defects | planted.also
    assert not [one.message for one in harmful(findings) if one.code not in expected], told


@pytest.mark.parametrize("file", CLEAN, ids=lambda file: file.stem)
def test_clean_rules_are_clean(file: Path) -> None:
    planted = read(file)
    assert not planted.warnings
    assert not [f"{one.code}: {one.message}" for one in harmful(lint(planted.policy))]


def test_corpus_is_large() -> None:
    assert len(PLANTED) >= 60
    assert len(CLEAN) >= 40
