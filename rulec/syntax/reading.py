"""What the readers of all sections share: where declarations go, and how mistakes become diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rulec.diagnostics import Diagnostic, Diagnostics, Rejected
from rulec.patterns.compile import compile_pattern
from rulec.patterns.compiled import CompiledPattern
from rulec.source import Located, Span
from rulec.syntax import ast
from rulec.syntax.checker import Candidate, Checker
from rulec.syntax.nodes import Scalar


class Reading:
    """One document on its way into a rule set."""

    def __init__(self, rules: ast.RuleSet, diagnostics: Diagnostics) -> None:
        self.rules = rules
        self.diagnostics = diagnostics
        self.checker = Checker(diagnostics)
        self.check = self.checker.check

    def attempt(self, read: Callable[..., None], *arguments: Any) -> None:
        """Reads one thing; what stops it is reported, and the next thing is read."""
        try:
            read(*arguments)
        except Rejected as rejected:
            self.diagnostics.items.append(rejected.diagnostic)

    def patterns(self, scalars: list[Scalar]) -> tuple[CompiledPattern, ...]:
        """The patterns that compile; the others are reported."""
        compiled = []
        for scalar in scalars:
            try:
                compiled.append(compile_pattern(scalar.located()))
            except Rejected as rejected:
                self.diagnostics.items.append(rejected.diagnostic)
        return tuple(compiled)

    def refuse_reserved(self, name: Scalar, what: str) -> None:
        if name.text == "none":
            self.diagnostics.error(
                "reserved-name", f"`none` is no name for a {what}", name.span, "`none` says that there is no fallback"
            )


def wrong(message: str, span: Span, help: str | None = None, code: str = "wrong-value") -> Rejected:
    """What stops the reading of a declaration."""
    return Rejected(Diagnostic(code, "error", message, span, help))


def located(scalar: Scalar | None) -> Located | None:
    return None if scalar is None else scalar.located()


def candidate(one: Candidate) -> ast.Candidate:
    weight = one.weight
    if weight is None:
        return ast.Candidate(one.provider.located())
    return ast.Candidate(one.provider.located(), weight.value, weight.span)
