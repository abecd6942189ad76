"""What the rules of some policies ask of requests: for each field the values that it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rulec.patterns.compiled import Spec
from rulec.policy.model import Policy, VirtualTarget
from rulec.records import field, record
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition

Key = tuple[str, str | None]
"""A field's name and argument."""
TAGS_HEADER: Key = ("header", "x-litellm-tags")
IN_METADATA: Key = ("metadata", "capability")


@record(frozen=False)
class Values:
    """The values that one field is compared with, in the order in which they are first met."""

    texts: dict[str, None] = field(default_factory=dict)
    numbers: dict[int | float, None] = field(default_factory=dict)

    def add(self, other: Values) -> None:
        self.texts.update(other.texts)
        self.numbers.update(other.numbers)


class Asked:
    """All that is asked.

    `capability_parted` says that the header or the metadata behind `capability` is asked for itself, or that the policies
    read it from different headers: then it is no dimension of its own. `tags_parted` says the same of the header with tags.
    """

    def __init__(self, policies: Sequence[Policy]) -> None:
        self.fields: dict[Key, Values] = {}
        self.times: dict[when.Between | when.OnDays, None] = {}
        self.tags: dict[str, None] = {}
        headers: dict[str, None] = {}
        for policy in policies:
            headers[policy.capability_header] = None
            for rule in policy.rules:
                self._match(rule.match)
                if isinstance(rule.target, VirtualTarget):
                    self.of(("complexity", None)).numbers[rule.target.threshold] = None
            for chain in {id(one): one for one in (*policy.chains.values(), *(rule.chain for rule in policy.rules))}.values():
                for hop in chain.hops:
                    if hop.when is not None:
                        self._condition(hop.when.condition)
        if any((one, None) in self.fields for one in ("estimated_tokens", "prompt_chars")):
            self._contexts(policies)
        behind: list[Key] = [IN_METADATA, *(("header", one) for one in headers)]
        self.capability_header = next(iter(headers), "")
        self.capability_parted = len(headers) > 1 or any(key in self.fields for key in behind)
        if self.capability_parted and ("capability", None) in self.fields:
            for key in behind:
                self.of(key).add(self.fields["capability", None])
                self.of(key).texts[""] = None
        self.tags_parted = TAGS_HEADER in self.fields

    def _contexts(self, policies: Sequence[Policy]) -> None:
        """Where rules go by the length of prompts, what fits a context matters."""
        tokens = self.of(("estimated_tokens", None)).numbers
        for policy in policies:
            contexts = [*(one.context for one in policy.providers.values()), *(one.context for one in policy.models.values())]
            tokens.update(dict.fromkeys(one for one in contexts if one is not None))

    def of(self, key: Key) -> Values:
        return self.fields.setdefault(key, Values())

    def _match(self, match: ast.Match) -> None:
        if isinstance(match, ast.When):
            self._condition(match.condition.condition)
        elif isinstance(match, ast.Exact):
            self.of(("model", None)).texts[match.model.text] = None
        elif isinstance(match, ast.Capability):
            self.of(("capability", None)).texts[match.name] = None
        elif isinstance(match, ast.SizeTier):
            bounds = [one for one in (match.low, match.high) if one is not None]
            self.of(("model_size", None)).numbers.update(dict.fromkeys(bounds))

    def _condition(self, condition: Condition) -> None:
        for atom in atoms(condition):
            if isinstance(atom, (when.Between, when.OnDays)):
                self.times[atom] = None
            if isinstance(atom, when.Tagged):
                self.tags[atom.tag] = None
            if not isinstance(atom, (when.Compare, when.Among, when.Matches, when.Present, when.Flag)):
                continue
            values = self.of((atom.field.name, atom.field.argument))
            if not isinstance(atom, (when.Compare, when.Among)) or text_spec(atom) is not None:
                continue
            for literal in atom.literals if isinstance(atom, when.Among) else (atom.literal,):
                if isinstance(literal, str):
                    values.texts[literal] = None
                elif not isinstance(literal, bool):
                    values.numbers[literal] = None


def atoms(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, (when.And, when.Or)):
        for item in condition.items:
            yield from atoms(item)
    elif isinstance(condition, when.Not):
        yield from atoms(condition.item)
    else:
        yield condition


_SEARCHES = {"contains": "contains", "starts_with": "prefix", "ends_with": "suffix"}


def text_spec(atom: Condition) -> Spec | None:
    """The matcher of an atom that searches a text; None for others."""
    if isinstance(atom, when.Matches):
        return atom.pattern.spec
    if isinstance(atom, when.Compare) and atom.operator in _SEARCHES:
        return (_SEARCHES[atom.operator], atom.literal)
    return None
