"""What a diagnostic looks like in every format: the cases of tests/rendering, and what machines demand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from rulec.cli import main
from rulec.diagnostics import FORMATS, Diagnostic, Related, did_you_mean, printable, render, render_text
from rulec.diagnostics.characters import width
from rulec.diagnostics.pages import codes
from rulec.source import Source, Span

HERE = Path(__file__).parent / "rendering"
CASES: list[dict[str, Any]] = yaml.safe_load((HERE / "text.yaml").read_text(encoding="utf-8"))


def span(source: Source, text: str) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


def diagnostic(case: dict[str, Any]) -> Diagnostic:
    here = Source("rules/a.yaml", "\n" * case.get("lines", 0) + case.get("source", ""))
    other = Source("rules/b.yaml", case["other"]) if "other" in case else here
    related = tuple(Related(label, span(other, text)) for text, label in case.get("related", {}).items())
    place = span(here, case["at"]) if "at" in case else None
    return Diagnostic("some-code", "error", case["message"], place, case.get("help"), related)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_text(case: dict[str, Any]) -> None:
    shown = render_text([diagnostic(case)], case.get("colour", False), case.get("columns", 80))
    assert shown == case["text"], shown
    if "plain" in case:
        assert render("plain", [diagnostic(case)]) == case["plain"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_no_line_is_wider_than_the_terminal(case: dict[str, Any]) -> None:
    for columns in (40, 50, 60, 80):
        for line in render_text([diagnostic(case)], False, columns).splitlines():
            assert len(line) <= columns, line


CHARACTERS = st.sampled_from(["a", "b", " ", "é", "e\u0301", "日", "😀", "\t", "\u202e", "\x00", "`", "\n", "\r"])


def cells(text: str) -> list[str]:
    """A printable text cell by cell: a wide character takes two, combining ones have none of their own."""
    return [cell for one in text if width(one) for cell in ([one] if width(one) == 1 else [one, ""])]


@given(st.lists(CHARACTERS, min_size=1, max_size=150).map("".join), st.data())
def test_carets_stand_under_what_they_mark(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, len(text)))
    columns = data.draw(st.integers(40, 100))
    source = Source("a.yaml", text)
    line = text[text.rfind("\n", 0, start) + 1 :].split("\n")[0].rstrip("\r")
    column = start - text.rfind("\n", 0, start) - 1
    marked = line[column : column + end - start]
    item = Diagnostic("c", "error", "m", Span(source, start, end))
    lines = render_text([item], False, columns).split("\n")
    assert all(width(line) <= columns for line in lines)
    excerpt, carets = (line.partition(" | ")[2] for line in lines[2:4])
    under = cells(excerpt.ljust(len(carets)))[len(carets) - len(carets.lstrip()) : len(carets)]
    if under[-1:] == ["…"]:
        under.pop()  # what is marked goes on beyond the excerpt
    meant = cells(printable(marked))
    assert not meant or "".join(under).rstrip() == "".join(meant[: len(under)]).rstrip()
    assert render("plain", [item])
    assert json.loads(render("json", [item]))


@pytest.fixture(scope="module")
def sarif_schema() -> Draft4Validator:
    return Draft4Validator(json.loads((HERE / "sarif-2.1.0.json").read_text(encoding="utf-8")))


def awkward() -> list[Diagnostic]:
    """Findings that make it hard for machines."""
    odd = Source("rules/a b#ü:%41.yaml", "x: 😀 here, here\n{a: 1,\n b: 2}\n")
    return [
        Diagnostic("unknown-provider", "error", "100% wrong\nsays: ,a::b", span(odd, "here"), "no, %0A\r\n:", rule="r"),
        Diagnostic("unknown-provider", "error", "100% wrong\nsays: ,a::b", Span(odd, 11, 15), "no", rule="r"),
        Diagnostic("dead-hop", "warning", "of two lines", span(odd, "{a: 1,\n b: 2}"), witness={"model": "m"}),
        Diagnostic("text-order", "warning", "m", span(odd, "b"), related=(Related("first", span(odd, "a")),)),
        Diagnostic("no-rules", "error", "nowhere"),
    ]


@pytest.mark.parametrize("count", [0, 5])
def test_sarif_is_valid(count: int, sarif_schema: Draft4Validator) -> None:
    log = json.loads(render("sarif", awkward()[:count]))
    assert [error.message for error in sarif_schema.iter_errors(log)] == []
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == codes(), "all codes are declared, also on a clean run"
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_counts_columns_as_it_says() -> None:
    run = json.loads(render("sarif", awkward()))["runs"][0]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert run["columnKind"] == "utf16CodeUnits"
    assert place["region"] == {"startLine": 1, "startColumn": 7, "endLine": 1, "endColumn": 11}
    assert run["results"][2]["locations"][0]["physicalLocation"]["region"]["startColumn"] == 1
    assert place["artifactLocation"]["uri"] == "rules/a%20b%23%C3%BC%3A%2541.yaml"


def test_sarif_fingerprints_stay_when_lines_move() -> None:
    def prints(text: str) -> list[str]:
        source = Source("a.yaml", text)
        found = [Span(source, at, at + 4) for at in range(len(text)) if text.startswith("here", at)]
        log = json.loads(render("sarif", [Diagnostic("c", "error", "m", one) for one in found]))
        return [result["partialFingerprints"]["rulec/v1"] for result in log["runs"][0]["results"]]

    before = prints("here\nhere\nother here\n")
    assert len(set(before)) == 3, "equal findings are told apart"
    assert prints("\n\n here\n  here\nmore\nother here\n") == before
    assert prints("here\nother here\n") == [before[0], before[2]]


def test_github_escapes_and_puts_errors_first() -> None:
    lines = render("github", awkward()).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 3 + ["::warning"] * 2
    assert lines[0] == (
        "::error file=rules/a b#ü%3A%2541.yaml,line=1,col=6,endLine=1,endColumn=10,title=unknown-provider"
        "::100%25 wrong%0Asays: ,a::b%0Ahelp: no, %250A%0D%0A:"
    )
    assert lines[2] == "::error title=no-rules::nowhere"
    assert lines[3].startswith("::warning file=rules/a b#ü%3A%2541.yaml,line=2,col=1,endLine=3,title=dead-hop::")
    assert lines[4].endswith("::m%0Arules/a b#ü:%2541.yaml:2: first")


TOLD = {
    "text": "error[yaml-syntax]",
    "plain": "Error yaml-syntax in rules/a.yaml, line 1",
    "json": '"code": "yaml-syntax"',
    "github": "title=yaml-syntax",
    "sarif": '"ruleId": "yaml-syntax"',
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("command", ["compile", "explain", "test", "order", "graph", "fmt --check"])
def test_every_command_takes_every_format(
    command: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("default: [")
    (tmp_path / "rules" / "a.cases.yaml").write_text("cases: [{name: n, request: {}, expect: {action: pass}}]")
    assert main([*command.split(), "--format", form]) == 2
    printed = capsys.readouterr()
    assert TOLD[form] in (printed.err if form in ("text", "plain") else printed.out)
    if form in ("json", "sarif"):
        json.loads(printed.out)
        assert printed.err == ""


@pytest.mark.parametrize("form", FORMATS)
def test_secrets_are_hidden_in_every_format(form: str) -> None:
    secret = "sk-not-a-real-key-only-a-test"
    source = Source("a.yaml", f"a: {secret}\nb: plain-words\n")
    source.hide(source.text.index("plain"), len(source.text) - 1)
    items = [
        Diagnostic("c", "error", f"here is {secret}", span(source, secret), f"not {secret}"),
        Diagnostic("c", "error", "m", span(source, "plain-words")),
        Diagnostic("c", "error", "m", span(source, "b"), related=(Related(f"and {secret}", span(source, "plain")),)),
    ]
    told = render(form, items)
    assert "real-key" not in told
    assert "plain-words" not in told


def test_names_are_guessed() -> None:
    few = ["ollama", "vLLM", "llama_cpp"]
    many = [*few, *(f"model-{number:05}" for number in range(10_000))]
    for known in (few, many):
        for word, meant in {"olama": "ollama", "VLLM": "vLLM", "llama-cpp": "llama_cpp", "vlml": "vLLM"}.items():
            assert did_you_mean(word, known) == meant, word
        assert did_you_mean("mistral", known) is None
    assert did_you_mean("model-1234", many) is not None


def test_a_thousand_guesses_among_ten_thousand_names_are_few_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    """difflib takes 15 milliseconds for each of them."""
    import difflib

    monkeypatch.setattr(difflib, "get_close_matches", lambda *_, **__: pytest.fail("compared with every name"))
    names = [f"model-{number:05}" for number in range(10_000)]
    assert {did_you_mean(f"modle-{number:05}", names) for number in range(1_000)} == set(names[:1_000])
