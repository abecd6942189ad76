"""Text of a pattern to its syntax tree, after RE2's syntax (https://github.com/google/re2/wiki/Syntax).

What a finite automaton cannot do is refused with a hint how to write it instead.
"""

from __future__ import annotations

import re

from rulec.diagnostics import Diagnostic, Rejected
from rulec.patterns.syntax import (
    ANY,
    DIGIT,
    EMPTY,
    LAST,
    NOT_NEWLINE,
    POSIX,
    SPACE,
    WORD,
    Alternate,
    Assertion,
    Chars,
    Concat,
    Pattern,
    Ranges,
    Repeat,
    complement,
    fold_case,
    normalise,
)
from rulec.source import Located

MAX_LENGTH = 2000
MAX_REPEAT = 1000
MAX_NESTING = 100

_CLASSES: dict[str, Ranges] = {"d": DIGIT, "w": WORD, "s": SPACE}
_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_PLAIN = re.compile(r"[^\\.^$|()\[*+?{]+")
"""Characters that stand for themselves."""
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

_SINGLES: dict[int, Chars] = {}
"""The node of each character that was met: most of a pattern is plain characters."""


def parse(text: Located) -> Pattern:
    """The syntax tree of a pattern; raises Rejected with the place inside the pattern."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, located: Located) -> None:
        self.located = located
        self.text = located.text
        self.at = 0
        self.depth = 0
        self.flags = {"i": False, "s": False, "m": False, "U": False}

    def parse(self) -> Pattern:
        if len(self.text) > MAX_LENGTH:
            raise self.error(
                f"this pattern is longer than {MAX_LENGTH} characters", 0, 1, "split it into several rules"
            )
        pattern = self.alternation()
        if self.at < len(self.text):
            raise self.error("this `)` closes nothing", self.at, help="write `\\)` for the character itself")
        return pattern

    def error(self, message: str, start: int, end: int | None = None, help: str | None = None) -> Rejected:
        span = self.located.part(start, start + 1 if end is None else end)
        return Rejected(Diagnostic("pattern-syntax", "error", message, span, help))

    def unsupported(self, message: str, start: int, end: int, help: str) -> Rejected:
        """The error for what other dialects have and an automaton cannot do, or has no need of."""
        return Rejected(Diagnostic("pattern-unsupported", "error", message, self.located.part(start, end), help))

    def peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def alternation(self) -> Pattern:
        flags = dict(self.flags)
        branches = [self.concatenation()]
        while self.peek("|"):
            self.at += 1
            branches.append(self.concatenation())
        self.flags = flags
        return branches[0] if len(branches) == 1 else Alternate(tuple(branches))

    def concatenation(self) -> Pattern:
        items: list[Pattern] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            items += self.plain()
            if self.at == len(self.text) or self.text[self.at] in "|)":
                break
            start = self.at
            item = self.atom()
            if item is not None:
                items.append(self.repetition(item, start))
        return items[0] if len(items) == 1 else Concat(tuple(items))

    def plain(self) -> list[Pattern]:
        """The characters from here on that stand for themselves and are not repeated; none is fine."""
        found = _PLAIN.match(self.text, self.at)
        if found is None:
            return []
        start, end = found.span()
        if end < len(self.text) and self.text[end] in "*+?{":
            end -= 1
        self.at = end
        return [self.literal(ord(character)) for character in self.text[start:end]]

    def repetition(self, item: Pattern, start: int) -> Pattern:
        repeated = False
        while self.at < len(self.text):
            bounds = self.bounds()
            if bounds is None:
                return item
            if repeated:
                again = self.text[start : self.at]
                raise self.error(f"`{again}` repeats a repetition", start, self.at, "put the inner one in parentheses")
            repeated = True
            low, high = bounds
            if self.peek("?"):  # lazy or greedy makes no difference to whether a text matches
                self.at += 1
            elif self.peek("+"):
                raise self.unsupported(
                    "possessive repetition is not in the dialect",
                    self.at,
                    self.at + 1,
                    "remove the `+`: nothing backtracks here",
                )
            item = Repeat(item, low, high)
        return item

    def bounds(self) -> tuple[int, int | None] | None:
        character = self.text[self.at]
        if character in "*+?":
            self.at += 1
            return int(character == "+"), 1 if character == "?" else None
        if character != "{":
            return None
        end = self.text.find("}", self.at)
        inside = self.text[self.at + 1 : end] if end >= 0 else ""
        low_text, comma, high_text = inside.partition(",")
        if not (
            low_text.isascii()
            and low_text.isdigit()
            and (high_text == "" or high_text.isascii() and high_text.isdigit())
        ):
            return None  # as in RE2, a brace that counts nothing is a character
        if len(low_text) > 4 or len(high_text) > 4 or max(int(low_text), int(high_text or 0)) > MAX_REPEAT:
            raise self.error(f"a repetition counts to {MAX_REPEAT} at most", self.at, end + 1)
        low = int(low_text)
        high = low if not comma else int(high_text) if high_text else None
        if high is not None and high < low:
            counted = self.text[self.at : end + 1]
            raise self.error(f"`{counted}` counts backwards", self.at, end + 1, f"write `{{{high},{low}}}`")
        self.at = end + 1
        return low, high

    def atom(self) -> Pattern | None:
        start = self.at
        character = self.text[start]
        if character == "(":
            return self.group()
        if character == "[":
            return Chars(self.character_class())
        if character == "\\":
            return self.escape()
        if character in "*+?":
            raise self.error(
                f"`{character}` repeats nothing", start, help=f"write `\\{character}` for the character itself"
            )
        if character == "{" and self.bounds() is not None:
            raise self.error("this repetition repeats nothing", start, self.at)
        self.at = start + 1
        if character == ".":
            return Chars(ANY if self.flags["s"] else NOT_NEWLINE)
        if character == "^":
            return Assertion("line_start" if self.flags["m"] else "text_start")
        if character == "$":
            return Assertion("line_end" if self.flags["m"] else "text_end")
        return self.literal(ord(character))

    def literal(self, code: int) -> Chars:
        if self.flags["i"]:
            return Chars(fold_case(((code, code),)))
        known = _SINGLES.get(code)
        if known is None:
            known = _SINGLES[code] = Chars(((code, code),))
        return known

    def group(self) -> Pattern | None:
        start = self.at
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.error(f"groups are nested more than {MAX_NESTING} deep", start)
        flags = dict(self.flags)
        if self.peek("(?"):
            opened = self.group_prefix(start)
            if not opened:
                self.depth -= 1
                return None
        else:
            self.at += 1
        body = self.alternation()
        if not self.peek(")"):
            raise self.error(
                "this `(` is never closed", start, help="close it with `)`, or write `\\(` for the character itself"
            )
        self.at += 1
        self.depth -= 1
        self.flags = flags
        return body

    def group_prefix(self, start: int) -> bool:
        """Reads `(?…`; False for flags that hold from here on, such as `(?i)`."""
        for prefix in ("(?=", "(?!", "(?<=", "(?<!"):
            if self.peek(prefix):
                raise self.unsupported(
                    "look-around is not in the dialect",
                    start,
                    start + len(prefix),
                    "say it in the rule instead: a rule above for the exception, or a condition such as"
                    ' `model matches "…" and not model matches "…"`',
                )
        if self.peek("(?("):
            raise self.unsupported(
                "conditionals are not in the dialect", start, start + 3, "write the cases as alternatives: `a|b`"
            )
        if self.peek("(?>"):
            raise self.unsupported(
                "atomic groups, `(?>`, are not in the dialect", start, start + 3, "write `(?:`: nothing backtracks here"
            )
        if self.peek("(?P="):
            raise self.unsupported(
                "back-references are not in the dialect", start, start + 4, "write the alternatives out"
            )
        if self.peek("(?P<") or self.peek("(?<"):
            end = self.text.find(">", self.at)
            name = self.text[self.text.find("<", self.at) + 1 : end] if end >= 0 else ""
            if not name.isidentifier():
                raise self.error("this group name is not a word", start, help="write `(?:…)`: names are not used")
            self.at = end + 1
            return True
        return self.group_flags(start)

    def group_flags(self, start: int) -> bool:
        self.at += 2
        on = True
        changed = dict(self.flags)
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character in changed:
                changed[character] = on
            elif character == "-" and on:
                on = False
            elif character in ":)":
                self.flags = changed
                return character == ":"
            else:
                break
        raise self.unsupported(
            "this group is not in the dialect", start, self.at, "flags are i, m, s and U; a plain group is `(?:…)`"
        )

    def escape(self) -> Pattern:
        start = self.at
        if start + 1 >= len(self.text):
            raise self.error("the pattern ends in a backslash", start, help="write `\\\\` for the character itself")
        letter = self.text[start + 1]
        if letter.lower() in _CLASSES:
            self.at += 2
            return Chars(self.perl_class(letter))
        if letter in "AzbB":
            self.at += 2
            kinds = {"A": "text_start", "z": "text_end", "b": "word_boundary", "B": "no_word_boundary"}
            return Assertion(kinds[letter])  # type: ignore[arg-type]
        if letter == "Z":
            raise self.unsupported("`\\Z` is not in the dialect", start, start + 2, "write `$` or `\\z` for the end")
        if letter == "Q":
            end = self.text.find("\\E", start + 2)
            quoted = self.text[start + 2 : end if end >= 0 else len(self.text)]
            self.at = end + 2 if end >= 0 else len(self.text)
            return Concat(tuple(self.literal(ord(c)) for c in quoted)) if quoted else EMPTY
        if letter in "123456789" or letter == "k" or letter == "g":
            raise self.unsupported(
                "back-references are not in the dialect", start, start + 2, "write the alternatives out"
            )
        if letter in "pP":
            raise self.unsupported(
                "Unicode classes are not in the dialect",
                start,
                start + 2,
                "model names are ASCII: write a class such as `[a-z]`",
            )
        return self.literal(self.escaped_code())

    def perl_class(self, letter: str) -> Ranges:
        ranges = _CLASSES[letter.lower()]
        if self.flags["i"]:
            ranges = fold_case(ranges)
        return complement(ranges) if letter.isupper() else ranges

    def escaped_code(self) -> int:
        start = self.at
        letter = self.text[start + 1] if start + 1 < len(self.text) else ""
        self.at += 2
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter in _PUNCTUATION:
            return ord(letter)
        if letter == "x":
            return self.hexadecimal(start)
        if letter == "0":
            end = self.at
            while end < len(self.text) and end < start + 4 and self.text[end] in "01234567":
                end += 1
            self.at = end
            return int(self.text[start + 1 : end], 8)
        raise self.error(
            f"`\\{letter}` means nothing here", start, start + 2, f"write `{letter}` for the character itself"
        )

    def hexadecimal(self, start: int) -> int:
        if self.peek("{"):
            end = self.text.find("}", self.at)
            digits = self.text[self.at + 1 : end] if end >= 0 else ""
            self.at = end + 1
        else:
            digits = self.text[self.at : self.at + 2]
            self.at += 2
            if len(digits) < 2:
                digits = ""
        if (
            not digits
            or len(digits) > 8
            or any(c not in "0123456789abcdefABCDEF" for c in digits)
            or int(digits, 16) > LAST
        ):
            raise self.error(
                "this is no hexadecimal character code", start, max(self.at, start + 2), "write `\\x41` or `\\x{41}`"
            )
        return int(digits, 16)

    def character_class(self) -> Ranges:
        start = self.at
        self.at += 1
        negated = self.peek("^")
        if negated:
            self.at += 1
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.peek("]"):
            if self.at >= len(self.text):
                raise self.error(
                    "this `[` is never closed", start, help="close it with `]`, or write `\\[` for the character itself"
                )
            ranges += self.class_item()
            first = False
        self.at += 1
        result = normalise(ranges)
        if self.flags["i"]:
            result = fold_case(result)
        result = complement(result) if negated else result
        if not result:
            raise self.error("this class holds no character", start, self.at)
        return result

    def class_item(self) -> Ranges:
        start = self.at
        if self.peek("[:"):
            end = self.text.find(":]", start)
            name = self.text[start + 2 : end] if end >= 0 else ""
            positive = name.removeprefix("^")
            if end >= 0 and positive in POSIX:
                self.at = end + 2
                return complement(POSIX[positive]) if name.startswith("^") else POSIX[positive]
            if end >= 0 and positive.isalpha():
                known = ", ".join(POSIX)
                raise self.error(f"there is no class `[:{name}:]`", start, end + 2, f"known: {known}")
        letter = self.text[start + 1 : start + 2]
        if self.peek("\\") and letter.lower() in _CLASSES:
            self.at += 2
            return self.perl_class(letter)
        low = self.class_character(start)
        if self.peek("-") and not self.peek("-]") and self.at + 1 < len(self.text):
            self.at += 1
            high = self.class_character(start)
            if high < low:
                raise self.error(
                    f"the range `{self.text[start : self.at]}` runs backwards",
                    start,
                    self.at,
                    f"write `{chr(high)}-{chr(low)}`",
                )
            return ((low, high),)
        return ((low, low),)

    def class_character(self, start: int) -> int:
        if self.peek("\\"):
            if self.text[self.at + 1 : self.at + 2] in ("p", "P"):
                raise self.unsupported(
                    "Unicode classes are not in the dialect",
                    self.at,
                    self.at + 2,
                    "write the characters, such as `a-z`",
                )
            return self.escaped_code()
        self.at += 1
        return ord(self.text[self.at - 1])
