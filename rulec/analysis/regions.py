"""Rules and conditions of one policy as formulas over the dimensions of a space: which requests they take.

Two-valued, as the language is: a comparison with an absent field is false, and its negation true.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from rulec.analysis.asked import IN_METADATA, TAGS_HEADER, text_spec
from rulec.analysis.dimensions import Dimension, OpenText, TextDimension
from rulec.analysis.formulas import FALSE, TRUE, Formula, Literal, all_of, any_of, negation
from rulec.analysis.header_numbers import number_of
from rulec.analysis.space import Space
from rulec.patterns.compile import compile_own_pattern
from rulec.patterns.compiled import CompiledPattern, Spec
from rulec.policy.model import ModelsTarget, Policy, ProvidersTarget, Rule, Target, matcher
from rulec.policy.serving import candidates_for
from rulec.runtime.conditions import COMPARISONS
from rulec.runtime.sizes import is_regular_name
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition

_TEXT_FIELDS = ("prompt_chars", "estimated_tokens")
_BLANK = r"[\s\v\x1c-\x1f\x{85}\pZ]*"
"""What `str.strip` removes."""


class Regions:
    """The requests that rules of a policy take; each formula is made once."""

    def __init__(self, space: Space, policy: Policy) -> None:
        self.space = space
        self.policy = policy
        self._rules: dict[int, Formula] = {}
        self._comparisons: dict[tuple[Condition, str], Formula] = {}
        self._applies: dict[ProvidersTarget, Formula] = {}
        self._served: dict[str, int] = {}
        self._sizes: list[int | None] | None = None

    def rule(self, rule: Rule) -> Formula:
        """The requests that a rule matches and applies to, whatever other rules say."""
        found = self._rules.get(rule.position)
        if found is None:
            found = self._rules[rule.position] = all_of((self.match(rule.match), self.applies(rule)))
        return found

    def match(self, match: ast.Match) -> Formula:
        if isinstance(match, ast.When):
            return self.condition(match.condition.condition)
        if isinstance(match, ast.Exact):
            return self._equal(when.Field("model"), match.model.text)
        if isinstance(match, ast.Patterns):
            return self._name_patterns(match.patterns)
        if isinstance(match, ast.Capability):
            return self._equal(when.Field("capability"), match.name)
        if isinstance(match, ast.SizeTier):
            return self.size(match.holds)
        return TRUE

    # Whether a rule applies

    def applies(self, rule: Rule) -> Formula:
        """The requests that somebody can serve for a rule."""
        target: Target = rule.target
        if isinstance(target, ModelsTarget):
            return TRUE if candidates_for(self.policy, target, None) else FALSE
        if not isinstance(target, ProvidersTarget):
            return TRUE
        if isinstance(rule.match, ast.Exact):  # there are many, each with one name to look at
            return TRUE if candidates_for(self.policy, target, rule.match.model.text) else FALSE
        if target not in self._applies:
            self._applies[target] = self._serves(target)
        return self._applies[target]

    def _serves(self, target: ProvidersTarget) -> Formula:
        names = [name for name, _ in target.providers]
        model = self.space.model
        stands_in = any(self.policy.providers[name].default_model is not None for name in names)
        if stands_in and target.substitute:
            return TRUE
        cells = model.absent if stands_in else 0
        accepts: dict[Spec, None] = {}
        for name in names:
            cells |= self.served_by(name)
            accepts.update((one.spec, None) for one in self.policy.providers[name].accepts)
        return self._tested(cells, accepts)

    def accepts(self, provider: str) -> Formula:
        """The requests whose model has no known name and is one that a provider's patterns take."""
        return self._tested(0, dict.fromkeys(one.spec for one in self.policy.providers[provider].accepts))

    def served_by(self, provider: str) -> int:
        """The known names that a provider serves."""
        if provider not in self._served:
            model = self.space.model
            cells = 0
            for pattern in self.policy.providers[provider].accepts:
                cells |= model.accepted(pattern)
            for name in self.policy.native:  # which is LiteLLM's own business
                cells &= ~model.equal(name)
            for name, entry in self.policy.models.items():
                if any(one == provider for one, _ in entry.served_by or ()):
                    cells |= model.equal(name)
            self._served[provider] = cells
        return self._served[provider]

    def _name_patterns(self, patterns: tuple[CompiledPattern, ...]) -> Formula:
        cells = 0
        for one in patterns:
            cells |= self.space.model.accepted(one)
        return self._tested(cells, dict.fromkeys(one.spec for one in patterns))

    def _tested(self, cells: int, specs: dict[Spec, None]) -> Formula:
        """These known names, and the regular others that one of the patterns takes."""
        model = self.space.model
        if ("any",) in specs:
            return Literal(model, cells | model.regular)
        if not specs:
            return Literal(model, cells) if cells else FALSE
        spec = next(iter(specs)) if len(specs) == 1 else ("or", *specs)
        return Literal(model, cells | model.regular, self.space.test(spec, names_only=True))

    # Conditions

    def condition(self, condition: Condition) -> Formula:
        if isinstance(condition, when.Always):
            return TRUE
        if isinstance(condition, when.And):
            return all_of(map(self.condition, condition.items))
        if isinstance(condition, when.Or):
            return any_of(map(self.condition, condition.items))
        if isinstance(condition, when.Not):
            return negation(self.condition(condition.item))
        key = condition, repr(getattr(condition, "literal", None))  # as 1 and true are equal, but not the same
        found = self._comparisons.get(key)
        if found is None:
            found = self._comparisons[key] = self._comparison(condition)
        return found

    def _comparison(self, condition: Condition) -> Formula:
        if isinstance(condition, when.Unavailable):
            return self._chosen("unavailable", condition.provider)
        if isinstance(condition, when.Tagged):
            return self._tagged(condition.tag)
        if isinstance(condition, (when.Between, when.OnDays)):
            return self._where(self.space.dimension("moment"), lambda value: condition in value[1])
        assert isinstance(condition, (when.Compare, when.Among, when.Matches, when.Present, when.Flag))
        return self._atom(condition, condition.field)

    def _atom(self, atom: Condition, field: when.Field) -> Formula:
        if field.name in ("time", "weekday", "tag"):  # of which only the presence can be asked here
            return self._any_tag() if field.name == "tag" else TRUE
        if field.name == "model_size":
            return self.size(lambda size: _holds(atom, size))
        if field.name == "capability" and self.space.asked.capability_parted:
            return self._parted_capability(atom)
        if field.name in _TEXT_FIELDS:
            dimension = self.space.dimension("text")
            read = _characters if field.name == "prompt_chars" else _tokens
            return self._where(dimension, lambda value: _holds(atom, read(value)))
        texts = _texts(atom)
        if texts and field.name != "endpoint":
            return any_of_equals([self._equal(field, one) for one in texts])
        return self._on(self._dimension(field), atom)

    def _on(self, dimension: Dimension, atom: Condition) -> Formula:
        """An atom on the dimension of its field."""
        spec = text_spec(atom)
        if spec is None or not isinstance(dimension, TextDimension):
            return self._where(dimension, lambda value: _holds(atom, _seen(value)))
        if dimension is self.space.model and isinstance(atom, when.Matches):
            return self._name_patterns((atom.pattern,))
        test = matcher(spec)
        cells = dimension.where(lambda value: isinstance(value, str) and test(value))
        return Literal(dimension, cells | dimension.open, self.space.test(spec))

    def _dimension(self, field: when.Field) -> Dimension:
        return self.space.model if field.name == "model" else self.space.dimension(field.name, field.argument)

    def _where(self, dimension: Dimension, holds: Callable[[Any], bool]) -> Formula:
        cells = dimension.where(holds)
        return Literal(dimension, cells) if cells else FALSE

    def _chosen(self, name: str, argument: str | None) -> Formula:
        return self._where(self.space.dimension(name, argument), lambda value: value is not None)

    def _equal(self, field: when.Field, text: str) -> Formula:
        if field.name == "capability" and self.space.asked.capability_parted:
            return self._parted_capability(when.Compare(field, "==", text))
        if not text and field.name in ("model", "capability"):
            return FALSE  # where the empty text is absent
        dimension = self._dimension(field)
        assert isinstance(dimension, TextDimension)
        return Literal(dimension, dimension.equal(text))

    def size(self, holds: Callable[[int], bool]) -> Formula:
        """The names whose size this holds for: of known names the policy's, of others what is read from the name."""
        model, cells = self.space.model, 0
        if self._sizes is None:
            known = [self.policy.size(name) if is_regular_name(name) else None for name in model.known]
            self._sizes = [*known, *model.sizes[len(known) :]]
        for number, size in enumerate(self._sizes):
            if size is not None and holds(size):
                cells |= 1 << number
        return Literal(model, cells) if cells else FALSE

    def _parted_capability(self, atom: Condition) -> Formula:
        """The header's text where it has one, else the metadata's."""
        found = []
        given: list[Formula] = []
        for name, argument in (("header", self.policy.capability_header), IN_METADATA):
            part = self.space.texts(name, argument)
            here = self._where(part, lambda value: isinstance(_seen(value), str) and value != "")
            spec = text_spec(atom)
            if isinstance(atom, when.Present):
                holds: Formula = TRUE
            elif spec is not None:
                holds = self._on(part, atom)
            else:
                holds = any_of_equals([Literal(part, part.equal(one)) for one in _texts(atom)])
            found.append(all_of((*given, here, holds)))
            given = [negation(here)]  # the empty text has a cell of its own here
        return any_of(found)

    # Tags

    def _tagged(self, tag: str) -> Formula:
        given = self._chosen("tag", tag)
        if not self.space.asked.tags_parted or "," in tag or tag != tag.strip() or not tag:
            return given
        quoted = "".join(f"\\x{{{ord(one):x}}}" for one in tag)
        return any_of((given, self._in_header(f"(?:^|,){_BLANK}{quoted}{_BLANK}(?:,|$)")))

    def _any_tag(self) -> Formula:
        tags = [None, *self.space.asked.tags]
        found = [self._chosen("tag", one) for one in tags]
        if self.space.asked.tags_parted:
            found.append(self._in_header(r"[^,\s\v\x1c-\x1f\x{85}\pZ]"))
        return any_of(found)

    def _in_header(self, text: str) -> Formula:
        matches = when.Matches(when.Field(*TAGS_HEADER), compile_own_pattern(text))
        return self._on(self.space.texts(*TAGS_HEADER), matches)


def any_of_equals(items: list[Formula]) -> Formula:
    """One of several texts that a field equals, as one literal where all speak of one dimension."""
    literals = [one for one in items if isinstance(one, Literal)]
    if len(literals) + items.count(FALSE) < len(items) or not literals:
        return any_of(items)
    cells = 0
    for one in literals:
        cells |= one.cells
    return Literal(literals[0].dimension, cells)


def _texts(atom: Condition) -> list[str]:
    """The texts one of which a field is to equal; none where an atom asks something else."""
    literals: tuple[Any, ...] = ()
    if isinstance(atom, when.Among):
        literals = atom.literals
    elif isinstance(atom, when.Compare) and atom.operator == "==":
        literals = (atom.literal,)
    return [one for one in literals if isinstance(one, str)]


def _seen(value: Any) -> Any:
    """What comparisons see of a cell."""
    return value.sample if isinstance(value, OpenText) else value


def _characters(value: tuple[int, int]) -> int:
    return value[0]


def _tokens(value: tuple[int, int]) -> int:
    return ceil(value[1] / 3)


def _holds(atom: Condition, value: Any) -> bool:
    """An atom for a value of its field, None where it is absent; what patterns ask is not asked here."""
    if value is None:
        return False
    if isinstance(atom, when.Present):
        return True
    if isinstance(atom, when.Flag):
        return value is True
    if isinstance(atom, when.Among):
        return any(_compared(atom.field, "==", one, value) for one in atom.literals)
    assert isinstance(atom, when.Compare)
    return _compared(atom.field, atom.operator, atom.literal, value)


def _compared(field: when.Field, operator: str, literal: Any, value: Any) -> bool:
    if field.name == "header" and not isinstance(literal, str):
        value = number_of(value)
    wanted = (str,) if isinstance(literal, str) else (bool,) if isinstance(literal, bool) else (int, float)
    return type(value) in wanted and COMPARISONS[operator](value, literal)
