"""Drawn patterns match what RE2 matches: in the compiler, and in the emitted module; 0 differences."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from drawn_patterns import ASSERTIONS, CLASS_PARTS, CLASSES, ESCAPES, FLAGS, GROUPS, Drawn, Patterns
from pattern_ways import (
    PROVIDERS,
    compiled,
    condition_holds,
    conditions_module,
    emitted,
    holds_inside_characters,
    judge,
)

from rulec.diagnostics import Rejected
from rulec.runtime.matching import build_matcher

SEED, PATTERNS, TEXTS, LEAST_PAIRS = 20, 1250, 17, 20_000
IN_ONE = 300  # rules of a module


def agree(drawn: list[tuple[Drawn, list[str]]], tally: Counter[str]) -> None:
    """Compares the three ways for these patterns and texts; counts what was compared."""
    asked = []
    for one, texts in drawn:
        wanted = judge(one.text)
        try:
            ours = compiled(one.text)
        except Rejected as rejected:
            code = rejected.diagnostic.code
            assert wanted is None or code == "pattern-too-large", (one.text, code)
            tally[f"refused: {code}"] += 1
            continue
        assert wanted is not None, one.text
        asked.append((one.text, ours, wanted, texts))
    modules = [conditions_module([text for text, *_ in asked[at : at + IN_ONE]]) for at in range(0, len(asked), IN_ONE)]
    for number, (pattern, ours, wanted, texts) in enumerate(asked):
        tally[f"kind {ours.spec[0]}"] += 1
        matches = build_matcher(ours.spec)
        inside = holds_inside_characters(matches)
        for text in texts:
            found = matches(text)
            meant = wanted.search(text) is not None
            assert meant == (found or (inside and not text.isascii())), (pattern, text, ours.spec)
            assert condition_holds(modules[number // IN_ONE], number % IN_ONE, text) == found, (pattern, text)
            assert not found or ours.factors is None or any(one in text for one in ours.factors), (pattern, text)
            tally["pairs"] += 1
            tally["matches"] += meant
            tally["inside of a character"] += meant and not found
            tally["newline in the text"] += "\n" in text
            tally["unicode in the text"] += not text.isascii()


def test_drawn_patterns_match_what_re2_matches() -> None:
    patterns, tally = Patterns(SEED), Counter[str]()
    drawn = [patterns.pattern() for _ in range(PATTERNS)]
    agree([(one, patterns.texts(one, TEXTS)) for one in drawn], tally)
    assert tally["pairs"] >= LEAST_PAIRS, tally
    assert 0.3 < tally["matches"] / tally["pairs"] < 0.8, tally
    floors = {
        "newline in the text": 3000,
        "unicode in the text": 5000,
        "inside of a character": 3,
        "kind automaton": 700,
    }
    floors |= {f"kind {kind}": 10 for kind in ("contains", "glob", "or", "prefix", "set", "suffix", "any")}
    assert not {what: tally[what] for what, least in floors.items() if tally[what] < least}, tally
    made = patterns.tally
    for what, forms in {
        "class": CLASSES, "escape": ESCAPES, "in brackets": CLASS_PARTS, "assertion": ASSERTIONS, "flags": FLAGS, "group": GROUPS,
        "repeat": ("*", "+", "?", "*?", "+?", "??", "{2}", "{2}?", "{0}", "{1,3}", "{1,3}?", "{2,}", "{2,}?", "{7,9}"),
        "flags for all": ("(?i)", "(?s)", "(?m)"),
    }.items():  # fmt: skip
        assert not [form for form in forms if made[f"{what} {form}"] < 15], (what, made)
    assert all(made[one] >= 80 for one in _ALSO), made


_ALSO = (
    "alternatives",
    "empty alternative",
    "negated",
    "quoted",
    "anchored",
    "any code",
    "any range",
    "any class of Unicode",
)


def test_pattern_rules_take_the_first_that_re2_matches() -> None:
    """Many pattern rules on one name: what a match must hold leads to the rules, and the first of them wins."""
    patterns = Patterns(SEED + 1)
    drawn: dict[str, Drawn] = {}
    while len(drawn) < 120:
        one = patterns.pattern()
        wanted = judge(one.text)
        if wanted is None or any(wanted.search(name) for name in _OFTEN_MATCHED):
            continue
        with suppress(Rejected):  # as too large
            drawn[compiled(one.text).text] = one
    rules = [{"pattern": text, "name": f"r{number}", "provider": "p"} for number, text in enumerate(drawn)]
    decide = emitted({"providers": PROVIDERS, "patterns": rules, "default": "pass"})["decide"]
    judges = [judge(text) for text in drawn]
    winners = Counter[str]()
    for one in drawn.values():
        for text in patterns.texts(one, 8):
            if 0 < len(text) <= 256 and text.isascii() and text.isprintable():
                meant = next((f"r{number}" for number, judge in enumerate(judges) if judge.search(text)), "default")
                assert decide({"model": text}, {}).rule == meant, text
                winners[meant] += 1
    assert len(winners) >= 20 and winners["default"] >= 10, winners


_OFTEN_MATCHED = ("a", "k", "-b", "7", ". ", "S-x", "1_", "AB")
