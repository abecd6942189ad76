"""A generated module, loaded without what meets LiteLLM, and what it decides as plain values that compare with the meaning."""

from __future__ import annotations
import __future__

from functools import lru_cache
from types import CodeType
from typing import Any

from rulec.backends.python import RUNTIME_MODULES, STRATEGY_MODULES
from rulec.policy import meaning


def load_module(text: str) -> dict[str, Any]:
    """The names of a generated module, executed without strategies and adapter, which would import LiteLLM where that is installed.

    The runtime's text is the same in every module, so it is compiled once.
    """
    namespace: dict[str, Any] = {"__name__": "rulec_selfcheck"}
    tables, begin, runtime = text.partition(_mark(RUNTIME_MODULES[0]))
    runtime, _, _ = runtime.partition(_mark(STRATEGY_MODULES[0]))
    exec(_code(tables), namespace)
    exec(_runtime_code(begin + runtime), namespace)
    return namespace


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
