"""Makes `tables.py` out of the grammar: `python -m rulec.syntax.dsl.generator`. Lark reads the grammar, here and nowhere else.

A parser that Lark runs costs 0.1 s to start and 0.1 ms for each statement; its LALR table, run by `parser.py`, a tenth.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lark import Lark

from rulec.resources import resource_folder

TABLES = Path(__file__).with_name("tables.py")
_AFTER_KEYWORD = r"(?![A-Za-z0-9_]|[.-][A-Za-z0-9_])"
_LINE_START = "(?m:^"
_WITHIN_LINE = "(?m:(?!^)"
_NO_STATEMENT = re.compile(r"\(\?m:\(\?!\^\(.*?\)\)\)(?=\[)")
"""What the grammar says of words: at the start of a line none is a keyword that begins a statement. `parser.py` sees to it."""
_HEADER = '''"""The tables of grammar/routing.lark, made by `python -m rulec.syntax.dsl.generator`: do not edit."""

# fmt: off
# ruff: noqa: E501
from typing import Any


def _grown(first: list[Any], rest: list[Any]) -> list[Any]:
    first += rest
    return first


'''


def grammar() -> Lark:
    """The grammar as Lark runs it, for the tables and for tests that compare the two."""
    text = (resource_folder("grammar") / "routing.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", maybe_placeholders=True)


def tables_text() -> str:
    """The text of `tables.py`."""
    lark = grammar()
    table = lark.parser.parser._parse_table
    rules = {rule: number for number, rule in enumerate(lark.rules)}
    numbers = _numbered(table)
    states: list[dict[str, int]] = [{} for _ in numbers]
    for state, number in numbers.items():
        for symbol, (action, argument) in sorted(table.states[state].items()):
            target = numbers[argument] if action.name == "Shift" else -1 - rules[argument]
            states[number][str(symbol)] = target
    statements, keywords, scanned = _terminals(lark)
    named = {
        "STATES: list[dict[str, int]]": states,
        "START_STATE": numbers[table.start_states["start"]],
        "END_STATE": numbers[table.end_states["start"]],
        "RULES: list[tuple[Any, ...]]": [_rule(rule) for rule in lark.rules],
        "STATEMENTS: dict[str, str]": statements,
        "KEYWORDS: dict[str, str]": keywords,
        "TERMINALS: dict[str, str]": scanned,
    }
    return _HEADER + "\n".join(f"{name} = {_literal(value)}" for name, value in named.items())


def _numbered(table: Any) -> dict[int, int]:
    """The states in an order that is the same every time: as they are reached from the first."""
    numbers = {table.start_states["start"]: 0}
    waiting = list(numbers)
    for state in waiting:
        for _, (action, argument) in sorted(table.states[state].items(), key=lambda one: one[0]):
            if action.name == "Shift" and argument not in numbers:
                numbers[argument] = len(numbers)
                waiting.append(argument)
    return numbers


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return "[\n" + "".join(f"    {one if isinstance(one, str) else repr(one)},\n" for one in value) + "]\n"
    if isinstance(value, dict):
        return "{\n" + "".join(f"    {key!r}: {one!r},\n" for key, one in value.items()) + "}\n"
    return f"{value!r}\n"


def _rule(rule: Any) -> str:
    """What `parser.py` needs of a rule.

    (nonterminal, length, what makes the rule's values of those of its symbols, None where these are they, and whether
    an only child stands for the whole)
    """
    return f"({str(rule.origin.name)!r}, {len(rule.expansion)}, {_gatherer(rule)}, {bool(rule.options.expand1)})"


def _gatherer(rule: Any) -> str:
    """A filtered terminal gives nothing, a rule whose name begins with `_` its values, and an absent optional part None."""
    gaps = _gaps(tuple(rule.options.empty_indices)) or (0,) * (len(rule.expansion) + 1)
    items: list[str] = []
    for at, symbol in enumerate(rule.expansion):
        items += ["None"] * gaps[at]
        if symbol.is_term:
            items += [] if symbol.filter_out else [f"c[{at}]"]
        else:
            items.append(f"*c[{at}]" if symbol.name.startswith("_") else f"c[{at}]")
    items += ["None"] * gaps[-1]
    if items == [f"c[{at}]" for at in range(len(rule.expansion))]:
        return "None"
    if items and items[0].startswith("*"):  # its own list goes on growing: a long file stays linear
        first, rest = items[0].removeprefix("*"), ", ".join(items[1:])
        return f"lambda c: _grown({first}, [{rest}])" if rest else f"lambda c: {first}"
    return f"lambda c: [{', '.join(items)}]"


def _gaps(empty: tuple[bool, ...]) -> tuple[int, ...]:
    """For each symbol, and after the last, how many absent optional parts stand before it."""
    if not empty:
        return ()
    text = "".join("1" if one else "0" for one in empty)
    return tuple(len(ones) for ones in text.split("0"))


def _terminals(lark: Lark) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Keywords that begin a line, other keywords, and the patterns of everything else, the most particular first."""
    statements: dict[str, str] = {}
    keywords: dict[str, str] = {}
    scanned: dict[str, str] = {}
    for terminal in sorted(lark.terminals, key=lambda one: (-one.priority, -len(one.pattern.value))):
        pattern = terminal.pattern.to_regexp()
        if terminal.name == "STATEMENT_WORD":
            continue
        if pattern.endswith(_AFTER_KEYWORD):
            bare = pattern.removesuffix(_AFTER_KEYWORD)
            found = statements if bare.startswith(_LINE_START) else keywords
            if bare.startswith(_WITHIN_LINE):
                bare = bare.removeprefix(_WITHIN_LINE).removesuffix(")")
            for word in re.findall("[a-z_]+", bare.removeprefix(_LINE_START)):
                assert re.fullmatch(bare, word), f"{terminal.name} is no list of keywords"
                found[word] = terminal.name
        elif not terminal.name.startswith("__IGNORE"):
            pattern = _NO_STATEMENT.sub("", pattern)
            scanned[terminal.name] = re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)
    return statements, keywords, scanned


if __name__ == "__main__":
    TABLES.write_text(tables_text(), encoding="utf-8")
