"""Patterns to the literals that every match holds: the tables of `runtime.index.LiteralIndex`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rulec.ir.rows import Row
from rulec.patterns.compiled import CompiledPattern

_LONGEST_END = 64
"""Prefixes and suffixes are kept up to this length: each length in use costs one look-up."""
_GRAM_LENGTH = 4


def make_literal_index(arms: Sequence[tuple[tuple[CompiledPattern, ...], int]]) -> tuple[Any, ...]:
    """Literals that a matching text must hold, each with its rules: whole texts, prefixes, suffixes, grams, and the others."""
    names: dict[str, list[int]] = {}
    prefixes: dict[str, list[int]] = {}
    suffixes: dict[str, list[int]] = {}
    anywhere: list[tuple[str, int]] = []
    others: list[int] = []
    for patterns, rule in arms:
        for pattern in patterns:
            for kind, literal in _literals(pattern):
                if kind == "name":
                    names.setdefault(literal, []).append(rule)
                elif kind == "prefix":
                    prefixes.setdefault(literal[:_LONGEST_END], []).append(rule)
                elif kind == "suffix":
                    suffixes.setdefault(literal[-_LONGEST_END:], []).append(rule)
                elif kind == "anywhere":
                    anywhere.append((literal, rule))
                else:
                    others.append(rule)
    tables = (names, prefixes, suffixes, _grams(anywhere))
    return (*({key: tuple(dict.fromkeys(found)) for key, found in one.items()} for one in tables), tuple(others))


def _literals(pattern: CompiledPattern) -> list[tuple[str, str]]:
    """What a matching text must hold, one of: (kind, literal); kind `other` where nothing is known."""

    def of(spec: Row) -> list[tuple[str, str]]:
        if spec[0] == "set":
            return [("name", literal) for literal in spec[1]]
        if spec[0] in ("prefix", "suffix"):
            return [(spec[0], spec[1])]
        if spec[0] == "contains":
            return [("anywhere", spec[1])]
        if spec[0] == "glob":
            _, start, parts, end = spec
            if start and parts[0]:
                return [("prefix", parts[0])]
            if end and parts[-1]:
                return [("suffix", parts[-1])]
            longest = max(parts, key=len)
            return [("anywhere", longest)] if longest else [("other", "")]
        if spec[0] == "or":
            return [literal for one in spec[1:] for literal in of(one)]
        return [("anywhere", one) for one in pattern.factors] if pattern.factors else [("other", "")]

    return of(pattern.spec)


def _grams(anywhere: list[tuple[str, int]]) -> dict[str, list[int]]:
    """For each literal its rarest run of four characters (or all of it, if shorter)."""
    runs = {literal: _runs(literal) for literal, _ in anywhere}
    seen = Counter(run for found in runs.values() for run in set(found))
    table: dict[str, list[int]] = {}
    for literal, rule in anywhere:
        table.setdefault(min(runs[literal], key=lambda run: seen[run]), []).append(rule)
    return table


def _runs(literal: str) -> list[str]:
    if len(literal) <= _GRAM_LENGTH:
        return [literal]
    return [literal[at : at + _GRAM_LENGTH] for at in range(len(literal) - _GRAM_LENGTH + 1)]
