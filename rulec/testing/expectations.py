"""What a case expects against what a decision says, and what became of the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rulec.testing.cases import OF_RUNS, PLACE_KEYS, Case
from rulec.testing.errors import Attempt, Run

Difference = tuple[str, Any, Any]
"""What differs, what was expected, what came."""


def differences(expect: Mapping[str, Any], answer: Mapping[str, Any]) -> list[Difference]:
    """Where an answer (the object of explain) is not what was expected: (what, expected, got)."""
    found = []
    for key, wanted in expect.items():
        if key in OF_RUNS:
            continue
        got = _got(key, answer)
        if key in ("candidates", "fallbacks"):
            if not _same_list(wanted, got):
                found.append((key, wanted, [_shown(item, wanted) for item in got]))
        elif got != wanted or isinstance(got, bool) != isinstance(wanted, bool):
            found.append((key, wanted, got))
    return found


def differences_of_runs(case: Case, runs: list[Run]) -> list[Difference]:
    """Where a run is not what was expected: the first one by its order of candidates that differs, as all must do."""
    for run in runs:
        attempts = [attempt_object(one) for one in run.attempts]
        served = attempts[-1] if run.served_by is not None else None
        first = f" (where {attempts[0]['provider']} is tried first)" if len(runs) > 1 else ""
        found: list[Difference] = []
        for key, wanted in case.expect.items():
            if key == "tried" and not _same_list(wanted, attempts):
                found.append((key + first, wanted, [_shown(one, wanted) for one in attempts]))
            if key == "served_by" and (served is None or not _same_item(wanted, served)) and served is not wanted:
                found.append((key + first, wanted, None if served is None else _shown(served, [wanted])))
            if key == "error" and run.error != wanted:
                found.append((key + first, wanted, run.error))
        if found:
            return found
    return []


def attempt_object(attempt: Attempt) -> dict[str, Any]:
    """An attempt as expectations see it."""
    target = attempt.step.target
    return {
        "provider": target.provider,
        "model": target.model,
        "litellm_model": target.litellm_model,
        "model_group": target.group,
        "error": attempt.error,
    }


def numbers_picked(case: Case, candidates: list[dict[str, Any]]) -> list[int]:
    """The numbers of the candidates that a case says are picked; raises LookupError with what is no candidate."""
    found: list[int] = []
    for wanted in case.picked:
        likely = (n for n, one in enumerate(candidates) if n not in found and _same_item(wanted, one))
        number = next(likely, None)
        if number is None:
            raise LookupError(wanted)
        found.append(number)
    return found


def _got(key: str, answer: Mapping[str, Any]) -> Any:
    if key == "rule":
        rule = answer["rule"]
        return None if rule is None else rule["name"]
    if key in PLACE_KEYS:
        values = list(dict.fromkeys(one[key] for one in answer["candidates"]))
        return values[0] if len(values) == 1 else (values or None)
    return answer.get(key)


def _same_list(wanted: Any, got: list[dict[str, Any]]) -> bool:
    return len(wanted) == len(got) and all(_same_item(one, two) for one, two in zip(wanted, got, strict=True))


def _same_item(wanted: Any, got: dict[str, Any]) -> bool:
    if not isinstance(wanted, dict):
        return bool(got["provider"] == str(wanted))
    return all(got.get(key) == value for key, value in wanted.items())


def _shown(item: dict[str, Any], wanted: list[Any]) -> Any:
    """An item of the answer with the keys that the expectation speaks of."""
    keys = dict.fromkeys(key for one in wanted if isinstance(one, dict) for key in one)
    if not keys:
        return item["provider"]
    return {key: item.get(key) for key in keys}
