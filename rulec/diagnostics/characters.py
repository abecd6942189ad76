"""Characters on a terminal: what may be printed, and how many cells it takes."""

from __future__ import annotations


def printable(text: str) -> str:
    """Text that cannot disturb a terminal: control characters are shown as escapes, a tab as four blanks."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return "    " if character == "\t" else character.encode("unicode_escape").decode()


def width(text: str) -> int:
    """How many cells a printable text takes: East Asian wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(c) in ("Mn", "Me") else 2 if east_asian_width(c) in "WF" else 1 for c in text)
