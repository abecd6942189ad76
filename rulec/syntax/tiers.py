"""Size tiers: `< 8B`, `8B - 13B`."""

from __future__ import annotations

import re

from rulec.diagnostics import Diagnostic, Rejected
from rulec.source import Located
from rulec.syntax.ast import SizeTier
from rulec.syntax.literals import parse_size

_TIER = re.compile(r"\s*(<=|>=|<|>)\s*(\S+)\s*\Z|\s*(\S+?)\s*-\s*(\S+)\s*\Z")


def parse_tier(text: Located) -> tuple[SizeTier, str]:
    """A size tier such as `< 8B` or `8B - 13B` and its name with single spaces; raises Rejected."""
    found = _TIER.match(text.text)
    sizes = [parse_size(one) for one in (found.group(2), found.group(3), found.group(4)) if one] if found else []
    if found is None or any(size is None for size in sizes):
        help = "tiers look like `< 8B`, `<= 8B`, `8B - 13B`, `> 13B` or `>= 13B`"
        raise Rejected(_wrong(f"`{text.text.strip()}` is no size tier", text, help))
    operator, single, first, second = found.groups()
    if operator is None:
        low, high = sizes
        assert low is not None and high is not None
        if low > high:
            raise Rejected(_wrong(f"`{first}` is larger than `{second}`", text, f"write `{second} - {first}`"))
        return SizeTier(low, True, high, True), f"{first} - {second}"
    bound = sizes[0]
    name = f"{operator} {single}"
    if operator in ("<", "<="):
        return SizeTier(None, False, bound, operator == "<="), name
    return SizeTier(bound, operator == ">=", None, False), name


def _wrong(message: str, text: Located, help: str) -> Diagnostic:
    return Diagnostic("wrong-size", "error", message, text.span, help)
