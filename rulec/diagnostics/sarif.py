"""Diagnostics as a SARIF 2.1.0 log, for code scanning."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from rulec import VERSION
from rulec.diagnostics.finding import Diagnostic
from rulec.diagnostics.fingerprints import Fingerprints
from rulec.diagnostics.pages import Page, pages
from rulec.source import Source, Span

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render_sarif(diagnostics: Iterable[Diagnostic], more_pages: Sequence[Page] = ()) -> str:
    """A log with one run; every code is declared, also on a clean run, so that a scanner can close what is fixed."""
    known = (*pages(), *more_pages)
    driver = {"name": "rulec", "version": VERSION, "rules": [_rule(page) for page in known]}
    results = _Results(known)
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [results.result(item) for item in diagnostics],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(page: Page) -> dict[str, Any]:
    return {
        "id": page.code,
        "shortDescription": {"text": page.summary},
        "fullDescription": {"text": page.summary},
        "help": {"text": page.text, "markdown": page.text},
        "defaultConfiguration": {"level": _LEVELS[page.severity]},
    }


class _Results:
    """Makes results, and remembers what they share."""

    def __init__(self, known: Sequence[Page]) -> None:
        self.index = {page.code: number for number, page in enumerate(known)}
        self.fingerprints = Fingerprints()
        self.pairs: dict[Source, list[int]] = {}

    def result(self, item: Diagnostic) -> dict[str, Any]:
        result: dict[str, Any] = {
            "ruleId": item.code,
            **({"ruleIndex": self.index[item.code]} if item.code in self.index else {}),
            "level": _LEVELS[item.severity],
            "message": {"text": item.message + (f"; {item.help}" if item.help else "")},
            "partialFingerprints": {"rulec/v1": self.fingerprints.of(item)},
        }
        if item.span is not None:
            result["locations"] = [self.location(item.span)]
        if item.related:
            result["relatedLocations"] = [
                {**self.location(one.span), "message": {"text": one.message}} for one in item.related
            ]
        more = {"rule": item.rule, "witness": item.witness}
        if any(value is not None for value in more.values()):
            result["properties"] = {key: value for key, value in more.items() if value is not None}
        return result

    def location(self, span: Span) -> dict[str, Any]:
        end = max(span.start, span.end)
        region = {
            "startLine": span.line,
            "startColumn": self.column(span.source, span.start),
            "endLine": span.end_position[0],
            "endColumn": self.column(span.source, end),
        }
        return {"physicalLocation": {"artifactLocation": {"uri": uri(span.source.path)}, "region": region}}

    def column(self, source: Source, offset: int) -> int:
        """A column in UTF-16 code units: characters beyond the first plane take two."""
        _, column = source.line_and_column(offset)
        if source not in self.pairs:
            text = source.text
            self.pairs[source] = [] if text.isascii() else [at for at, one in enumerate(text) if one > "\uffff"]
        before = self.pairs[source]
        return column + bisect_left(before, offset) - bisect_left(before, offset - column + 1)


def uri(path: str) -> str:
    """A path as a URI reference: relative ones stay relative."""
    parts = PurePath(path)
    return ("file://" if parts.is_absolute() else "") + quote(parts.as_posix(), safe="/", errors="surrogateescape")
