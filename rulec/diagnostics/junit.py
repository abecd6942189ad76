"""Diagnostics as JUnit's XML, which every CI server shows: a test for each code, which fails once for each finding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from rulec.diagnostics.finding import Diagnostic
from rulec.diagnostics.pages import Page

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may hold."""


def render_junit(diagnostics: Iterable[Diagnostic], pages: Sequence[Page]) -> str:
    """One suite; findings that are only for information are told in tests that pass."""
    by_code: dict[str, list[Diagnostic]] = {page.code: [] for page in pages}
    for item in diagnostics:
        by_code.setdefault(item.code, []).append(item)
    cases = [line for code, items in by_code.items() for line in _cases(code, items)]
    tests = sum(max(1, len(items)) for items in by_code.values())
    failures = sum(item.severity != "info" for items in by_code.values() for item in items)
    head = f'<testsuite name="rulec" tests="{tests}" failures="{failures}" errors="0" skipped="0">'
    return "\n".join(('<?xml version="1.0" encoding="utf-8"?>', head, *cases, "</testsuite>")) + "\n"


def _cases(code: str, items: Sequence[Diagnostic]) -> Iterator[str]:
    if not items:
        yield f"  <testcase classname={quoted(code)} name={quoted(code)}/>"
    for item in items:
        where = "" if item.span is None else f"{item.span.source.path}:{item.span.line}:{item.span.column}"
        file = "" if item.span is None else f" file={quoted(item.span.source.path)} line={quoted(str(item.span.line))}"
        yield f"  <testcase classname={quoted(code)} name={quoted(where or item.message)}{file}>"
        told = "\n".join(filter(None, (where, item.message, item.help and f"help: {item.help}")))
        if item.severity == "info":
            yield f"    <system-out>{escape(clean(told))}</system-out>"
        else:
            yield f"    <failure type={quoted(item.severity)} message={quoted(item.message)}>{escape(clean(told))}</failure>"
        yield "  </testcase>"


def quoted(text: str) -> str:
    return quoteattr(clean(text), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
