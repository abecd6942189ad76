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
            plain = len(self.text) == len(raw) - 2
            return Located(self.text, self.span, range(self.start + 1, self.end - 1) if plain else self.offsets(raw))
        last = max(self.end - 1, self.start)
        return Located(self.text, self.span, tuple(min(self.start + at, last) for at in range(len(self.text))))

    def offsets(self, raw: str) -> tuple[int, ...]:
        """Where each character stands of a text that holds escapes."""
        offsets: list[int] = []
        at = 1
        for found in _ESCAPE.finditer(raw, 1, len(raw) - 1):
            if _escaped(found, raw[0]) is not None:
                offsets += range(self.start + at, self.start + found.start() + 1)
                at = found.end()
        return (*offsets, *range(self.start + at, self.end - 1))


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
    if "\\" not in raw:
        return raw[1:-1]

    def meant(found: re.Match[str]) -> str:
        escaped = _escaped(found, raw[0])
        return found.group() if escaped is None else escaped

    return _ESCAPE.sub(meant, raw[1:-1])


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
