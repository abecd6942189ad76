"""How findings speak of several things."""

from __future__ import annotations

from collections.abc import Collection

MOST_NAMES_SHOWN = 3


def quoted(names: Collection[str], most: int = MOST_NAMES_SHOWN) -> str:
    """Names as a list that ends with `and`; of many the first ones and how many more there are."""
    shown = [f"`{name}`" for name in list(names)[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
