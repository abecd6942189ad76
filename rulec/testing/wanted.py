"""How much is asked for with `--fail-under`: `80`, or `rule=100,hop=100`."""

from __future__ import annotations

from collections.abc import Sequence


class WrongShare(ValueError):
    """What is asked for is no share; the message says what would be."""


def wanted_shares(text: str, kinds: Sequence[str]) -> dict[str, float]:
    """The least percentage of each kind; a number on its own is for all of them. Raises WrongShare."""
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = part.rpartition("=")
        name = name.strip()
        if (equals and name not in kinds) or not _is_percentage(number.strip()):
            raise WrongShare(f"`{text}` is no percentage: write 80, or {','.join(f'{one}=100' for one in kinds)}")
        found.update(dict.fromkeys([name] if equals else kinds, float(number)))
    return found


def _is_percentage(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit() and float(text) <= 100
