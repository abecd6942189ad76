"""Invalid rule sets: each line marked `#! word` gets exactly one error that says the word, and nothing else is reported."""

import re
from pathlib import Path

import pytest

from rulec.compiler import compile_sources
from rulec.diagnostics import FORMATS, Diagnostics, render, render_text
from rulec.source import Source

FILES = sorted(file for file in (Path(__file__).parent / "errors").iterdir() if file.suffix in (".yaml", ".rules"))
MARK = re.compile(r"#!\s*(\^\s+)?(.+?)\s*$")


def marks(text: str) -> list[tuple[int, str]]:
    """The (line, word) that a file expects, in order; `#! ^ word` speaks of the line above."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for part in line.split("#!")[1:]:
            above = part.strip().startswith("^ ")
            found.append((number - 1 if above else number, part.strip().removeprefix("^ ").strip().lower()))
    return sorted(found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_error_is_reported_at_its_line(file: Path) -> None:
    text = file.read_bytes().decode("utf-8", "replace")
    diagnostics = Diagnostics()
    compilation = compile_sources([Source(file.name, text)], diagnostics)
    errors = [one for one in compilation.diagnostics if one.severity == "error"]
    told = render_text(errors)
    assert compilation.artifacts == [], "nothing may be emitted"
    assert [one.span.line if one.span else None for one in errors] == [line for line, _ in marks(text)], told
    for one, (_, word) in zip(errors, marks(text), strict=True):
        assert word in f"{one.message} {one.help or ''}".lower(), told
    for form in FORMATS if "not-a-real-key" in text else ():
        assert "not-a-real-key" not in render(form, errors), form
