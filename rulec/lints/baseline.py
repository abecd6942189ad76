"""A baseline: the findings that were there when somebody began to look, so that only new ones are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rulec.diagnostics import Diagnostic
from rulec.diagnostics.fingerprints import Fingerprints
from rulec.lints.run import Told

_VERSION = 1


class WrongBaseline(Exception):
    """A file is no baseline; the message says why."""


def to_text(found: Sequence[Diagnostic]) -> str:
    """A baseline of some findings: JSON, one finding a line, in an order that does not change when lines move."""
    fingerprints = Fingerprints()
    findings = {fingerprints.of(item): _remembered(item) for item in found}
    return json.dumps({"version": _VERSION, "findings": dict(sorted(findings.items()))}, indent=1) + "\n"


def _remembered(item: Diagnostic) -> dict[str, Any]:
    """What people want to read of it; the fingerprint alone counts."""
    file = None if item.span is None else item.span.source.path
    return {"lint": item.code, "file": file, "rule": item.rule}


def read(text: str) -> frozenset[str]:
    """The fingerprints of a baseline; raises WrongBaseline."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongBaseline("it is no JSON") from None
    if not isinstance(found, dict) or found.get("version") != _VERSION or not isinstance(found.get("findings"), dict):
        raise WrongBaseline("`rulec lint --write-baseline FILE` writes one")
    return frozenset(found["findings"])


def new(found: Sequence[Told], known: frozenset[str]) -> tuple[list[Told], int]:
    """The findings that a baseline does not hold, and how many of the baseline are gone."""
    fingerprints = Fingerprints()
    named = [(fingerprints.of(one.diagnostic), one) for one in found]
    gone = known - {name for name, _ in named}
    return [one for name, one in named if name not in known], len(gone)
