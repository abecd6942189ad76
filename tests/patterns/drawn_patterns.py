"""Random patterns over the whole dialect, each with texts near it: matches, and matches with something changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from rulec.patterns.unicode import class_names, unicode_class

CLASS_NAMES = class_names()
LETTERS = "abcABC-x17._ \n\r\té\u00e8Kkſs\u212aΣσςαßẞ€一😀\u0301٣½\0" + "\v\f/09:@AZ[`az{^\x7f\x80\u00a0"
CLASSES = {
    r"\d": "019", r"\w": "aZ_0", r"\s": " \t\n", r"\D": "a\né", r"\W": "- é", r"\S": "aé-", r"[[:alpha:]]": "aZ",
    r"[[:^alpha:]]": "1é", r"[[:punct:]]": "-!", r"[[:^space:]]": "a\u00a0", r"\pL": "aéα", r"\pN": "1½", r"\p{Lu}": "AΣ",
    r"\p{Ll}": "aσ", r"\p{Greek}": "ασ", r"\p{Latin}": "aé\u212a", r"\p{Han}": "一", r"\PL": "1-", r"\P{Greek}": "a1",
    r"\p{^Lu}": "a1", r"\P{^Nd}": "1٣", r"\p{Any}": "a\n", r"\pM": "\u0301", r"\p{Sc}": "€", r"\pC": "\0",
}  # fmt: skip
ESCAPES = {
    r"\n": "\n", r"\t": "\t", r"\r": "\r", r"\a": "\a", r"\f": "\f", r"\v": "\v", r"\x41": "A", r"\x{e9}": "é",
    r"\x{1F600}": "😀", r"\012": "\n", r"\101": "A", r"\0": "\0", r"\.": ".", r"\-": "-", r"\_": "_", r"\ ": " ",
    r"\\": "\\", r"\/": "/",
}  # fmt: skip
CLASS_PARTS = (
    "a", "x", "k", "s", "é", "ſ", "σ", "1", ".", "-", "a-c", "A-Z", "0-7", "α-ω", "À-ÿ", r"\d", r"\W", r"\s", r"\n", r"\]", r"\x41",
    r"\pL", r"\p{Lu}", r"\PN", r"\p{Greek}", "[:digit:]", "[:^lower:]", "[:word:]", "^", "*", "\\-",
)  # fmt: skip
ASSERTIONS = ("^", "$", r"\A", r"\z", r"\b", r"\B", "(?m:^)", "(?m:$)")
FLAGS = (
    "(?i:{})",
    "(?s:{})",
    "(?m:{})",
    "(?U:{})",
    "(?im:{})",
    "(?-s:{})",
    "(?i-m:{})",
    "(?:(?i){})",
    "(?:(?s){})",
    "(?:(?m){})",
)
GROUPS = ("({})", "(?:{})", "(?P<n>{})", "(?<n>{})")
COUNTS = ((0, 0), (0, 1), (1, 1), (2, 2), (3, 3), (0, 3), (1, 3), (2, 5), (0, None), (1, None), (2, None), (7, 9))

Sampler = Callable[[Random], str]


@dataclass
class Drawn:
    """A pattern, and a maker of texts that it matches (as far as its anchors allow)."""

    text: str
    sample: Sampler


class Patterns:
    """Draws patterns; `tally` counts of what they are made."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.tally: Counter[str] = Counter()

    def pattern(self) -> Drawn:
        kind = self.random.random()
        if kind < 0.2:
            return self.globs()
        if kind < 0.22:
            return self.places()
        drawn = self.alternatives(self.random.choice((0, 1, 2, 2, 3)))
        if self.random.random() < 0.15:
            flags = self.counted("flags for all", self.random.choice(("(?i)", "(?s)", "(?m)", "(?im)", "(?si)")))
            inner = drawn.sample
            drawn = Drawn(
                flags + drawn.text, lambda random: other_case(inner(random), random) if "i" in flags else inner(random)
            )
        if self.random.random() < 0.25:
            before, after = self.random.choice((("^", "$"), ("^", ""), ("", "$"), (r"\A", r"\z")))
            self.tally["anchored"] += 1
            drawn = Drawn(f"{before}(?:{drawn.text}){after}", drawn.sample)
        return drawn

    def globs(self) -> Drawn:
        """Literals with `.*` between them, as most patterns for names are, in up to three alternatives."""
        globs = []
        for _ in range(self.random.choice((1, 1, 2, 3))):
            parts = ["".join(self.random.choices("ab-7.é\n", (4, 3, 2, 2, 1, 1, 0.2), k=self.random.randint(0, 3)))]
            parts += [self.random.choice(("ab", "-", "7b", "")) for _ in range(self.random.choice((0, 0, 1, 1, 2)))]
            before, after = self.random.choice(("", "^", r"\A")), self.random.choice(("", "$", r"\z"))
            text = before + ".*".join(one.replace(".", r"\.") for one in parts) + after
            globs.append(Drawn(text, lambda random, parts=parts: random.choice(("", "-", "a\n")).join(parts)))
        self.tally["globs"] += 1
        return Drawn("|".join(one.text for one in globs), lambda random: random.choice(globs).sample(random))

    def places(self) -> Drawn:
        """Empty places in a text, and little else."""
        signs = "".join(
            self.random.choice((r"\B", r"\B", r"\b", "^", "$", "(?m:^)", "a?"))
            for _ in range(self.random.randint(1, 2))
        )
        self.tally["places"] += 1
        return Drawn(signs, lambda random: random.choice(("", "aéa", "é", "😀a", "a-", "ab")))

    def texts(self, drawn: Drawn, number: int) -> list[str]:
        """Texts near a pattern."""
        found = []
        for _ in range(number):
            text = drawn.sample(self.random)[:200]
            for _ in range(self.random.choice((0, 0, 1, 1, 2))):
                text = self.changed(text)
            found.append(text)
        return found

    def changed(self, text: str) -> str:
        at = self.random.randint(0, len(text))
        kind = self.random.randrange(6)
        if kind == 0:
            return text[:at] + text[at + 1 :]
        if kind == 1:
            return text[:at] + self.letter() + text[at:]
        if kind == 2:
            return text[:at] + self.letter() + text[at + 1 :]
        if kind == 3:
            return "".join(self.letter() for _ in range(3)) + text
        if kind == 4:
            return text + "".join(self.letter() for _ in range(3))
        return text[:at] + "\n" + text[at:]

    def letter(self) -> str:
        return self.random.choice(LETTERS) if self.random.random() < 0.9 else self.any_letter()

    def any_letter(self) -> str:
        """A character of some class of Unicode, one of the class's edges more often than not."""
        ranges = unicode_class(self.random.choice(CLASS_NAMES)) or ()
        low, high = self.random.choice(ranges)
        code = self.random.choice((low, high, max(low - 1, 0), min(high + 1, 0x10FFFF), self.random.randint(low, high)))
        return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)

    def counted(self, what: str, text: str) -> str:
        self.tally[what] += 1
        self.tally[f"{what} {text}"] += 1
        return text

    def alternatives(self, depth: int) -> Drawn:
        branches = [self.sequence(depth) for _ in range(self.random.choice((1, 1, 1, 2, 3)))]
        if len(branches) == 1:
            return branches[0]
        self.tally["alternatives"] += 1
        if self.random.random() < 0.1:
            self.tally["empty alternative"] += 1
            branches.append(Drawn("", lambda random: ""))
        return Drawn("|".join(one.text for one in branches), lambda random: random.choice(branches).sample(random))

    def sequence(self, depth: int) -> Drawn:
        parts = [self.repeated(depth) for _ in range(self.random.choice((1, 1, 2, 3, 4)))]
        return Drawn("".join(one.text for one in parts), lambda random: "".join(one.sample(random) for one in parts))

    def repeated(self, depth: int) -> Drawn:
        body = self.atom(depth)
        if self.random.random() > 0.35:
            return body
        lazy = self.random.choice(("", "", "?"))
        if self.random.random() < 0.5:
            sign = self.counted("repeat", self.random.choice("*+?") + lazy)
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign[0]]
        else:
            low, high = self.random.choice(COUNTS)
            sign = f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"
            sign = self.counted("repeat", sign + lazy)
        most = low + 3 if high is None else high
        return Drawn(
            body.text + sign, lambda random: "".join(body.sample(random) for _ in range(random.randint(low, most)))
        )

    def atom(self, depth: int) -> Drawn:
        kinds = (self.literal, self.dot, self.escape, self.named_class, self.bracket, self.assertion, self.quoted)
        if depth > 0 and self.random.random() < 0.45:
            return self.group(depth - 1)
        return self.random.choices(kinds, (7, 2, 2, 3, 3, 2, 1))[0]()

    def literal(self) -> Drawn:
        text = self.counted(
            "literal",
            self.random.choice(
                ("a", "b", "ab", "x", "7b", "-", "k", "S", "é", "σ", "ſ", "\u212a", "😀", "}", "{", "]", "{,2}")
            ),
        )
        *first, last = text  # a repetition takes only the last one
        return Drawn(text, lambda random: "".join(first) + last)

    def dot(self) -> Drawn:
        text = self.counted("dot", self.random.choice((".", ".", ".*", ".+")))
        if text == ".":
            return Drawn(text, lambda random: random.choice(LETTERS))
        return Drawn(f"(?:{text})", lambda random: "".join(random.choice(LETTERS) for _ in range(random.randint(1, 4))))

    def escape(self) -> Drawn:
        if self.random.random() < 0.2:
            self.tally["any code"] += 1
            letter = self.any_letter()
            return Drawn(rf"\x{{{ord(letter):x}}}", lambda random: letter)
        text = self.counted("escape", self.random.choice(list(ESCAPES)))
        return Drawn(text, lambda random: ESCAPES[text])

    def named_class(self) -> Drawn:
        if self.random.random() < 0.15:
            name = self.random.choice(CLASS_NAMES)
            self.tally["any class of Unicode"] += 1
            low, high = self.random.choice(unicode_class(name) or ())
            text = self.random.choice((r"\p{%s}", r"\p{%s}", r"\P{%s}", r"\p{^%s}", r"[\p{%s}_]", r"[^\p{%s}]")) % name
            return Drawn(text, lambda random: "-" if low == 0xD800 else chr(random.choice((low, high))))
        text = self.counted("class", self.random.choice(list(CLASSES)))
        return Drawn(text, lambda random: random.choice(CLASSES[text]))

    def bracket(self) -> Drawn:
        if self.random.random() < 0.1:
            self.tally["any range"] += 1
            low, high = sorted((self.any_letter(), self.any_letter()))
            return Drawn(rf"[\x{{{ord(low):x}}}-\x{{{ord(high):x}}}]", lambda random: random.choice((low, high)))
        parts = [self.counted("in brackets", self.random.choice(CLASS_PARTS)) for _ in range(self.random.randint(1, 3))]
        if parts[0] == "^":
            parts[0] = r"\^"
        negated = self.random.random() < 0.3
        text = f"[{self.counted('negated', '^') if negated else ''}{''.join(parts)}]"
        likely = [one for one in parts[0] if one.isalnum()] or ["-"]
        return Drawn(text, lambda random: random.choice(LETTERS if negated else likely))

    def assertion(self) -> Drawn:
        return Drawn(
            self.counted("assertion", self.random.choice(ASSERTIONS)), lambda random: random.choice(("", "", "\n", " "))
        )

    def quoted(self) -> Drawn:
        text = self.random.choice(("a.b", "x*", "é|", "(", "", "k"))
        self.tally["quoted"] += 1
        return Drawn(rf"\Q{text}\E", lambda random: text)

    def group(self, depth: int) -> Drawn:
        inner = self.alternatives(depth)
        if self.random.random() < 0.4:
            form = self.counted("flags", self.random.choice(FLAGS))
            if "i" in form:
                return Drawn(form.format(inner.text), lambda random: other_case(inner.sample(random), random))
        else:
            form = self.counted("group", self.random.choice(GROUPS))
        return Drawn(form.format(inner.text), inner.sample)


def other_case(text: str, random: Random) -> str:
    """The text, some of its letters in their other case."""
    return "".join(one.swapcase() if random.random() < 0.5 else one for one in text)
