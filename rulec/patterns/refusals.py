"""What other dialects have and ours has not, each with what to write instead."""

from __future__ import annotations

BACK_REFERENCE = ("back-references are not in the dialect", "write the alternatives out")

_LOOK_AROUND = (
    "look-around is not in the dialect",
    "say it in the rule instead: a rule above for the exception, or a condition such as"
    ' `model matches "…" and not model matches "…"`',
)
_RECURSION = ("recursion is not in the dialect", "write the inner pattern out, as deep as it goes")
_CODE = ("code in a pattern is not in the dialect", "say it in the rule's condition instead")
_NAME = ("a group's name stands in `<…>`", "write `(?P<name>…)`, or `(?:…)`: names are not used")

GROUPS: tuple[tuple[str, str, str], ...] = (
    ("(?=", *_LOOK_AROUND),
    ("(?!", *_LOOK_AROUND),
    ("(?<=", *_LOOK_AROUND),
    ("(?<!", *_LOOK_AROUND),
    ("(?(", "conditionals are not in the dialect", "write the cases as alternatives: `a|b`"),
    ("(?>", "atomic groups, `(?>`, are not in the dialect", "write `(?:`: nothing backtracks here"),
    ("(?|", "branch resets are not in the dialect", "write `(?:`: groups have no numbers here"),
    ("(?#", "comments are not in the dialect", "write it as the rule's `description`, or after a `#` beside the rule"),
    ("(?P=", *BACK_REFERENCE),
    ("(?P>", *_RECURSION),
    ("(?&", *_RECURSION),
    ("(?R", *_RECURSION),
    *((f"(?{sign}", *_RECURSION) for sign in "0123456789+"),
    *((f"(?-{sign}", *_RECURSION) for sign in "0123456789"),
    ("(?{", *_CODE),
    ("(??", *_CODE),
    ("(?C", *_CODE),
    ("(?'", *_NAME),
)
"""How a group begins, what is wrong with it, and the hint."""

_CHARACTERS = {
    "c": "write a control character by its code, such as `\\x0b`",
    "e": "write `\\x1b` for the escape character",
    "h": "write `[ \\t]` for a space or tab",
    "o": "write a character by its code, such as `\\x{41}`",
    "u": "write a character by its code, such as `\\x{1f600}`",
    "E": "remove it: no `\\Q` is open",
    "H": "write `[^ \\t]` for anything but a space or tab",
    "L": "write `(?i:…)` where case does not matter",
    "N": "write `[^\\n]` for anything but a newline, or a character by its code: `\\x{1f600}`",
    "U": "write `(?i:…)` where case does not matter, or a character by its code: `\\x{1f600}`",
    "V": "write `[^\\n\\v\\f\\r]` for anything but the end of a line",
}

ESCAPES: dict[str, str] = {
    **_CHARACTERS,
    "l": "write `(?i:…)` where case does not matter",
    "C": "texts are characters here, not bytes: write `(?s:.)` for any of them",
    "G": "write `\\A` or `^` for the start",
    "K": "remove it: whether the pattern matches is all that counts",
    "R": "write `(?:\\r\\n|[\\n\\v\\f\\r])` for the end of a line",
    "X": "write `\\PM\\pM*` for a character and its marks",
    "Z": "write `$` or `\\z` for the end",
}
"""Hints for letters that mean something after a backslash elsewhere."""

ESCAPES_IN_CLASS: dict[str, str] = {
    **_CHARACTERS,
    "b": "write `\\x08` for a backspace; a word boundary stands outside of `[…]`",
    "B": "a class holds characters; `\\B` stands outside of `[…]`",
    "A": "a class holds characters; `\\A` stands outside of `[…]`",
    "z": "a class holds characters; `\\z` stands outside of `[…]`",
    "Q": "write a backslash before each of the characters",
}
"""The same inside of `[…]`."""
