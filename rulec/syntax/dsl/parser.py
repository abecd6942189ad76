"""Runs the LALR table of the grammar: text to tokens, and tokens to what a builder makes of them.

How values are put together (spliced rules, absent optional parts, rules with one child) is Lark's way, so that the
grammar means here what it means there: https://lark-parser.readthedocs.io/en/stable/tree_construction.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rulec.syntax.dsl.tables import END_STATE, KEYWORDS, RULES, START_STATE, STATEMENTS, STATES, TERMINALS

END = "$END"
NAMES = frozenset(rule[0] for rule in RULES)
"""The rules of the grammar, for which there may be callbacks."""
_SKIPPED = r"(?:[ \t\r\n\f]+|#[^\n]*)*"
_WORDS = ("WORD", "FIELD", "ARGUMENT", "EXTENSION")
_SCAN = re.compile(
    _SKIPPED
    + "(?:"
    + "|".join(f"(?P<{name}>{TERMINALS[name]})" for name in TERMINALS if name not in _WORDS[1:])
    + r")?"
)
_OTHER_WORDS = {name: re.compile(TERMINALS[name]) for name in ("FIELD", "ARGUMENT")}
_EXTENSION = re.compile(TERMINALS["EXTENSION"])

Callback = Callable[[list[Any]], Any]


class Token:
    """A terminal of the grammar as it stands in the text, at offsets in the whole source."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end


class Unexpected(Exception):
    """No statement goes on with this token; `token.kind` is empty where the text at it is no token at all."""

    def __init__(self, token: Token, states: list[int]) -> None:
        super().__init__(token.text)
        self.token = token
        self.states = states

    def accepted(self) -> frozenset[str]:
        """The terminals that could have stood here."""
        row = STATES[self.states[-1]]
        return frozenset(name for name in row if (name.isupper() or name == END) and _shifts(self.states, name))


def _shifts(states: list[int], name: str) -> bool:
    """Whether the table, after the reductions that it asks for, takes this terminal."""
    stack = list(states)
    while True:
        action = STATES[stack[-1]].get(name)
        if action is None:
            return False
        if action >= 0:
            return True
        origin, size = RULES[-1 - action][:2]
        if size:
            del stack[-size:]
        stack.append(STATES[stack[-1]][origin])
        if name == END and stack[-1] == END_STATE:
            return True


def parse(text: str, start: int, end: int, callbacks: dict[str, Callback]) -> Any:
    """What the callbacks make of `text[start:end]`; raises Unexpected at the first token that does not fit."""
    plans = [_plan(rule, callbacks) for rule in RULES]
    rows = STATES
    row = rows[START_STATE]
    states = [START_STATE]
    values: list[Any] = []
    scan = _SCAN.match
    position = start
    while True:
        found = scan(text, position, end)
        assert found is not None
        kind = found.lastgroup
        if kind is None:
            token = _no_token(text, found.end(), end)
            kind = token.kind
        else:
            begin, position = found.span(kind)
            if kind == "WORD":
                kind, position = _word(text, begin, position, row)
            elif kind == "NUMBER" and kind not in row and "DASH" in row and text[begin] == "-":
                kind, position = "DASH", begin + 1
            token = Token(kind, text[begin:position], begin, position)
        while True:
            action = row.get(kind)
            if action is None:
                raise Unexpected(token, states)
            if action >= 0:
                row = rows[action]
                states.append(action)
                values.append(token)
                break
            origin, size, gather, callback = plans[-1 - action]
            if size == 1:
                children = [values.pop()]
                states.pop()
            else:
                children = values[-size:] if size else []
                del values[len(values) - size :], states[len(states) - size :]
            if gather is not None:
                children = gather(children)
            values.append(children if callback is None else callback(children))
            action = rows[states[-1]][origin]
            row = rows[action]
            states.append(action)
            if kind == END and action == END_STATE:
                return values[-1]


def _no_token(text: str, at: int, end: int) -> Token:
    return Token(END, "", at, at) if at >= end else Token("", text[at], at, at + 1)


def _word(text: str, start: int, end: int, row: dict[str, int]) -> tuple[str, int]:
    """The kind of the word at `start`, and where it ends: what it is depends on what can stand there."""
    word = text[start:end]
    if start == 0 or text[start - 1] == "\n":
        kind = STATEMENTS.get(word)
        if kind is not None:
            return kind if kind in row or "STATEMENT_WORD" not in row else "STATEMENT_WORD", end
        found = _EXTENSION.match(text, start) if word.startswith("x-") else None
        if found is not None:
            return "EXTENSION" if "EXTENSION" in row or "STATEMENT_WORD" not in row else "STATEMENT_WORD", found.end()
    kind = KEYWORDS.get(word)
    if kind is not None and kind in row:
        return kind, end
    if "WORD" not in row:
        for name, pattern in _OTHER_WORDS.items():
            if name in row:
                other = pattern.match(text, start)
                assert other is not None
                return name, other.end()
        if kind is not None:
            return kind, end
    return "WORD", end


def _plan(
    rule: tuple[str, int, Callback | None, bool], callbacks: dict[str, Callback]
) -> tuple[str, int, Callback | None, Callback | None]:
    origin, size, gather, only_child = rule
    callback = callbacks.get(origin)
    return origin, size, gather, _unwrapped(callback) if only_child else callback


def _unwrapped(callback: Callback | None) -> Callback:
    def unwrapped(children: list[Any]) -> Any:
        return children[0] if len(children) == 1 else children if callback is None else callback(children)

    return unwrapped
