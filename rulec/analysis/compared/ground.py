"""For which names of models two rules may take different requests, or do different things with them.

Names are cells of the model's dimension: 0 is no name, and None all requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from rulec.analysis.compared.pairing import says_the_same
from rulec.analysis.compared.sides import Side
from rulec.analysis.formulas import Literal, cells_apart
from rulec.analysis.language import positions
from rulec.analysis.question import Region
from rulec.analysis.space import Space
from rulec.policy.model import Rule

MOST_SINGLE = 16
"""Names that the catalogues know differently and that are asked about one by one; more of them together."""


class Ground:
    """What the rules of two policies stand on; `with_words` says whether names and texts count."""

    def __init__(self, old: Side, new: Side, space: Space, providers_alike: bool, with_words: bool) -> None:
        self.old, self.new = old, new
        self.space = space
        self.providers_alike = providers_alike
        self.with_words = with_words

    def regions_apart(self, one: Rule, other: Rule) -> int | None:
        """The names for which two rules may take different requests."""
        if self._one_ground and one.target == other.target and says_the_same(one, other):
            return 0
        formulas = self.old.analysis.regions.rule(one), self.new.analysis.regions.rule(other)
        return cells_apart(*formulas, self.space.model)

    @cached_property
    def _one_ground(self) -> bool:
        """Whether both policies know the same providers and models, and read the capability from one header."""
        old, new = (side.analysis.replay.rows for side in (self.old, self.new))
        named = self.old.policy.capability_header == self.new.policy.capability_header
        return named and old.models == new.models and self.providers_alike

    def outcomes_apart(self, one: Rule | None, other: Rule | None) -> int | None:
        """The names for which an old and a new rule may do different things."""
        old, new = self.old.outcomes, self.new.outcomes
        if old.key(one) != new.key(other):
            return None
        cells = 0
        for name in old.providers(one):
            cells |= self._served_apart.get(name, 0)
        if self.with_words and old.words(one) != new.words(other):
            return None
        for mine, theirs in zip(old.conditions(one), new.conditions(other), strict=True):
            formulas = old.analysis.regions.condition(mine), new.analysis.regions.condition(theirs)
            apart = cells_apart(*formulas, self.space.model)
            if apart is None:
                return None
            cells |= apart
        return cells

    @cached_property
    def _served_apart(self) -> dict[str, int]:
        """For each provider the names that the two catalogues place on it differently."""
        old, new = (side.analysis.replay.catalogue for side in (self.old, self.new))
        placed = {**old.deployments, **new.deployments}
        changed = dict.fromkeys(
            name for name in (*old.models, *new.models) if old.models.get(name, ()) != new.models.get(name, ())
        )
        changed.update(dict.fromkeys(name for name, provider in placed if name in self.space.model.numbers))
        found: dict[str, int] = {}
        for name in changed:
            for provider in old.providers.keys() & new.providers.keys():
                places = [one.candidate(provider, name) for one in (old, new)]
                told = [
                    () if place is None else (place, *map(one.deployment(place).get, ("weight", "priority")))
                    for one, place in zip((old, new), places, strict=True)
                ]
                if told[0] != told[1]:
                    found[provider] = found.get(provider, 0) | self.space.model.equal(name)
        return found

    def parts(self, cells: int | None) -> Iterator[int | None]:
        """Few known names one by one, as each may have a cause of its own; and all others together."""
        if cells is None or cells.bit_count() > MOST_SINGLE:
            yield cells
            return
        named = cells & ((1 << len(self.space.model.known)) - 1)
        yield from (1 << one for one in positions(named))
        if cells != named:
            yield cells & ~named

    def names(self, cells: int | None) -> list[str]:
        known = self.space.model.known
        return [] if cells is None else [known[one] for one in positions(cells) if one < len(known)]

    def focus(self, cells: int | None) -> list[Region]:
        if cells is None:
            return []
        return [Region(Literal(self.space.model, cells), lambda witness: True)]
