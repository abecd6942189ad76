"""What the requests of a rule need a model for: images, tools, or a capability."""

from __future__ import annotations

from collections.abc import Iterator

from rulec.lints.abilities import ability_of
from rulec.policy.model import Rule
from rulec.records import record
from rulec.syntax import ast
from rulec.syntax import conditions as when

_FLAGS = ("images", "tools")


@record
class Need:
    """Requests for which `condition` holds need a model that lists `capability`, which the rules call `written`."""

    written: str
    condition: when.Condition

    @property
    def capability(self) -> str:
        return ability_of(self.written)


def needs_of(rule: Rule) -> Iterator[Need]:
    """What a rule says of its requests."""
    if isinstance(rule.match, ast.Capability):
        yield Need(rule.match.name, when.Always())
    if isinstance(rule.match, ast.When):
        for atom in demanded(rule.match.condition.condition):
            yield from _needs(atom)


def demanded(condition: when.Condition, wanted: bool = True) -> Iterator[when.Condition]:
    """The parts of a condition that it asks for, and not to be false."""
    if isinstance(condition, when.Not):
        yield from demanded(condition.item, not wanted)
    elif isinstance(condition, (when.And, when.Or)):
        for item in condition.items:
            yield from demanded(item, wanted)
    elif wanted:
        yield condition


def _needs(atom: when.Condition) -> Iterator[Need]:
    name = getattr(getattr(atom, "field", None), "name", "")
    if name in _FLAGS and not (isinstance(atom, when.Compare) and atom.literal is not True):
        yield Need(name, atom)
    if name == "capability" and isinstance(atom, (when.Compare, when.Among)):
        literals = atom.literals if isinstance(atom, when.Among) else (atom.literal,)
        for literal in literals if isinstance(atom, when.Among) or atom.operator == "==" else ():
            yield Need(str(literal), when.Compare(atom.field, "==", literal))
