"""Text of a condition to its tokens, and a stream of them that tells what does not fit at its narrowest place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from rulec.diagnostics import Diagnostic, Rejected
from rulec.records import record
from rulec.source import Located

MAX_TOKENS = 5000

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
    (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<regex>/(?:\\.|[^/\\\n])+/)
  | (?P<clock>[0-9]{1,2}:[0-9]{2}(?![0-9:]))
  | (?P<size>[0-9]+(?:\.[0-9]+)?[bBmM](?![A-Za-z0-9_]))
  | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![A-Za-z0-9_.:]))
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:[.][A-Za-z0-9_.-]*[A-Za-z0-9_-])?)
  | (?P<operator>==|!=|<=|>=|<|>|\(|\)|\[|\]|,|-|=|&&|\|\||!)
)""",
    re.VERBOSE | re.DOTALL,
)
INSTEAD = {
    "=": "==",
    "&&": "and",
    "||": "or",
    "!": "not",
    "is": "==",
    "AND": "and",
    "OR": "or",
    "NOT": "not",
    "~": "matches",
}
"""What people write in place of an operator."""


@record
class Token:
    """A token with its place in the condition's text; `kind` is the name of its group in the pattern, or `end`."""

    kind: str
    text: str
    start: int
    end: int


def tokens_of(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token of a condition, up to what is none."""
    position = 0
    while (found := _TOKEN.match(text, position)) is not None:
        kind = str(found.lastgroup)
        yield kind, found.group(kind)
        position = found.end()


class TokenStream:
    """The tokens of one condition, taken one after the other; whatever is wrong raises Rejected."""

    def __init__(self, located: Located) -> None:
        self.located = located
        self.tokens = self.tokenise(located.text)
        self.at = 0

    def tokenise(self, text: str) -> list[Token]:
        tokens: list[Token] = []
        position = 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                rest = text[position:].lstrip(" \t\r\n")
                if not rest:
                    break
                self.reject_character(text, len(text) - len(rest))
            kind = str(found.lastgroup)
            start, position = found.span(kind)
            tokens.append(Token(kind, text[start:position], start, position))
            if len(tokens) > MAX_TOKENS:
                self.fail("this condition is too long", position, position + 1, "split it into several rules")
        tokens.append(Token("end", "", len(text), len(text)))
        return tokens

    def reject_character(self, text: str, start: int) -> NoReturn:
        if text[start] in "\"'":
            self.fail("this text is never closed", start, len(text), f"close it with {text[start]}")
        if text[start] == "/":
            self.fail("this pattern is never closed", start, len(text), "close it with `/`; inside write `\\/`")
        end = start + 1
        while end < len(text) and (text[end].isalnum() or text[end] in "._"):
            end += 1
        word = text[start:end]
        help = "texts stand in quotes, sizes look like 8B, numbers like 0.5"
        if word in INSTEAD:
            help = f"write `{INSTEAD[word]}`"
        elif re.fullmatch(r"[0-9.]+[A-Za-z]+", word):
            help = "sizes look like 8B, 1.5B or 350M; numbers have no unit"
        self.fail(f"`{word}` means nothing here", start, end, help)

    def fail(
        self, message: str, start: int, end: int, help: str | None = None, code: str = "condition-syntax"
    ) -> NoReturn:
        span = self.located.part(start, max(end, start + 1))
        raise Rejected(Diagnostic(code, "error", message, span, help))

    def fail_at(self, token: Token, message: str, help: str | None = None, code: str = "condition-syntax") -> NoReturn:
        self.fail(message, token.start, token.end, help, code)

    @property
    def current(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, text: str) -> bool:
        if self.current.text == text and self.current.kind in ("word", "operator"):
            self.at += 1
            return True
        return False

    def expect(self, text: str, what: str) -> None:
        if not self.accept(text):
            self.fail_at(self.current, f"{what} is missing its `{text}`" if self.ended else f"expected `{text}` here")

    @property
    def ended(self) -> bool:
        return self.current.kind == "end"


def unquote(text: str) -> str:
    r"""The text between quotes: `\\` and the escaped quote are escapes, any other backslash stays."""
    quote, inner = text[0], text[1:-1]
    if "\\" not in inner:
        return inner
    return re.sub(r"\\([\\" + quote + "])", r"\1", inner)


def unescape(inner: Located, text: str, quote: str) -> Located:
    r"""A pattern out of its quotes or slashes, places kept; between slashes only `\/` is an escape."""
    kept: list[int] = []
    position = 0
    while position < len(text):
        escapes = quote if quote == "/" else "\\" + quote
        if text[position] == "\\" and position + 1 < len(text):
            if text[position + 1] in escapes:
                kept.append(position + 1)
            else:
                kept += [position, position + 1]
            position += 2
        else:
            kept.append(position)
            position += 1
    offsets = tuple(inner.part(at, at + 1).start for at in kept)
    return Located("".join(text[at] for at in kept), inner.span, offsets)
