"""Random patterns over few letters, and questions of which about half have no answer: what must not match is often what must, widened."""

from __future__ import annotations

from random import Random

Parts = list[str]
"""A pattern as parts that stand one after the other; the first may be `^`, the last `$`."""

_LETTERS = "ab1-"
_PARTS = (
    "a", "b", "1", "-", "ab", "ba", "a1", "[ab]", "[^a]", "[0-9]", r"\d", r"\w", ".", ".*", ".+", "a*", "b+", "(?:ab)*", "a?",
    "(?:a|b1)", "(?:ab|-)", "[ab]{2}", "(?:a|-){1,2}", "(?i:A)", "(?i:aB)", "b{0,2}", "(?:a|ab)(?:b|)", "(?:[ab]1)+",
)  # fmt: skip


def pattern(random: Random) -> Parts:
    parts = [random.choice(_PARTS) for _ in range(random.randint(1, 4))]
    return [*(["^"] if random.random() < 0.6 else []), *parts, *(["$"] if random.random() < 0.6 else [])]


def widened(parts: Parts, random: Random) -> Parts:
    """A pattern that takes all that this one does, or nearly."""
    made = list(parts)
    for _ in range(random.randint(1, 2)):
        at = random.randrange(len(made))
        kind = random.random()
        if made[at] in "^$":
            if kind < 0.5:
                del made[at]
        elif kind < 0.3:
            made[at] = f"(?:{made[at]}|{random.choice(_PARTS)})"
        elif kind < 0.55:
            made[at] = f"(?:{made[at]})*"
        elif kind < 0.75:
            made[at] = ".*"
        elif kind < 0.85:
            made[at] = f"(?:{made[at]})?"
        else:
            made[at] = random.choice(_PARTS)
        if not made:
            return [".*"]
    return made


def split(parts: Parts, random: Random) -> list[Parts]:
    """Patterns that together take what this one does: a case for each way to begin."""
    at = 1 if parts[0] == "^" else 0
    cases = random.choice((("[ab]", "[^ab]"), ("a", "[^a]"), (r"\d", r"\D")))
    found = [[*parts[:at], f"(?:{one}.*|{parts[at]})" if random.random() < 0.2 else one, ".*"] for one in cases]
    return [*found, ["^$"]] if at else [["a"], ["^[^a]*$"]]


def question(random: Random) -> tuple[list[str], list[str]]:
    """Patterns that must match and patterns that must not."""
    wanted = [pattern(random) for _ in range(random.choice((1, 1, 1, 2)))]
    unwanted: list[Parts] = []
    kind = random.random()
    if kind < 0.3:
        unwanted += [widened(random.choice(wanted), random) for _ in range(random.randint(1, 3))]
    elif kind < 0.45:
        unwanted += split(wanted[0], random)
    unwanted += [pattern(random) for _ in range(random.randint(0, 2))]
    return ["".join(one) for one in wanted], ["".join(one) for one in unwanted]


def words(longest: int) -> list[str]:
    """Every word over the letters up to a length, but the empty one."""
    found, last = [], [""]
    for _ in range(longest):
        last = [word + letter for word in last for letter in _LETTERS]
        found += last
    return found
