"""The scalars of the DSL: texts in quotes, patterns between slashes, words; each knows the place of its characters."""

from __future__ import annotations

import re
from decimal import Decimal

from rulec.source import Located, Source
from rulec.syntax.nodes import Scalar

_ESCAPE = re.compile(r"""\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.))""", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t"}
_NOT_COMMENT = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|/(?:\\.|[^/\\\n])+/)|(#[^\n]*)""")


class DslScalar(Scalar):
    """A scalar of the DSL; what stands for another text (`70%`, `env(…)`) has the place of the whole."""

    __slots__ = ()

    def located(self) -> Located:
        raw = self.source.text[self.start : self.end]
        if self.text == raw:
            return Located(self.text, self.span)
        if raw[:1] in ("'", '"', "/"):
            return Located(self.text, self.span, tuple(self.start + at for at in _kept(raw)))
        last = max(self.end - 1, self.start)
        return Located(self.text, self.span, tuple(min(self.start + at, last) for at in range(len(self.text))))


class ConditionText(Scalar):
    """The text of a condition; comments within it are blank."""

    __slots__ = ()

    def located(self) -> Located:
        return Located(self.text, self.span)


def quoted_text(raw: str) -> str:
    r"""The text of `"…"`, `'…'` or `/…/`.

    In quotes `\\`, the quote, `\n`, `\t` and `\u{HEX}` are escapes and any other backslash stays; between slashes only
    `\/` is one.
    """
    return "".join(piece for _, piece in _pieces(raw)) if "\\" in raw else raw[1:-1]


def percentage(raw: str) -> str:
    """`70%` as a number, exactly: `0.7`."""
    sign, digits, exponent = Decimal(raw[:-1]).as_tuple()
    assert isinstance(exponent, int)
    text = format(Decimal((sign, digits, exponent - 2)), "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def condition_text(source: Source, start: int, end: int) -> ConditionText:
    """The condition between two offsets, as long as it is in the source."""
    raw = source.text[start:end]
    if "#" in raw:
        raw = _NOT_COMMENT.sub(lambda found: found.group(1) or " " * len(found.group(2)), raw)
    return ConditionText(raw, False, source, start, end)


def _pieces(raw: str) -> list[tuple[int, str]]:
    """The characters that a quoted text stands for, each with its offset in the raw text."""
    quote = raw[0]
    pieces: list[tuple[int, str]] = []
    at, end = 1, len(raw) - 1
    while at < end:
        found = _ESCAPE.match(raw, at) if raw[at] == "\\" else None
        escaped = _escaped(found, quote) if found is not None else None
        if found is None or escaped is None:
            pieces.append((at, raw[at]))
            if found is not None and found.group(1) is None:  # the backslash stays, and so does what it precedes
                pieces.append((at + 1, raw[at + 1]))
                at += 1
            at += 1
        else:
            pieces.append((at, escaped))
            at = found.end()
    return pieces


def _escaped(found: re.Match[str], quote: str) -> str | None:
    code, character = found.groups()
    if quote == "/":
        return "/" if character == "/" else None
    if code is not None:
        value = int(code, 16)
        return chr(value) if value < 0x110000 and not 0xD800 <= value < 0xE000 else None
    if character in ("\\", quote):
        return str(character)
    return _NAMED.get(character)


def _kept(raw: str) -> list[int]:
    return [at for at, _ in _pieces(raw)]
