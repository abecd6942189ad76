"""Patterns as they were written: where they stand, whose they are, and the signs that they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rulec.analysis.asked import atoms
from rulec.analysis.draft import Witness
from rulec.lints.requests import described
from rulec.patterns.compile import compile_pattern
from rulec.patterns.compiled import CompiledPattern
from rulec.policy.model import Rule
from rulec.records import record
from rulec.source import Located, Source, Span
from rulec.syntax import ast
from rulec.syntax.conditions import Field, Matches

if TYPE_CHECKING:
    from rulec.analysis.question import Region
    from rulec.lints.context import Context
    from rulec.lints.lint import Edit

_SIGN = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\[pPx]\{[^}]*\}|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|[*+?]\??|\{\d+(?:,\d*)?\}\??"
    r"|\(\?P?<\w+>|\(\?[a-zA-Z-]*[:)]|.",
    re.DOTALL,
)
MODEL = Field("model")
_NOT_PLAIN = "[]{},*&!|>%@`#?:-'\""
"""What a text in YAML that is not quoted had better not begin with."""


@record
class Sign:
    """One sign of a pattern: a character, an escape, a class, a repetition, a parenthesis."""

    text: str
    start: int
    end: int

    @property
    def repeats(self) -> bool:
        """Whether it says how often what stands before it is repeated."""
        return self.text[0] in "*+?" or (self.text[0] == "{" and len(self.text) > 1)


@record
class Written:
    """A pattern at its place, and the field that it looks at. `rule` is None for what a provider accepts.

    `place` knows where each character stands; what stands within a condition has none.
    """

    pattern: CompiledPattern
    span: Span
    owner: str
    rule: Rule | None = None
    place: Located | None = None
    field: Field = MODEL

    @property
    def text(self) -> str:
        return self.pattern.text

    @property
    def rule_name(self) -> str | None:
        return None if self.rule is None else self.rule.name

    def takes(self, context: Context, text: str) -> Region:
        """The requests in whose field another pattern is found."""
        return context.analysis.condition(Matches(self.field, compiled(text)))

    def seen(self, witness: Witness) -> str:
        """What the pattern looks at in a request."""
        said = described(witness)
        name = self.field.argument or self.field.name
        for part in (said, said.get("headers", {}), said.get("metadata", {})):
            if isinstance(part.get(name), str):
                return f"`{part[name]}`"
        return "other texts"

    @property
    def signs(self) -> list[Sign]:
        return [Sign(one.group(), one.start(), one.end()) for one in _SIGN.finditer(self.text)]

    @property
    def sides(self) -> list[str]:
        """The sides of the alternative that the pattern is; the pattern alone if it is none."""
        sides, depth = [""], 0
        for sign in self.signs:
            depth += (sign.text[0] == "(" and sign.text[-1] != ")") - (sign.text == ")")
            if sign.text == "|" and not depth:
                sides.append("")
            else:
                sides[-1] += sign.text
        return sides

    def edit(self, start: int, end: int, text: str) -> tuple[Edit, ...]:
        """The change of some of its characters, where it is known how these are written."""
        from rulec.lints.lint import Edit

        if self.place is None:
            return ()
        quote = self.span.source.text[self.place.span.start]
        if not self.span.source.path.endswith(".rules"):
            first = (text + self.text[end:])[:1] if start == 0 else ""
            if quote not in "'\"" and first and first in _NOT_PLAIN:
                return ()
            if quote == '"':
                text = text.replace("\\", "\\\\")
        return (Edit(self.place.part(start, end), text),)


def patterns_of_rules(context: Context) -> Iterator[Written]:
    """Every pattern of a pattern rule."""
    for rule in context.rules:
        if isinstance(rule.match, ast.Patterns):
            for pattern, place in zip(rule.match.patterns, rule.match.places, strict=True):
                yield Written(pattern, place.span, f"`{rule.name}`", rule, place)


def patterns(context: Context) -> Iterator[Written]:
    """Every pattern: of rules, in their conditions, and what providers accept."""
    yield from patterns_of_rules(context)
    for rule in context.rules:
        if isinstance(rule.match, ast.When):
            parsed = rule.match.condition
            for atom in atoms(parsed.condition):
                if isinstance(atom, Matches):
                    yield Written(atom.pattern, parsed.span, f"`{rule.name}`", rule, field=atom.field)
    for provider in context.policy.providers.values():
        for pattern in provider.accepts:
            span = provider.places.get("accepts", provider.span)
            yield Written(pattern, span, f"`{provider.name}`")


def compiled(text: str) -> CompiledPattern:
    """A pattern that nobody wrote."""
    return compile_pattern(Located(text, Span(Source("", text), 0, len(text))))
