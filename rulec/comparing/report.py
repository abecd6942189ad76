"""What is told of the differences of two rule sets, in groups: one for each thing that was changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rulec.analysis.compared.causes import Cause
from rulec.analysis.compared.difference import Difference, gravity
from rulec.analysis.compared.grades import GRADES, Grade, at_least
from rulec.analysis.differences import Comparison
from rulec.analysis.draft import Witness
from rulec.analysis.question import WitnessFails
from rulec.analysis.replay import Assumed
from rulec.backends.python import generate_module
from rulec.ir.tree import Tree
from rulec.policy.model import Rule
from rulec.records import record
from rulec.selfcheck.emitted import load_module, plain_decision

SECONDS = 30.0


@record
class Group:
    """The differences of one cause, gravest first; `more` says that there may be pairs of rules beside them."""

    cause: Cause
    differences: tuple[Difference, ...]
    more: bool = False

    @property
    def grade(self) -> Grade:
        """The gravest grade; those that were not decided have none."""
        grades = [one.grade for one in self.differences if one.grade is not None]
        return min(grades, key=GRADES.index)


@record
class Report:
    """All differences; `undecided` are those of which it is not known whether they exist."""

    old: Tree
    new: Tree
    groups: tuple[Group, ...]
    undecided: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether it is proved that every request is decided alike."""
        return not self.groups and not self.undecided

    def fails(self, least: Grade | None) -> bool:
        """Whether something is as grave as a grade, or may be."""
        if least is None:
            return False
        return bool(self.undecided) or any(at_least(one.grade, least) for one in self.groups)


def compare(old: Tree, new: Tree, seconds: float = SECONDS) -> Report:
    """The differences of two rule sets, each replayed through the modules that they compile to."""
    comparison = Comparison(old.policy, new.policy, seconds=seconds)
    found = list(comparison.differences())
    told = [one for one in found if one.grade is not None]
    _replay(told, old, new)
    causes = dict.fromkeys(one.cause for one in told)
    groups = [Group(cause, _of(cause, told), cause in comparison.cut) for cause in causes]
    groups.sort(key=lambda one: GRADES.index(one.grade))
    return Report(old, new, tuple(groups), tuple(one for one in found if one.grade is None))


def _of(cause: Cause, differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """The differences of one cause; of two between the same rules the graver."""
    ordered = sorted((one for one in differences if one.cause == cause), key=gravity)
    first: dict[tuple[int, int], Difference] = {}
    for one in ordered:
        first.setdefault((_position(one.old_rule), _position(one.new_rule)), one)
    return tuple(first.values())


def _position(rule: Rule | None) -> int:
    return 0 if rule is None else rule.position


def _replay(differences: Sequence[Difference], old: Tree, new: Tree) -> None:
    """Sends each witness through both generated modules; raises WitnessFails where one decides otherwise."""
    if not differences:
        return
    for tree, decided in ((old, "old"), (new, "new")):
        engine = load_module(generate_module(tree).text)["ENGINE"]
        usual = engine.scoring
        for one in differences:
            witness: Witness | None = one.witness
            claimed: Any = getattr(one, decided)
            assert witness is not None
            engine.scoring = usual if witness.complexity is None else Assumed(witness.complexity)
            found = engine.decide(witness.body, witness.headers, witness.caller)
            if plain_decision(found) != plain_decision(claimed):
                raise WitnessFails(f"{witness!r}: the {decided} module says {found!r}, not {claimed!r}")
