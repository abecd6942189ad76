"""The space of requests that some policies tell apart: one dimension for each field that they ask for.

Dimensions do not depend on one another, so cells may be chosen freely: for any choice there is a request, if an odd one, such
as a batch of empty prompts beside messages. Where fields do depend on one another, they share a dimension (a text's characters
and tokens; a name and its size), or one is said in terms of others (a capability by the header and the metadata that it is read
from, a tag by `x-litellm-tags`, where rules ask these, too: see `regions`). The health of providers and the complexity of a
request are free; witnesses say what they assume of them. Times are those of the years for which zones are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from rulec.analysis.asked import Asked, Key, Values
from rulec.analysis.dimensions import Dimension, OpenText, Put, TextDimension
from rulec.analysis.draft import MOST_BUILT, Draft
from rulec.analysis.formulas import TextTest
from rulec.analysis.header_numbers import number_of, number_texts, other_texts, spelled
from rulec.analysis.language import Graph, Language
from rulec.analysis.model_names import ModelDimension
from rulec.analysis.numbers import Number, between, samples, texts_by_size, whole_intervals
from rulec.analysis.times import moments, shown
from rulec.patterns.compiled import Spec
from rulec.policy.model import Policy
from rulec.syntax.fields import ENDPOINTS

CALLERS = ("user", "team", "key")
_SAMPLES = ("other", "something", "x")


class Space:
    """All dimensions of some policies; each is made when it is first asked for. `names` are further model names that are known."""

    def __init__(self, policies: Sequence[Policy], names: Iterable[str] = ()) -> None:
        self.asked = Asked(policies)
        self.model = ModelDimension(policies, names, self.asked)
        self._dimensions: dict[Key, Dimension] = {}
        self._tests: dict[tuple[Spec, bool], TextTest] = {}

    def test(self, spec: Spec, names_only: bool = False) -> TextTest:
        """The one test of a pattern."""
        key = (spec, names_only)
        if key not in self._tests:
            self._tests[key] = TextTest(spec, names_only)
        return self._tests[key]

    def dimension(self, name: str, argument: str | None = None) -> Dimension:
        key = (name, argument)
        if key not in self._dimensions:
            self._dimensions[key] = self._make(name, argument)
        return self._dimensions[key]

    def texts(self, name: str, argument: str | None = None) -> TextDimension:
        found = self.dimension(name, argument)
        assert isinstance(found, TextDimension)
        return found

    def _make(self, name: str, argument: str | None) -> Dimension:
        values = self.asked.fields.get((name, argument), Values())
        shown_name = name if argument is None else f"{name}.{argument}"
        cells: list[Any]
        if name == "header":
            return _header(shown_name, argument or "", values)
        if name == "capability":
            cells = [None, *filter(None, values.texts), OpenText(_unnamed(values.texts), _some_text)]
            header = self.asked.capability_header
            return TextDimension(shown_name, cells, lambda draft, value: draft.headers.update({header: value}))
        if name == "metadata":
            key = argument or ""
            others: list[Any] = [True, False, *samples(values.numbers)]
            cells = [None, *values.texts, OpenText(_unnamed(values.texts)), *others]
            return TextDimension(shown_name, cells, lambda draft, value: draft.metadata.update({key: value}))
        if name in CALLERS:
            cells = [None, *values.texts, OpenText(_unnamed(values.texts))]
            return TextDimension(shown_name, cells, lambda draft, value: draft.caller.update({name: value}))
        made = Dimension(shown_name, *self._finite(name, argument, values))
        if name in ("text", "messages", "batch_size"):
            made.unsure = made.where(_is_too_large)
        return made

    def _finite(self, name: str, argument: str | None, values: Values) -> tuple[Sequence[Any], Put]:
        if name == "endpoint":
            return [None, *ENDPOINTS], lambda draft, value: draft.caller.update(endpoint=value)
        if name == "moment":
            return moments(self.asked.times), lambda draft, value: draft.caller.update(now=shown(value[0]))
        if name == "tag":
            tag = _unnamed(self.asked.tags) if argument is None else argument
            return [None, tag], lambda draft, value: draft.tags.append(value)
        if name == "unavailable":
            return [None, argument], lambda draft, value: draft.unavailable.append(value)
        if name in _FLAGS:
            return [False, True], lambda draft, value: _FLAGS[name](draft) if value else None
        if name == "text":
            asked = [self.asked.fields.get((one, None), Values()) for one in ("prompt_chars", "estimated_tokens")]
            sizes = texts_by_size(*(whole_intervals(one.numbers) for one in asked))
            return sizes, lambda draft, value: setattr(draft, "text", value)
        if name in ("messages", "batch_size"):
            intervals = whole_intervals(values.numbers, int(name == "batch_size"))
            counts = [1 if low <= 1 and (high is None or high >= 1) else low for low, high in intervals]
            return sorted(counts, key=lambda one: one != 1), lambda draft, value: setattr(draft, name, value)
        if name == "complexity":
            return _scores(values.numbers), lambda draft, value: setattr(draft, "complexity", value)
        return [None, *samples(values.numbers)], lambda draft, value: draft.body.update({name: value})


def _is_too_large(value: Any) -> bool:
    """Whether a count, or a text's characters and bytes, is more than a witness is built with."""
    return bool((max(value) if isinstance(value, tuple) else value) > MOST_BUILT)


_TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
_FLAGS: dict[str, Callable[[Draft], None]] = {
    "stream": lambda draft: draft.body.update(stream=True),
    "tools": lambda draft: draft.body.update(tools=[_TOOL]),
    "images": lambda draft: setattr(draft, "image", True),
}


def _unnamed(taken: Iterable[str]) -> str:
    """A text that is none of these."""
    every = set(taken)
    fresh = next((one for one in _SAMPLES if one not in every), None)
    number = 2
    while fresh is None or fresh in every:
        fresh, number = f"other-{number}", number + 1
    return fresh


def _some_text(alphabet: Any) -> Language:
    graph = Graph(alphabet)
    return graph.language(graph.chars(alphabet.everything, graph.match))


def _header(shown_name: str, name: str, values: Values) -> TextDimension:
    """Absent, each text that is named, and the others: by the numbers that they are, where numbers are asked."""
    cells: list[Any] = [None, *values.texts]
    cuts: list[Number] = sorted(values.numbers)
    bounds: list[Number | None] = [None, *cuts, None]
    for low, high in pairwise(bounds) if cuts else ():
        for number, first, last in ((between(low, high), low, high), (high, high, high)):
            if number is not None:
                text = spelled(number, values.texts)
                cells.append(OpenText(text, _numbers(first, last), _is_number(first, last)))
    if cuts:
        cells.append(OpenText(_unnamed(values.texts), other_texts, lambda text: number_of(text) is None))
    else:
        cells.append(OpenText(_unnamed(values.texts)))
    return TextDimension(shown_name, cells, lambda draft, value: draft.headers.update({name: value}))


def _numbers(low: Number | None, high: Number | None) -> Callable[[Any], Language]:
    return lambda alphabet: number_texts(low, high, alphabet)


def _is_number(low: Number | None, high: Number | None) -> Callable[[str], bool]:
    def contains(text: str) -> bool:
        number = number_of(text)
        if number is None or low == high:
            return number is not None and number == low
        return (low is None or number > low) and (high is None or number < high)

    return contains


def _scores(cuts: Iterable[Number]) -> list[float]:
    """A score for each set of cuts that some score, which has one decimal, is below, on or above."""
    ordered = list(cuts)
    found: dict[tuple[int, ...], float] = {}
    for tenth in range(1001):
        score = round(tenth / 10, 1)
        found.setdefault(tuple((score > cut) - (score < cut) for cut in ordered), score)
    return list(found.values())
