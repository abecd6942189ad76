"""Mutations of texts: their words left out, doubled, swapped, and put in from other texts."""

from __future__ import annotations

import random
import re

_PIECES = re.compile(r"""[ \t]+|\n[ ]*|"(?:\\.|[^"\\\n])*"|/(?:\\.|[^/\\\n])+/|[\w.-]+|->|.""", re.DOTALL)
_ODD = (
    *"\"'/{}()[]#,:;-+*?|\\%$&@!<>=~^`",
    *("\n", "\r\n", "\t", "\0", "\x1b", "\u2028", "é", "日本", "\U0001f600", "\ufeff", "\x85", "e\u0301"),
    *(
        "->",
        "${X}",
        "${X:-y}",
        "8B",
        "0.5",
        "1e999",
        "-1",
        "99999999999999999999",
        "null",
        "true",
        "~",
        ".nan",
        "<<",
        "&a",
        "*a",
    ),
    *(
        "!!str",
        "---",
        "- ",
        ": ",
        "? ",
        "|\n  ",
        ">-\n  ",
        "(?i)",
        "{1000}",
        "[^",
        "\\p{L}",
        "x" * 300,
        "(" * 60,
        "not " * 60,
    ),
)


def mutate(text: str, others: list[str], chosen: random.Random) -> str:
    """A text like this one, changed in one to six places."""
    parts = _PIECES.findall(text) or [""]
    for _ in range(chosen.randrange(1, 7)):
        at = chosen.randrange(len(parts) + 1)
        way = chosen.randrange(7)
        if way == 0 and at < len(parts):
            del parts[at : at + chosen.randrange(1, 8)]
        elif way == 1:
            parts.insert(at, chosen.choice(_ODD))
        elif way == 2:
            other = _PIECES.findall(chosen.choice(others)) or [""]
            start = chosen.randrange(len(other))
            parts[at:at] = other[start : start + chosen.randrange(1, 30)]
        elif way == 3 and parts:
            start = chosen.randrange(len(parts))
            parts[at:at] = parts[start : start + chosen.randrange(1, 20)]
        elif way == 4 and at < len(parts):
            parts[at] = chosen.choice(_PIECES.findall(chosen.choice(others)) or [""])
        elif way == 5 and len(parts) > 1:
            one, two = chosen.randrange(len(parts)), chosen.randrange(len(parts))
            parts[one], parts[two] = parts[two], parts[one]
        else:
            parts.insert(at, chosen.choice("\n ") * chosen.randrange(1, 4))
        if len(parts) > 4000:
            parts = parts[:4000]
    return "".join(parts)
