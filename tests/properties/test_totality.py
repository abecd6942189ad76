"""`decide` answers whatever it is given: any JSON, any Python value, in the body, the headers and the caller."""

from __future__ import annotations

import enum
from collections import UserDict
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from profiles import SOME
from three_ways import ThreeWays, as_yaml, compiled
from words import HEADERS, METADATA

from rulec.selfcheck.emitted import load_module
from rulec.syntax.fields import FIELDS, OPERATORS

_LITERALS = {"size": "8B", "bool": "true", "enum": '"chat"', "number": "1.5"}
_WHOLE = {
    "tags": ['tag contains "a"'],
    "time": ['time in 22:00-06:00 "Europe/Berlin"'],
    "weekday": ['weekday in [mon] "Asia/Tokyo"'],
}


def every_question() -> list[str]:
    """A condition for every field with every operator that it takes."""
    asked = []
    for name, field in FIELDS.items():
        shown = f"{name}.x-priority" if name == "header" else f"{name}.project" if name == "metadata" else name
        asked.append(f"present({shown})")
        asked += _WHOLE.get(field.type, [])
        for operator in OPERATORS[field.type] if field.type not in _WHOLE else ():
            literal = _LITERALS.get(field.type, "1.5" if operator in ("<", "<=", ">", ">=") else '"a"')
            asked.append(f"{shown} {operator} [{literal}]" if operator in ("in", "not in") else f"{shown} {operator} {literal}")
    return asked


@lru_cache(maxsize=1)
def module() -> ThreeWays:
    """A rule set that asks everything of every request, as no question alone decides."""
    document = {
        "providers": {"a": {"litellm": "openai/{model}", "accepts": ["^a", "7b$"], "default_model": "a-7b"}, "never": {"litellm": "x/y"}},
        "models": {"a-7b": {"served_by": ["a"]}},
        "request_metadata_routing": {
            f"asks_{number}": {"model": "a-7b", "condition": f"({asked}) and unavailable(never)"}
            for number, asked in enumerate(every_question())
        },
        "exact_matches": {"a-7b": {"provider": "a"}},
        "patterns": [{"pattern": ["^a", "(b|c)+d"], "provider": "a"}],
        "capabilities": {"a": {"provider": "a", "fallback": [{"provider": "a", "when": "messages > 1 and a_unavailable"}]}},
        "model_size_routing": [{"size": "< 8B", "provider": "a"}],
        "default": {"provider": "a", "substitute": True},
    }
    return ThreeWays(compiled(as_yaml(document)))


def decide() -> Callable[..., Any]:
    return module().emitted


class Colour(str, enum.Enum):
    RED = "red"


class Word(str):
    """Text of another type."""


class Quiet:
    """Refuses every question."""

    def refuse(self, *_: Any) -> Any:
        raise RuntimeError

    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __bool__ = __len__ = __iter__ = __getitem__ = __contains__ = refuse
    __str__ = __hash__ = __int__ = __float__ = __index__ = refuse


class Adrift(tzinfo):
    """A time zone that nobody knows anything about."""


class Late(tzinfo):
    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta(hours=23, minutes=59)


_ODD: dict[str, Any] = {
    "long": "a" * 100_000,
    "digits": "9" * 5000,
    "enum": Colour.RED,
    "word": Word("a-7b"),
    "decimal": Decimal("NaN"),
    "complex": 1j,
    "range": range(3),
    "iterator": iter(()),
    "class": object,
    "quiet": Quiet(),
    "first moment": datetime.min,
    "last moment": datetime.max,
    "before the first": datetime.min.replace(tzinfo=Late()),
    "after the last": datetime.max.replace(tzinfo=timezone(-timedelta(hours=23))),
    "no offset": datetime(2026, 1, 1, tzinfo=Adrift()),
}
"""Named, as Hypothesis prints what it draws from, and not all of it can be printed."""

_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=12),
    st.binary(max_size=4),
    st.sampled_from(("a-7b", "a", "auto", "7b", "\ud800", "-1.5", "\n", "2026-01-01", "24:00")),
    st.sampled_from(sorted(_ODD)).map(lambda name: _ODD[name]),
)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from(("role", "content", "type", "text", "capability", "tags", "")), inner, max_size=4),
    ),
    max_leaves=8,
)
_BODY_KEYS = (
    "model", "metadata", "messages", "prompt", "input", "system", "instructions", "stream", "tools", "max_tokens",
    "max_completion_tokens", "max_output_tokens", "temperature", "n", "tags",
)  # fmt: skip
_METADATA = st.dictionaries(st.sampled_from((*METADATA, "tags")), _ANYTHING, max_size=4)
_BODIES = st.one_of(
    _ANYTHING, st.dictionaries(st.sampled_from(_BODY_KEYS), _ANYTHING, max_size=6), st.fixed_dictionaries({"metadata": _METADATA})
)
_HEADERS = st.one_of(
    _ANYTHING, st.dictionaries(st.sampled_from((*HEADERS, "x-litellm-tags")), _ANYTHING, max_size=4).map(UserDict)
)
_CALLERS = st.dictionaries(
    st.sampled_from(("key", "team", "user", "tags", "endpoint", "now", "unavailable", "other")), _ANYTHING, max_size=5
)


@SOME
@given(_BODIES, _HEADERS, _CALLERS)
@example({"model": "a-7b"}, None, {})
@example({}, {}, {"now": datetime(2026, 1, 1, tzinfo=Adrift())})
@example({"model": datetime(2026, 1, 1, tzinfo=Adrift())}, {}, {})
def test_decide_never_raises(body: Any, headers: Any, caller: dict[str, Any]) -> None:
    decision = decide()(body, headers, **caller)
    assert decision.action in ("route", "pass", "refuse")
    for candidate in decision.candidates:
        for hop in decision.hops(candidate):
            hop.allowed(decision.request, {candidate.provider})


def test_what_has_no_repr() -> None:
    """Lists nested deeper than Python recurses, and a number of more digits than it prints."""
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    for value in (deep, {"content": deep}, 10**5000):
        for key in _BODY_KEYS:
            assert decide()({key: value}, {"x-priority": value}, tags=value, now=value).action == "route"
            assert decide()({key: [value]}, {}).action == "route"


def test_long_names_are_not_remembered() -> None:
    """A client that sends a megabyte as the model must not fill the memory of the proxy."""
    names = load_module(module().module.text)
    for number in range(50):
        assert names["decide"]({"model": f"{number}" + "a" * 10_000}, {}).action == "route"
        names["decide"]({"model": f"a{number}"}, {})
    engine = names["ENGINE"]
    decided = [*engine.decided, *engine.decided_strangers, *engine.undecided]
    remembered = [*decided, *(name for _, name in engine.leaves), *engine.catalogue.accepting]
    assert remembered and max(len(name or "") for name in remembered) <= 256
