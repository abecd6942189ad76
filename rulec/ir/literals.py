"""Patterns to the literals that every match holds: the tables of `runtime.index.LiteralIndex`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rulec.ir.rows import Row
from rulec.patterns.compiled import CompiledPattern

_LONGEST_END = 64
"""Prefixes and suffixes are kept up to this length: each length in use costs one look-up."""
_GRAM_LENGTHS = (4, 8)
_MOST_SHARING = 4

Literal = tuple[str, str]
"""Where a literal must stand (name, prefix, suffix, anywhere), and its text."""


def make_literal_index(arms: Sequence[tuple[tuple[CompiledPattern, ...], int]]) -> tuple[Any, ...]:
    """Literals that a matching text must hold, each with its rules: whole texts, prefixes, suffixes, grams, and the others.

    Who is found by a literal anywhere has a second one beside it, if there is one: most texts that hold the first by
    accident, or to do harm, do not hold both.
    """
    branches = [(one, pattern, rule) for patterns, rule in arms for pattern in patterns for one in _branches(pattern)]
    shared = Counter(literal for options, _, _ in branches for literal in options)
    found: dict[str, dict[Any, list[int]]] = {kind: {} for kind in ("name", "prefix", "suffix", "anywhere")}
    others: list[int] = []
    for options, pattern, rule in branches:
        if options:
            kind, literal = min(options, key=lambda one: (_is_weak(one), shared[one]))
            key = (literal, _second(pattern.spec, literal)) if kind == "anywhere" else literal
            found[kind].setdefault(key, []).append(rule)
        else:
            others.append(rule)
    names, prefixes, suffixes, anywhere = (
        {literal: tuple(dict.fromkeys(rules)) for literal, rules in one.items()} for one in found.values()
    )
    return names, prefixes, suffixes, _grams(anywhere), tuple(dict.fromkeys(others))


def _is_weak(literal: Literal) -> bool:
    """Whether a literal is so short that it is searched for by itself."""
    return literal[0] == "anywhere" and len(literal[1]) < _GRAM_LENGTHS[0]


def _branches(pattern: CompiledPattern) -> list[list[Literal]]:
    """For each way in which a text may match the literals that it must hold then, the ones found quickest first."""

    def of(spec: Row) -> list[list[Literal]]:
        if spec[0] == "set":
            return [[("name", literal)] for literal in spec[1]]
        if spec[0] == "or":
            return [branch for one in spec[1:] for branch in of(one)]
        return [[(kind, literal) for kind, literal in _required(spec, pattern.factors) if literal]]

    return of(pattern.spec)


def _second(spec: Row, first: str) -> str:
    """The longest literal beside a first one, where a pattern matches in one way only."""
    literals = spec[2] if spec[0] == "glob" else (spec[2], spec[4]) if spec[0] == "between" else ()
    return max((one for one in literals if one not in first), key=len, default="")


def _required(spec: Row, factors: tuple[str, ...] | None) -> list[Literal]:
    if spec[0] == "prefix":
        return [("prefix", spec[1][:_LONGEST_END])]
    if spec[0] == "suffix":
        return [("suffix", spec[1][-_LONGEST_END:])]
    if spec[0] == "contains":
        return [("anywhere", spec[1])]
    if spec[0] == "glob":
        _, start, parts, end = spec
        ends = [("prefix", parts[0][:_LONGEST_END])] if start else []
        ends += [("suffix", parts[-1][-_LONGEST_END:])] if end else []
        return [*ends, *(("anywhere", one) for one in sorted(parts, key=len, reverse=True))]
    anywhere = [("anywhere", factors[0])] if factors and len(factors) == 1 else []
    return [*_between(*spec[1:]), *anywhere] if spec[0] == "between" else anywhere


def _between(start: bool, head: str, middle: Row, tail: str, end: bool) -> list[Literal]:
    """Its two literals."""
    first = ("prefix", head[:_LONGEST_END]) if start else ("anywhere", head)
    return [first, ("suffix", tail[-_LONGEST_END:]) if end else ("anywhere", tail)]


def _grams(anywhere: dict[tuple[str, str], tuple[int, ...]]) -> dict[str, Row]:
    """By its rarest run of four characters each literal, with its second one and the rules.

    By eight where too many others have those four.
    """
    literals = {literal for literal, _ in anywhere}
    shared = {length: Counter(run for one in literals for run in set(_runs(one, length))) for length in _GRAM_LENGTHS}
    table: dict[str, list[Row]] = {}
    for (literal, second), rules in anywhere.items():
        for length in _GRAM_LENGTHS:
            gram = min(_runs(literal, length), key=shared[length].__getitem__)
            if shared[length][gram] <= _MOST_SHARING or len(literal) < _GRAM_LENGTHS[-1]:
                break
        table.setdefault(gram, []).append((literal, second, rules))
    return {gram: tuple(found) for gram, found in table.items()}


def _runs(literal: str, length: int) -> list[str]:
    """All runs of so many characters, or all of the literal if it is shorter."""
    return [literal[at : at + length] for at in range(max(len(literal) - length, 0) + 1)]
