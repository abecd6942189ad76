"""Literals that stand in several places: sizes and dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rulec.runtime.sizes import parameters

if TYPE_CHECKING:
    from datetime import date

_SIZE = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?([bBmM])\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def parse_size(text: str) -> int | None:
    """The parameters of a size literal such as `8B`, `1.5b` or `350M`; None where it is none."""
    found = _SIZE.match(text.strip())
    return None if found is None else parameters(found.group(1), found.group(2) or "", found.group(3))


def parse_date(text: str) -> date | None:
    """The date of an `until`, written 2026-12-31; None where it is none."""
    from datetime import date

    try:
        return date.fromisoformat(text) if _DATE.match(text) else None
    except ValueError:
        return None
