"""A generated module, loaded without what meets LiteLLM, and what it decides as plain values that compare with the meaning."""

from __future__ import annotations
import __future__

from functools import lru_cache
from itertools import pairwise
from types import CodeType
from typing import Any

from rulec.backends.python import RUNTIME_MODULES, STRATEGY_MODULES
from rulec.policy import meaning

PIECE = 5_000
"""So many lines of tables are compiled at once: that takes some eighty times as many bytes as they have."""
_TABLES = "TABLES: dict[str, Any] = "


def load_module(text: str) -> dict[str, Any]:
    """The names of a generated module, executed without strategies and adapter, which would import LiteLLM where that is installed.

    The runtime's text is the same in every module, so it is compiled once.
    """
    namespace: dict[str, Any] = {"__name__": "rulec_selfcheck"}
    head, begin, runtime = text.partition(_mark(RUNTIME_MODULES[0]))
    runtime, _, _ = runtime.partition(_mark(STRATEGY_MODULES[0]))
    before, _, rest = head.partition(f"\n{_TABLES}")
    tables, _, after = rest.partition("\n}\n")
    exec(_code(before), namespace)
    namespace["TABLES"] = read_literal([*tables.split("\n"), "}"])
    exec(_code(after), namespace)
    exec(_runtime_code(begin + runtime), namespace)
    return namespace


def read_literal(lines: list[str], depth: int = 0) -> Any:
    """What the lines of a literal mean whose items begin on lines of their own, in pieces where it is long."""
    opening, closing = lines[0][-1], lines[-1].strip()[0]
    inner = "    " * (depth + 1)
    deeper = tuple(inner + sign for sign in " )}")
    starts = [number for number, line in enumerate(lines[1:-1], 1) if not line.startswith(deeper)]
    read: list[Any] = []
    piece: list[str] = []

    def end_piece() -> None:
        found = eval(f"{opening}{''.join(piece)}{closing}", {})
        read.extend(found.items() if opening == "{" else found)
        piece.clear()

    for begin, end in pairwise([*starts, len(lines) - 1]):
        item = lines[begin:end]
        if len(item) > PIECE:
            end_piece()
            key, _, _ = item[0].rpartition(": ")
            value = read_literal(item, depth + 1)
            read.append((eval(key.strip(), {}), value) if opening == "{" else value)
            continue
        piece += item
        if len(piece) > PIECE:
            end_piece()
    end_piece()
    return dict(read) if opening == "{" else tuple(read)


def _mark(module: str) -> str:
    return f"\n# {'-' * 20} {module} {'-' * 20}\n"


def _code(text: str) -> CodeType:
    code: CodeType = compile(text, "routing_strategy.py", "exec", __future__.annotations.compiler_flag)
    return code


_runtime_code = lru_cache(maxsize=2)(_code)


def plain_answer(answer: meaning.Answer) -> tuple[Any, ...]:
    """What a meaning says, as plain values that compare with `plain_decision`."""
    return (
        answer.action,
        answer.rule,
        tuple((one.provider, one.upstream, one.model, one.weight, one.priority) for one in answer.candidates),
        answer.strategy,
        tuple(
            (one.place.provider, one.place.upstream, one.place.model, one.on_error, one.when, one.chain)
            for one in answer.fallbacks
        ),
        answer.status if answer.rule is not None else 400 if answer.action == "refuse" else None,
        answer.text,
        answer.prefer_warm,
    )


def plain_decision(decision: Any) -> tuple[Any, ...]:
    """What a decision of the tree or of a generated module says, as plain values."""
    return (
        decision.action,
        decision.rule,
        tuple((one.provider, one.model, one.group, one.weight, one.priority) for one in decision.candidates),
        decision.strategy,
        tuple((one.provider, one.model, one.group, one.on_error, one.when, one.chain) for one in decision.fallbacks),
        decision.status,
        decision.text if decision.rule is not None else None,
        decision.prefer_warm,
    )
