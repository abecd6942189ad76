"""Dimensions of a request that do not depend on one another, each cut into cells that no rule tells apart within.

A cell is a value that stands for all that are like it. A cell of texts may be *open*: its texts are like each other for
all comparisons, but patterns may still tell them apart, so which of them is meant is for the search over words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rulec.analysis.alphabet import NAMES, Alphabet, alphabet_of
from rulec.analysis.budget import Budget
from rulec.analysis.draft import Draft
from rulec.analysis.formulas import TextTest
from rulec.analysis.language import Language, language_of, positions
from rulec.analysis.search import shortest_word
from rulec.analysis.specimens import dressed, specimens
from rulec.policy.model import matcher
from rulec.runtime.sizes import LONGEST_NAME, is_regular_name

MOST_TRIES = 16
"""How many texts of an unsure cell are looked at before one is taken that may not belong there."""

Put = Callable[[Draft, Any], None]
"""Writes a cell's value into a request."""


class Dimension:
    """Cells in the order in which witnesses prefer them; sets of cells are bits."""

    open = 0
    """The cells whose texts patterns may tell apart."""
    unsure = 0
    """The cells in which what is found only may be a witness: whether it is, its replay says."""

    def __init__(self, name: str, values: Sequence[Any], put: Put) -> None:
        self.name = name
        self.values = values
        self.put = put
        self.everything = (1 << len(values)) - 1

    def where(self, holds: Callable[[Any], bool]) -> int:
        """The cells for whose value this holds."""
        cells = 0
        for number, value in enumerate(self.values):
            if holds(value):
                cells |= 1 << number
        return cells


class OpenText:
    """Texts that no comparison names, with one of them.

    `within` is the language that holds them and `contains` says whether it holds a text, where that is less than all texts
    of the dimension; `regular` names are those that patterns look at: 1 to 256 printable ASCII characters.
    """

    __slots__ = ("sample", "within", "contains", "regular")

    def __init__(
        self,
        sample: str,
        within: Callable[[Alphabet], Language] | None = None,
        contains: Callable[[str], bool] = lambda text: True,
        regular: bool = False,
    ) -> None:
        self.sample = sample
        self.within = within
        self.contains = contains
        self.regular = regular


Tests = frozenset[TextTest]


class TextDimension(Dimension):
    """A dimension some of whose cells are open.

    Of the cells in `parted`, which part all texts that have no name here, one text is searched for first: that there is
    none settles all of them.
    """

    def __init__(self, name: str, values: Sequence[Any], put: Put) -> None:
        super().__init__(name, values, put)
        self.numbers = {value: number for number, value in enumerate(values) if isinstance(value, str)}
        self.open = self.parted = self.where(lambda value: isinstance(value, OpenText))
        self._words: dict[tuple[int | None, Tests, Tests], str | None] = {}
        self._languages: dict[TextTest, Language] = {}
        self._within: dict[int, Language] = {}
        self._specimens: dict[tuple[TextTest, bool], Sequence[str]] = {}

    def equal(self, text: str) -> int:
        """The cell of a named text."""
        return 1 << self.numbers[text]

    def choose(self, cells: int, passed: Tests, failed: Tests, budget: Budget) -> tuple[int, str | None] | None:
        """The first of some cells that has a text which passes and fails these tests, and that text where it is open."""
        parted = self.parted if self.parted & (self.parted - 1) else 0
        while cells:
            cell = (cells & -cells).bit_length() - 1
            if self.open >> cell & 1 and self._passes(self.values[cell], self.values[cell].sample, passed, failed):
                return cell, self.values[cell].sample
            if parted >> cell & 1:
                word = self._word(None, cell, passed, failed, budget)
                if word is None:
                    cells &= ~parted
                    continue
                at = next(one for one in positions(parted) if self.values[one].contains(word))
                if cells >> at & 1:
                    return at, word
            cells &= ~(1 << cell)
            if not self.open >> cell & 1:
                return cell, None
            word = self._word(cell, cell, passed, failed, budget)
            if word is not None:
                return cell, word
        return None

    def _passes(self, texts: OpenText, text: str, passed: Tests, failed: Tests) -> bool:
        """Whether a text of an open cell passes and fails these tests."""
        if not texts.regular:
            failed = frozenset(one for one in failed if not one.names_only)
        return all(matcher(one.spec)(text) for one in passed) and not any(matcher(one.spec)(text) for one in failed)

    def _word(self, key: int | None, cell: int, passed: Tests, failed: Tests, budget: Budget) -> str | None:
        """A text of an open cell, or (`key` None) of any that is like it, remembered."""
        asked = (key, passed, failed)
        if asked not in self._words:
            self._words[asked] = self._search(cell, key is not None, passed, failed, budget)
        return self._words[asked]

    def _specimen(self, texts: OpenText, narrow: bool, passed: Tests, failed: Tests) -> str | None:
        """A text of an open cell that needs no search, if one is found."""
        if not texts.regular and texts.within is not None:
            return None
        for test in passed:
            for text in self._likely(test, texts.regular):
                fits = text not in self.numbers and (not narrow or texts.contains(text))
                if fits and self._passes(texts, text, passed, failed):
                    return text
        return None

    def _likely(self, test: TextTest, names: bool) -> Sequence[str]:
        """Texts that a test likely passes, made once; as names they are dressed and regular."""
        found = self._specimens.get((test, names))
        if found is None:
            plain = list(specimens(test.spec))
            every = [text for one in plain for text in (*dressed(one), one) if is_regular_name(text)] if names else plain
            found = self._specimens[test, names] = every
        return found

    def _search(self, cell: int, narrow: bool, passed: Tests, failed: Tests, budget: Budget) -> str | None:
        texts: OpenText = self.values[cell]
        found = self._specimen(texts, narrow, passed, failed)
        if found is not None:
            return found
        if texts.regular:
            alphabet = NAMES
            language = self._name_language
            least, most = 1, LONGEST_NAME
        else:
            failed = frozenset(one for one in failed if not one.names_only)
            alphabet = alphabet_of([one.spec for one in (*passed, *failed)])
            language = lambda test: language_of(test.spec, alphabet)  # noqa: E731 - one of two
            least, most = 0, None
        alls = [language(one) for one in passed]
        if narrow and texts.within is not None:
            alls.append(self._within_language(cell, texts, alphabet))
        nones = [language(one) for one in failed]
        tries = MOST_TRIES
        while True:
            word = shortest_word(alls, nones, alphabet, budget, least, most)
            if word is None:
                return None
            if word not in self.numbers:  # else it has a cell of its own
                if not narrow or texts.contains(word) or not tries:
                    return word
                tries -= 1
            nones.append(language_of(("set", (word,)), alphabet))

    def _name_language(self, test: TextTest) -> Language:
        found = self._languages.get(test)
        if found is None:
            found = self._languages[test] = language_of(test.spec, NAMES)
        return found

    def _within_language(self, cell: int, texts: OpenText, alphabet: Alphabet) -> Language:
        assert texts.within is not None
        if alphabet is not NAMES:
            return texts.within(alphabet)
        if cell not in self._within:
            self._within[cell] = texts.within(NAMES)
        return self._within[cell]
