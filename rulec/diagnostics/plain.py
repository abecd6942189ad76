"""Diagnostics to listen to: full sentences, without carets, boxes or colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rulec.diagnostics.characters import printable
from rulec.diagnostics.excerpts import Excerpts
from rulec.diagnostics.finding import Diagnostic
from rulec.source import Span

MOST_QUOTED = 60


def render_plain(diagnostics: Iterable[Diagnostic]) -> str:
    """A few sentences for each diagnostic: how bad, what kind, where, what is wrong, what to do."""
    excerpts = Excerpts()
    blocks = [" ".join(map(sentence, _told(item, excerpts))) for item in diagnostics]
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
