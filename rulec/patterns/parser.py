"""Text of a pattern to its syntax tree, after RE2's syntax (https://github.com/google/re2/wiki/Syntax).

What a finite automaton cannot do is refused with a hint how to write it instead.
"""

from __future__ import annotations

import re

from rulec.diagnostics import Diagnostic, Rejected
from rulec.diagnostics.names import did_you_mean
from rulec.patterns.refusals import BACK_REFERENCE, ESCAPES, ESCAPES_IN_CLASS, GROUPS
from rulec.patterns.syntax import (
    ANY,
    DIGIT,
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
    normalise,
)
from rulec.patterns.unicode import class_names, fold_case, unicode_class
from rulec.source import Located

MAX_LENGTH = 2000
MAX_REPEAT = 1000
MAX_NESTING = 100

_CLASSES: dict[str, Ranges] = {"d": DIGIT, "w": WORD, "s": SPACE}
_ASSERTIONS = {"A": "text_start", "z": "text_end", "b": "word_boundary", "B": "no_word_boundary"}
_CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_MISPLACED = "AzbBQE"
"""Letters whose escapes are in the dialect, but not everywhere."""
_PLAIN = re.compile(r"[^\\.^$|()\[*+?{]+")
"""Characters that stand for themselves."""
_OCTAL = frozenset("01234567")
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


class _Singles(dict[str, Chars]):
    """The node of each character that was met: most of a pattern is plain characters."""

    def __missing__(self, character: str) -> Chars:
        code = ord(character)
        self[character] = made = Chars(((code, code),))
        return made


_SINGLES = _Singles()


def parse(text: Located, longest: int = MAX_LENGTH) -> Pattern:
    """The syntax tree of a pattern; raises Rejected with the place inside the pattern."""
    return _Parser(text, longest).parse()


class _Parser:
    def __init__(self, located: Located, longest: int) -> None:
        self.located = located
        self.text = located.text
        self.longest = longest
        self.at = 0
        self.depth = 0
        self.flags = {"i": False, "s": False, "m": False, "U": False}

    def parse(self) -> Pattern:
        if len(self.text) > self.longest:
            raise self.error(
                f"this pattern is longer than {self.longest} characters",
                self.longest,
                len(self.text),
                "split it into several patterns, as a list",
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
        start = self.at  # of the last item
        repeated = False  # whether a repetition stands right before
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            plain = self.plain()
            if plain:
                items += plain
                start, repeated = self.at - 1, False
                continue
            sign = self.at
            bounds = self.bounds()
            if bounds is None:
                found = self.items()
                if found:
                    start = sign
                items += found
            elif not items:
                raise self.repeats_nothing(sign)
            elif repeated:
                again = self.text[start : self.at]
                raise self.error(f"`{again}` repeats a repetition", start, self.at, "put the inner one in parentheses")
            else:
                items[-1] = self.repetition(items[-1], bounds, sign)
            repeated = bounds is not None
        return items[0] if len(items) == 1 else Concat(tuple(items))

    def plain(self) -> list[Pattern]:
        """The characters from here on that stand for themselves; none is fine."""
        found = _PLAIN.match(self.text, self.at)
        if found is None:
            return []
        self.at = found.end()
        run = found.group()
        return [self.literal(ord(one)) for one in run] if self.flags["i"] else list(map(_SINGLES.__getitem__, run))

    def repetition(self, item: Pattern, bounds: tuple[int, int | None], sign: int) -> Pattern:
        """An item with the `*` or `{…}` that stands at `sign`, just read."""
        low, high = bounds
        if max(low, high or 0) >= 2 and max(low, high or 0) * most_copies(item) > MAX_REPEAT:
            raise self.error(
                f"repetitions in one another count to {MAX_REPEAT} at most, multiplied",
                sign,
                self.at,
                "count to less",
            )
        item = Repeat(item, low, high, (sign, self.at))
        if self.peek("?"):  # lazy or greedy makes no difference to whether a text matches
            self.at += 1
        if self.peek("+"):
            raise self.unsupported(
                "possessive repetition is not in the dialect",
                self.at,
                self.at + 1,
                "remove the `+`: nothing backtracks here",
            )
        return item

    def repeats_nothing(self, sign: int) -> Rejected:
        text = self.text[sign : self.at]
        if text.startswith("{"):
            return self.error(f"`{text}` repeats nothing", sign, self.at, "write `\\{` for the character itself")
        any_text = "write `.*` for any text, or " if text == "*" else "write "
        return self.error(f"`{text}` repeats nothing", sign, help=f"{any_text}`\\{text}` for the character itself")

    def bounds(self) -> tuple[int, int | None] | None:
        """Reads how often to repeat, if that stands here."""
        character = self.text[self.at]
        if character in "*+?":
            self.at += 1
            return int(character == "+"), 1 if character == "?" else None
        end = self.text.find("}", self.at) if character == "{" else -1
        low_text, comma, high_text = self.text[self.at + 1 : max(end, self.at)].partition(",")
        if not _is_count(low_text) or (high_text and not _is_count(high_text)):
            return None  # as in RE2, a brace that counts nothing is a character
        counted = self.text[self.at : end + 1]
        if max(len(low_text), len(high_text)) > 4 or max(int(low_text), int(high_text or 0)) > MAX_REPEAT:
            raise self.error(
                f"a repetition counts to {MAX_REPEAT} at most",
                self.at,
                end + 1,
                "write `*` or `+` if any number will do",
            )
        low = int(low_text)
        high = low if not comma else int(high_text) if high_text else None
        if high is not None and high < low:
            raise self.error(f"`{counted}` counts backwards", self.at, end + 1, f"write `{{{high},{low}}}`")
        self.at = end + 1
        return low, high

    def items(self) -> list[Pattern]:
        """The next parts of a sequence: one, none for flags, one for each character of `\\Q…\\E`."""
        character = self.text[self.at]
        if character == "(":
            return self.group()
        if character == "[":
            return [Chars(self.character_class())]
        if character == "\\":
            return self.escape()
        self.at += 1
        if character == ".":
            return [Chars(ANY if self.flags["s"] else NOT_NEWLINE)]
        if character == "^":
            return [Assertion("line_start" if self.flags["m"] else "text_start")]
        if character == "$":
            return [Assertion("line_end" if self.flags["m"] else "text_end")]
        return [self.literal(ord(character))]

    def literal(self, code: int) -> Chars:
        return Chars(self.folded(code, code)) if self.flags["i"] else _SINGLES[chr(code)]

    def folded(self, low: int, high: int) -> Ranges:
        return fold_case(((low, high),)) if self.flags["i"] else ((low, high),)

    def named(self, ranges: Ranges, negated: bool) -> Ranges:
        """A class that has a name; its other cases belong to it before it is turned around."""
        if self.flags["i"]:
            ranges = fold_case(ranges)
        return complement(ranges) if negated else ranges

    # Groups

    def group(self) -> list[Pattern]:
        start = self.at
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.error(f"groups are nested more than {MAX_NESTING} deep", start, help="use fewer parentheses")
        flags = dict(self.flags)
        self.at += 1
        if self.peek("?") and not self.group_prefix(start):
            self.depth -= 1
            return []
        body = self.alternation()
        if not self.peek(")"):
            raise self.error(
                "this `(` is never closed", start, help="close it with `)`, or write `\\(` for the character itself"
            )
        self.at += 1
        self.depth -= 1
        self.flags = flags
        return [body]

    def group_prefix(self, start: int) -> bool:
        """Reads `?…` of a group; False for flags that hold from here on, such as `(?i)`."""
        for prefix, message, help in GROUPS:
            if self.text.startswith(prefix, start):
                raise self.unsupported(message, start, start + len(prefix), help)
        if not self.peek("?P<") and not self.peek("?<"):
            return self.group_flags(start)
        name_start = self.text.find("<", start) + 1
        end = self.text.find(">", start)
        name = self.text[name_start : max(end, name_start)]
        unused = "write `(?:…)`: names are not used"
        if not f"_{name}".isidentifier() or not name:
            raise self.error("this group's name is not a word", start, max(end + 1, name_start), unused)
        self.at = end + 1
        return True

    def group_flags(self, start: int) -> bool:
        self.at += 1
        on = True
        changed = dict(self.flags)
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character in changed:
                changed[character] = on
            elif character == "-" and on and self.text[self.at : self.at + 1] in changed:
                on = False
            elif character in ":)":
                self.flags = changed
                return character == ":"
            else:
                raise self.unsupported(
                    f"`{character}` is no flag of the dialect",
                    self.at - 1,
                    self.at,
                    "flags are i, m, s and U, as in `(?i)` and `(?-i)`; a plain group is `(?:…)`",
                )
        raise self.error("these flags are never closed", start, self.at, "close them with `)`")

    # Escapes

    def escape(self) -> list[Pattern]:
        start = self.at
        letter = self.text[start + 1 : start + 2]
        if letter == "Q":
            end = self.text.find("\\E", start + 2)
            quoted = self.text[start + 2 : end if end >= 0 else len(self.text)]
            self.at = end + 2 if end >= 0 else len(self.text)
            return [self.literal(ord(one)) for one in quoted]
        if letter and letter in _ASSERTIONS:
            self.at += 2
            return [Assertion(_ASSERTIONS[letter])]  # type: ignore[arg-type]
        known = self.class_escape()
        if known is not None:
            return [Chars(known)]
        return [self.literal(self.escaped_code(ESCAPES))]

    def class_escape(self) -> Ranges | None:
        """Reads `\\d`, `\\pL` and their like, if one stands here."""
        letter = self.text[self.at + 1 : self.at + 2] if self.peek("\\") else ""
        if not letter or letter not in "dDwWsSpP":
            return None
        if letter in "pP":
            return self.unicode_escape()
        self.at += 2
        return self.named(_CLASSES[letter.lower()], letter.isupper())

    def unicode_escape(self) -> Ranges:
        start = self.at
        end = start + 3
        name = self.text[start + 2 : end]
        if name == "{":
            end = self.text.find("}", start) + 1
            if not end:
                raise self.error("this `{` is never closed", start + 2, help="close it with `}`, as in `\\p{Greek}`")
            name = self.text[start + 3 : end - 1]
        positive = name.removeprefix("^")
        ranges = unicode_class(positive)
        if ranges is None:
            near = did_you_mean(positive, class_names())
            raise self.error(
                f"there is no Unicode class `{positive}`" if positive else "a Unicode class needs a name",
                start,
                min(end, len(self.text)),
                f"did you mean `\\p{{{near}}}`?"
                if near
                else "known are general categories such as `\\pL` and `\\p{Lu}`, and scripts such as `\\p{Greek}`",
            )
        self.at = end
        return self.named(ranges, (self.text[start + 1] == "P") != name.startswith("^"))

    def escaped_code(self, refused: dict[str, str]) -> int:
        """Reads an escape that stands for one character; `refused` has the hints for those that do not."""
        start = self.at
        letter = self.text[start + 1 : start + 2]
        self.at += 2
        if not letter:
            raise self.error("the pattern ends in a backslash", start, help="write `\\\\` for the character itself")
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter.isascii() and not letter.isalnum():
            return ord(letter)
        if letter == "x":
            return self.hexadecimal(start)
        if letter == "0" or (
            letter in _OCTAL and self.text[self.at : self.at + 1] in _OCTAL and self.at < len(self.text)
        ):
            while self.at < start + 4 and self.text[self.at : self.at + 1] in _OCTAL and self.at < len(self.text):
                self.at += 1
            return int(self.text[start + 1 : self.at], 8)
        if letter in "123456789kg":
            raise self.unsupported(BACK_REFERENCE[0], start, start + 2, BACK_REFERENCE[1])
        if letter in refused and letter not in _MISPLACED:
            raise self.unsupported(f"`\\{letter}` is not in the dialect", start, start + 2, refused[letter])
        raise self.error(
            f"`\\{letter}` means nothing here",
            start,
            start + 2,
            refused.get(letter) or f"write `{letter}` for the character itself",
        )

    def hexadecimal(self, start: int) -> int:
        end = self.at + 2
        digits = self.text[self.at : end]
        if self.peek("{"):
            end = self.text.find("}", start) + 1
            digits = self.text[self.at + 1 : end - 1] if end else ""
        too_short = not self.peek("{") and len(digits) < 2
        if not digits or too_short or not _HEXADECIMAL.issuperset(digits):
            raise self.error(
                "this is no hexadecimal character code",
                start,
                min(end or start + 3, len(self.text)),
                "write two digits, `\\x41`, or any number in braces, `\\x{1f600}`",
            )
        if int(digits, 16) > LAST:
            raise self.error("there is no such character", start, end, "the last one is `\\x{10ffff}`")
        self.at = end
        return int(digits, 16)

    # Classes in brackets

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
        return complement(normalise(ranges)) if negated else normalise(ranges)

    def class_item(self) -> Ranges:
        start = self.at
        end = self.text.find(":]", start + 2) + 2 if self.peek("[:") else 0
        if end > 2:
            return self.posix_class(start, end)
        known = self.class_escape()
        if known is not None:
            return known
        low = self.class_character()
        if not self.peek("-") or self.peek("-]") or self.at + 1 == len(self.text):
            return self.folded(low, low)
        self.at += 1
        end = self.at
        if self.class_escape() is not None:
            raise self.error(
                "a range ends in one character, not in a class", end, self.at, "write `\\-` for the character `-`"
            )
        high = self.class_character()
        if high < low:
            first, last = self.text[start : end - 1], self.text[end : self.at]
            raise self.error(f"the range `{first}-{last}` runs backwards", start, self.at, f"write `{last}-{first}`")
        return self.folded(low, high)

    def posix_class(self, start: int, end: int) -> Ranges:
        name = self.text[start + 2 : end - 2]
        positive = name.removeprefix("^")
        if positive not in POSIX:
            raise self.error(f"there is no class `[:{name}:]`", start, end, f"known: {', '.join(POSIX)}")
        self.at = end
        return self.named(POSIX[positive], name.startswith("^"))

    def class_character(self) -> int:
        if self.peek("\\"):
            return self.escaped_code(ESCAPES_IN_CLASS)
        self.at += 1
        return ord(self.text[self.at - 1])


def _is_count(text: str) -> bool:
    """Whether this is a number as RE2 writes it: without zeros in front."""
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")


def most_copies(tree: Pattern) -> int:
    """How often the most repeated part of a pattern would stand there, were every counted repetition written out."""
    if isinstance(tree, Repeat):
        return max(tree.high or tree.low, 1) * most_copies(tree.body)
    parts = tree.items if isinstance(tree, Concat) else tree.branches if isinstance(tree, Alternate) else ()
    return max(map(most_copies, parts), default=1)
