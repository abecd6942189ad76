"""What the analyser proves of patterns is about what runs: position automata and matchers take the same texts."""

from __future__ import annotations

from random import Random

from drawn_patterns import Patterns

from rulec.analysis.alphabet import NAMES, Alphabet, alphabet_of
from rulec.analysis.budget import Budget
from rulec.analysis.language import language_of
from rulec.analysis.search import shortest_word
from rulec.diagnostics import Rejected
from rulec.patterns.compile import compile_pattern
from rulec.patterns.compiled import Spec
from rulec.runtime.matching import build_matcher
from rulec.source import Located, Source, Span

PATTERNS = 300
WORDS_EACH = 12


def test_languages_and_matchers_take_the_same_texts() -> None:
    patterns, random = Patterns(7), Random(7)
    taken = refused = 0
    for _ in range(PATTERNS):
        text = patterns.pattern().text
        try:
            spec = compile_pattern(Located(text, Span(Source("", text), 0, len(text)))).spec
        except Rejected:
            continue
        matches = build_matcher(spec)
        for alphabet in (alphabet_of([spec]), NAMES):
            language = language_of(spec, alphabet)
            for word in [*some_words(alphabet, random), *shortest(spec, alphabet)]:
                held = language.accepts([alphabet.letter(one) for one in word])
                assert held == matches(word), (text, word)
                taken, refused = taken + held, refused + (not held)
    assert min(taken, refused) > PATTERNS


def some_words(alphabet: Alphabet, random: Random) -> list[str]:
    return ["".join(map(chr, random.choices(alphabet.codes, k=random.randint(0, 6)))) for _ in range(WORDS_EACH)]


def shortest(spec: Spec, alphabet: Alphabet) -> list[str]:
    """The shortest text that is found, which is in the language."""
    language = language_of(spec, alphabet)
    word = shortest_word([language], [], alphabet, Budget())
    if word is not None:
        assert language.accepts([alphabet.letter(one) for one in word])
    return [] if word is None else [word]
