"""Diagnostics to listen to: full sentences, without carets, boxes or colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rulec.diagnostics.characters import printable
from rulec.diagnostics.excerpts import Excerpts
from rulec.diagnostics.finding import Diagnostic
from rulec.diagnostics.replay import replay_command
from rulec.source import Span

MOST_QUOTED = 60


def render_plain(diagnostics: Iterable[Diagnostic], rules: str = "rules") -> str:
    """A few sentences for each diagnostic: how bad, what kind, where, what is wrong, what to do."""
    excerpts = Excerpts()
    blocks = []
    for item in diagnostics:
        command = None if item.witness is None else replay_command(item.witness, rules)
        lines = [" ".join(map(sentence, _told(item, excerpts))), *([f"Try it: {printable(command)}"] if command else [])]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def _told(item: Diagnostic, excerpts: Excerpts) -> Iterator[str]:
    where = "" if item.span is None else f" in {_place(item.span, excerpts)}"
    yield f"{item.severity} {item.code}{where}"
    yield item.message
    for one in item.related:
        yield f"see also {_place(one.span, excerpts)}: {one.message}"
    if item.help is not None:
        yield f"help: {item.help}"


def _place(span: Span, excerpts: Excerpts) -> str:
    quoted = excerpts.quoted(span)
    if len(quoted) > MOST_QUOTED:
        quoted = quoted[: MOST_QUOTED - 1] + "…"
    at = f", at `{quoted}`" if quoted else ""
    return f"{span.source.path}, line {span.line}, column {span.column}{at}"


def sentence(text: str) -> str:
    """A text with a capital letter and a full stop."""
    text = printable(text)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
