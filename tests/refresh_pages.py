"""Writes into the pages of the codes what their commands print today, the index of them, and the pages of the lints."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import tempfile
from pathlib import Path

from test_docs import blocks, commands, write

from rulec.cli import main
from rulec.diagnostics.pages import FOLDER, pages
from rulec.lints.lint import lints

INDEX = Path(__file__).parents[1] / "docs" / "diagnostics.md"
LINTS = INDEX.with_name("lints.md")


def printed(command: str) -> str:
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        main(shlex.split(command)[1:])
    return (out.getvalue() + error.getvalue()).strip("\n")


def refresh(page: Path) -> None:
    """Runs the commands of a page on its wrong example."""
    text = page.read_text(encoding="utf-8")
    parts = list(blocks(page))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for block in parts:
            if block.label.endswith(" wrong"):
                write(block, Path(folder))
        for block in parts:
            if block.language == "console":
                shown = "\n\n".join(f"$ {command}\n{printed(command)}" for command, _ in commands(block))
                text = text.replace(f"```console\n{block.text}```", f"```console\n{shown}\n```")
        os.chdir(FOLDER)
    page.write_text(text, encoding="utf-8")


def index() -> str:
    """The index with a row for each page."""
    head = INDEX.read_text(encoding="utf-8").partition("| code |")[0]
    rows = [
        f"| [`{one.code}`](../rulec/diagnostics/pages/{one.code}.md) | {one.severity} | {one.summary} |\n"
        for one in pages()
    ]
    return head + "| code | | |\n|---|---|---|\n" + "".join(rows)


def lint_pages() -> str:
    """All lints: a row for each, then their pages."""
    head = LINTS.read_text(encoding="utf-8").partition("| lint |")[0]
    rows = [f"| [`{one.name}`](#{one.name}) | {one.level} | {one.page.summary} |\n" for one in lints()]
    texts = [f"\n## {one.name}\n\n{one.page.text.partition(chr(10) * 2)[2]}" for one in lints()]
    return head + "| lint | | |\n|---|---|---|\n" + "".join(rows) + "".join(texts)


if __name__ == "__main__":
    for name in ("COLUMNS", "RULEC_PLAIN"):
        os.environ.pop(name, None)
    for file in sorted(FOLDER.glob("*.md")):
        refresh(file)
    INDEX.write_text(index(), encoding="utf-8")
    LINTS.write_text(lint_pages(), encoding="utf-8")
