"""Diagnostics as a SARIF 2.1.0 log, for code scanning."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from rulec import VERSION
from rulec.diagnostics.excerpts import Excerpts
from rulec.diagnostics.finding import Diagnostic
from rulec.diagnostics.pages import Page, pages
from rulec.source import Span

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """A log with one run; every code is declared, also on a clean run, so that a scanner can close what is fixed."""
    excerpts = Excerpts()
    seen: dict[str, int] = {}
    known = pages()
    index = {page.code: number for number, page in enumerate(known)}
    driver = {"name": "rulec", "version": VERSION, "rules": [_rule(page) for page in known]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [_result(item, index, seen, excerpts) for item in diagnostics],
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


def _result(item: Diagnostic, index: dict[str, int], seen: dict[str, int], excerpts: Excerpts) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": item.code,
        **({"ruleIndex": index[item.code]} if item.code in index else {}),
        "level": _LEVELS[item.severity],
        "message": {"text": item.message + (f"; {item.help}" if item.help else "")},
        "partialFingerprints": {"rulec/v1": _fingerprint(item, seen, excerpts)},
    }
    if item.span is not None:
        result["locations"] = [_location(item.span)]
    if item.related:
        result["relatedLocations"] = [{**_location(one.span), "message": {"text": one.message}} for one in item.related]
    more = {"rule": item.rule, "witness": item.witness}
    if any(value is not None for value in more.values()):
        result["properties"] = {key: value for key, value in more.items() if value is not None}
    return result


def _fingerprint(item: Diagnostic, seen: dict[str, int], excerpts: Excerpts) -> str:
    """What stays the same when the finding moves to another line: file, code and text, and which of equal ones it is."""
    place = (
        () if item.span is None else (item.span.source.path, excerpts.line(item.span.source, item.span.line).strip())
    )
    digest = sha256("\0".join((item.code, item.message, *place)).encode("utf-8", "replace")).hexdigest()[:16]
    seen[digest] = seen.get(digest, 0) + 1
    return f"{digest}:{seen[digest]}"


def _location(span: Span) -> dict[str, Any]:
    end_line, _ = span.end_position
    region = {
        "startLine": span.line,
        "startColumn": _utf16_column(span, span.start),
        "endLine": end_line,
        "endColumn": _utf16_column(span, max(span.start, span.end)),
    }
    return {"physicalLocation": {"artifactLocation": {"uri": uri(span.source.path)}, "region": region}}


def _utf16_column(span: Span, offset: int) -> int:
    _, column = span.source.line_and_column(offset)
    if span.source.text.isascii():
        return column
    return column + sum(character > "\uffff" for character in span.source.text[offset - column + 1 : offset])


def uri(path: str) -> str:
    """A path as a URI reference: relative ones stay relative."""
    parts = PurePath(path)
    return ("file://" if parts.is_absolute() else "") + quote(parts.as_posix(), safe="/", errors="surrogateescape")
