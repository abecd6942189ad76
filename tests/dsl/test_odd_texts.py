"""Texts that nobody types: marks of encodings, control characters, lines without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulec.compiler import Compilation, compile_sources, read_sources
from rulec.diagnostics import Diagnostics, render_text
from rulec.source import Source

PROVIDER = 'provider a { litellm "openai/{model}"  accepts /.*/ }\n'
LONG = 1_000_000


def compiled(text: str) -> Compilation:
    return compile_sources([Source("rules/x.rules", text)], Diagnostics())


def errors(text: str) -> list[tuple[int, str]]:
    found = compiled(text).diagnostics
    return [(one.span.line if one.span else 0, one.message) for one in found if one.severity == "error"]


@pytest.mark.parametrize(
    "text",
    [
        "default -> pass\n",
        "# only a comment",
        "default -> pass\n# a comment" + "!" * LONG,
        "default -> pass" + " " * LONG,
        "default -> pass" + "\n" * 10_000,
        "default -> pass  # " + "\u2028\u0085" + "a line separator ends no line",
        PROVIDER + "default -> a,\n" + " " * 10_000 + "then nothing",
        PROVIDER + 'default -> refuse "' + "x" * LONG + '"',
        PROVIDER + "exact " + '"' + "x" * 200 + '"' + " -> a",
        PROVIDER + "default -> a { overrides [] }",
    ],
    ids=lambda text: repr(text[:40]),
)
def test_odd_but_right(text: str) -> None:
    assert not errors(text), render_text(compiled(text).diagnostics)[:2000]


@pytest.mark.parametrize("text", ["", "\n", " ", "\t\n \n", "# a", "# a\n#b", "\r\n"])
def test_a_file_without_statements_declares_nothing(text: str) -> None:
    compilation = compile_sources([Source("a.rules", text), Source("b.rules", "default -> pass")], Diagnostics())
    assert not compilation.diagnostics
    assert compilation.artifacts


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\0default -> pass", 1),
        ("default -> pass\nexact \0 -> pass", 2),
        ("default -> \x1bpass", 1),
        ("default -> pass\n\x07", 2),
        ("default ->\u00a0pass", 1),
        ("default ->\u3000pass", 1),
        ("default -> \u200bpass", 1),
        ("\ufeff\ufeffdefault -> pass", 1),
        ("default -> pass " + "x" * LONG, 1),
        ("default -> pass {" + "{" * 1000, 1),
        ("x" * LONG, 1),
        ('exact "' + "x" * LONG, 1),
        ("pattern /" + "x" * LONG, 1),
        ("exact" + " (" * 5_000, 1),
        ("when w: " + "(" * 5_000 + " -> pass", 1),
        ("when w: " + "not " * 5_000 + " -> pass", 1),
        ("-> " * 100_000, 1),
        ("default -> a" + ", then a" * 1_000 + ",", 1),
    ],
    ids=lambda value: repr(value[:30]) if isinstance(value, str) else str(value),
)
def test_odd_and_wrong(text: str, line: int) -> None:
    found = errors(text)
    assert [number for number, _ in found] == [line], found
    assert all(len(message) < 500 for _, message in found)


def test_the_mark_of_an_encoding_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.rules").write_bytes(b"\xef\xbb\xbfdefault -> pass\n")
    diagnostics = Diagnostics()
    compilation = compile_sources(read_sources(tmp_path, diagnostics), diagnostics)
    assert not compilation.failed, render_text(compilation.diagnostics)


def test_a_text_that_is_no_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.rules").write_bytes(b"default -> pass # \xff\n")
    diagnostics = Diagnostics()
    compile_sources(read_sources(tmp_path, diagnostics), diagnostics)
    assert len([one for one in diagnostics.sorted() if one.severity == "error"]) == 1


def test_each_of_many_broken_statements_is_told_once() -> None:
    lines = [PROVIDER.strip(), *(f'exact "{n}" {"->" if n % 2 else "=>"} a' for n in range(600))]
    assert [line for line, _ in errors("\n".join(lines))] == list(range(2, 602, 2))
