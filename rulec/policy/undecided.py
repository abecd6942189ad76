"""What a part of a request alone says of a condition: true, false, or nothing yet (Kleene's logic)."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt

from rulec.policy.model import Policy, matcher
from rulec.runtime.sizes import is_regular_name
from rulec.syntax import conditions as when

_TESTS: dict[str, Callable[[str, str], bool]] = {
    "==": eq,
    "contains": lambda text, part: part in text,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
_ORDERS: dict[str, Callable[[int, int], bool]] = {"==": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


def speaks_of_models(condition: when.Condition) -> bool:
    """Whether a condition asks for the model or its size at all."""
    if isinstance(condition, (when.And, when.Or)):
        return any(speaks_of_models(item) for item in condition.items)
    if isinstance(condition, when.Not):
        return speaks_of_models(condition.item)
    field = getattr(condition, "field", None)
    return isinstance(field, when.Field) and field.name in ("model", "model_size")


def judged(condition: when.Condition, name: str, policy: Policy) -> bool | None:
    """The condition for requests of this model; None where the rest of the request decides."""
    return settled(condition, lambda atom: _of_name(atom, name, policy) if speaks_of_models(atom) else None)


def settled(condition: when.Condition, atom: Callable[[when.Condition], bool | None]) -> bool | None:
    """A condition, where this is known of the comparisons in it; None where these do not decide it."""
    if isinstance(condition, when.And):
        return _all([settled(item, atom) for item in condition.items])
    if isinstance(condition, when.Or):
        return _not(_all([_not(settled(item, atom)) for item in condition.items]))
    if isinstance(condition, when.Not):
        return _not(settled(condition.item, atom))
    return True if isinstance(condition, when.Always) else atom(condition)


def _of_name(condition: when.Condition, name: str, policy: Policy) -> bool | None:
    """A comparison of `model` or `model_size`."""
    if isinstance(condition, when.Matches):
        return is_regular_name(name) and matcher(condition.pattern.spec)(name)
    size = policy.size(name) if is_regular_name(name) else None
    is_size = getattr(condition, "field").name == "model_size"  # noqa: B009 - which of the comparisons it is, is open
    if isinstance(condition, when.Present):
        return not is_size or size is not None
    if isinstance(condition, when.Among):
        return (size if is_size else name) in condition.literals
    if not isinstance(condition, when.Compare):
        return None
    if is_size:
        return size is not None and _ORDERS[condition.operator](size, int(condition.literal))
    return _TESTS[condition.operator](name, str(condition.literal))


def _all(values: list[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value
