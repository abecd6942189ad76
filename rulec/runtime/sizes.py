"""Model sizes: whole numbers of parameters, from a literal or read off a model's name."""

from __future__ import annotations

import re

LONGEST_NAME = 256

_UNITS = {"b": 9, "m": 6}
_UNIT = re.compile(r"[0-9][bBmM](?![A-Za-z0-9])")
"""What every size in a name holds; most names without one are told by this alone, which is much faster."""
_IN_NAME = re.compile(r"(?<![A-Za-z0-9.])(?:([0-9]+)[xX])?([0-9]+)(?:\.([0-9]+))?([bBmM])(?![A-Za-z0-9])")


def is_regular_name(name: str) -> bool:
    """Whether patterns and sizes look at this model name at all: 1 to 256 printable ASCII characters."""
    return 0 < len(name) <= LONGEST_NAME and name.isascii() and name.isprintable()


def size_from_name(name: str) -> int | None:
    """The parameters that a model name tells of: the leftmost number with a `b` or `m`; `8x7b` is 56 billion."""
    if not is_regular_name(name):
        return None
    found = _IN_NAME.search(name) if _UNIT.search(name) is not None else None
    if found is None:
        return None
    count, whole, fraction, unit = found.groups()
    return (int(count) if count else 1) * parameters(whole, fraction or "", unit)


def parameters(whole: str, fraction: str, unit: str) -> int:
    """Digits before and after the point and a unit (b or m) as a whole number of parameters."""
    exponent = _UNITS[unit.lower()]
    scaled: int = int(whole + fraction) * 10**exponent
    return scaled // int(10 ** len(fraction))
