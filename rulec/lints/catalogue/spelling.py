"""How names look: what differs only by case, or by characters that a reader takes for each other."""

from __future__ import annotations

import unicodedata

LOOK_ALIKES = {
    "a": "\u0430\u0410\u03b1\u0391\u0251",
    "b": "\u0412\u0392",
    "c": "\u0441\u0421\u03f2",
    "d": "\u0501",
    "e": "\u0435\u0415\u0395",
    "g": "\u0261",
    "h": "\u04bb\u041d\u0397",
    "i": "\u0456\u0406\u03b9\u0399\u0131",
    "j": "\u0458\u0408",
    "k": "\u041a\u039a",
    "l": "\u04cf1",
    "m": "\u041c\u039c",
    "n": "\u039d",
    "o": "\u043e\u041e\u03bf\u039f\u05850",
    "p": "\u0440\u0420\u03c1\u03a1",
    "q": "\u051b",
    "s": "\u0455\u0405",
    "t": "\u0422\u03a4",
    "u": "\u03c5\u057d",
    "v": "\u03bd\u0475",
    "w": "\u051d",
    "x": "\u0445\u0425\u03a7",
    "y": "\u0443\u0423\u03a5",
    "z": "\u0396",
}
"""Characters that look like a Latin letter: of Unicode's confusables.txt (UTS #39) those that are met in names."""
CONFUSABLES = str.maketrans({character: letter for letter, characters in LOOK_ALIKES.items() for character in characters})
_INVISIBLE = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Default-ignorable characters that are no format characters."""


def skeleton(name: str) -> str:
    """What a name looks like: names with the same skeleton are hard to tell apart."""
    if name.isascii():
        return name.lower().translate(CONFUSABLES)
    plain = "".join(one for one in unicodedata.normalize("NFKC", name) if not is_invisible(one))
    return plain.translate(CONFUSABLES).casefold().translate(CONFUSABLES)


def is_invisible(character: str) -> bool:
    return character in _INVISIBLE or unicodedata.category(character) == "Cf"


def difference(one: str, other: str) -> str:
    """How two names with the same skeleton differ."""
    odd = [character for name in (one, other) for character in name if not character.isascii()]
    if odd:
        return f"by characters that look alike ({', '.join(dict.fromkeys(map(described, odd)))})"
    if one.lower() == other.lower():
        return "by upper and lower case"
    return "by characters that look alike (`0` and `o`, or `1` and `l`)"


def described(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'a character without a name')}"


def deceptive(name: str) -> list[str]:
    """The characters of a name that are not what they seem: invisible ones, and look-alikes beside Latin letters."""
    if name.isascii():
        return []
    latin = any(one.isascii() and one.isalpha() for one in name)
    return [one for one in name if not one.isascii() and (is_invisible(one) or latin and _passes_for_ascii(one))]


def _passes_for_ascii(character: str) -> bool:
    """Whether a character looks like one of ASCII, or is one in another width or style."""
    return character.translate(CONFUSABLES).isascii() or unicodedata.normalize("NFKC", character).isascii()
