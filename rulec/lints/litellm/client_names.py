"""The names of models that rules spell out, as clients write them."""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.asked import atoms
from rulec.lints.places import place_of
from rulec.policy.model import Policy, Rule
from rulec.source import Span
from rulec.syntax import ast
from rulec.syntax import conditions as when


def client_names(policy: Policy) -> Iterator[tuple[str, Span, str | None]]:
    """Each name once, where it stands first, and the rule that asks for it."""
    seen = set()
    for name, span, rule in _every(policy):
        if name not in seen:
            seen.add(name)
            yield name, span, rule


def _every(policy: Policy) -> Iterator[tuple[str, Span, str | None]]:
    for model in policy.models.values():
        yield model.name, model.span, None
    for provider in policy.providers.values():
        if provider.default_model is not None:
            yield provider.default_model, provider.places.get("default_model", provider.span), None
    for rule in policy.rules:
        yield from ((name, span, rule.name) for name, span in _asked(rule))


def _asked(rule: Rule) -> Iterator[tuple[str, Span]]:
    match = rule.match
    if isinstance(match, ast.Exact):
        yield match.model.text, match.model.span
    elif isinstance(match, ast.When):
        for atom in atoms(match.condition.condition):
            if isinstance(atom, (when.Compare, when.Among)) and atom.field.name == "model":
                literals = atom.literals if isinstance(atom, when.Among) else (atom.literal,)
                yield from ((str(one), place_of(str(one), match.condition)) for one in literals)
