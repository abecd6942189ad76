"""Conditions as data to tests: a comparison with an absent field is false, `not` turns it round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rulec.runtime.catalogue import Catalogue
from rulec.runtime.request import FIELD_READERS, Request
from rulec.runtime.sizes import is_regular_name

Test = Callable[[Request, "frozenset[str]"], bool]
"""A condition: the request and the providers that are unavailable to a bool."""
Zones = Sequence["Sequence[tuple[int, int]]"]
"""For each time zone in use its offsets: [(seconds since 1970, offset in seconds), …] by time."""


def build_test(row: Sequence[Any], catalogue: Catalogue, zones: Zones) -> Test:
    """The test for one condition as data; the first item of a row names its kind."""
    kind = row[0]
    if kind == "always":
        return lambda request, down: True
    if kind == "not":
        inner = build_test(row[1], catalogue, zones)
        return lambda request, down: not inner(request, down)
    if kind in ("and", "or"):
        return _combined([build_test(one, catalogue, zones) for one in row[1]], kind == "or")
    if kind == "unavailable":
        return lambda request, down: row[1] in down
    if kind == "between":
        return _between(row[1], row[2], zones[row[3]])
    if kind == "days":
        return lambda request, down: request.local_time(zones[row[2]])[1] in row[1]
    if kind == "tag":
        return lambda request, down: row[1] in request.tags
    return _field_test(row, catalogue)


def _combined(tests: Sequence[Test], verdict: bool) -> Test:
    """Gives this verdict where any of the tests does, else the other one."""

    def test(request: Request, down: frozenset[str]) -> bool:
        for one in tests:
            if one(request, down) is verdict:
                return verdict
        return not verdict

    return test


def _between(start: int, end: int, offsets: Any) -> Test:
    def test(request: Request, down: frozenset[str]) -> bool:
        minute = request.local_time(offsets)[0]
        return start <= minute < end if start < end else minute >= start or minute < end

    return test


def _field_test(row: Sequence[Any], catalogue: Catalogue) -> Test:
    kind, name, argument = row[:3]
    if kind == "present":
        read = field_reader(name, argument, catalogue)
        return lambda request, down: read(request) not in (None, frozenset())
    if kind == "flag":
        read = field_reader(name, argument, catalogue)
        return lambda request, down: read(request) is True
    if kind == "matches":
        read = field_reader(name, argument, catalogue)
        return _matches(read, name == "model", row[3], catalogue)
    if kind == "among":
        return _combined([_comparison(name, argument, "==", one, catalogue) for one in row[3]], True)
    return _comparison(name, argument, row[3], row[4], catalogue)


def _matches(read: Callable[[Request], Any], names_only: bool, pattern: int, catalogue: Catalogue) -> Test:
    def test(request: Request, down: frozenset[str]) -> bool:
        text = read(request)
        if not isinstance(text, str) or (names_only and not is_regular_name(text)):
            return False
        return catalogue.matches(pattern, text)

    return test


def _comparison(name: str, argument: str | None, operator: str, literal: Any, catalogue: Catalogue) -> Test:
    as_number = name == "header" and not isinstance(literal, str)
    read = field_reader("header_number" if as_number else name, argument, catalogue)
    compare = COMPARISONS[operator]
    wanted = (str,) if isinstance(literal, str) else (bool,) if isinstance(literal, bool) else (int, float)

    def test(request: Request, down: frozenset[str]) -> bool:
        value = read(request)
        return type(value) in wanted and compare(value, literal)

    return test


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda value, literal: bool(value == literal),
    "<": lambda value, literal: bool(value < literal),
    "<=": lambda value, literal: bool(value <= literal),
    ">": lambda value, literal: bool(value > literal),
    ">=": lambda value, literal: bool(value >= literal),
    "contains": lambda value, literal: literal in value,
    "starts_with": lambda value, literal: bool(value.startswith(literal)),
    "ends_with": lambda value, literal: bool(value.endswith(literal)),
}


def field_reader(name: str, argument: str | None, catalogue: Catalogue) -> Callable[[Request], Any]:
    """How a field is read from a request, bound to its argument."""
    key = argument or ""
    if name == "header":
        return lambda request: request.header(key)
    if name == "header_number":
        return lambda request: request.header_number(key)
    if name == "metadata":
        return lambda request: request.metadata_value(key)
    if name == "model_size":
        return lambda request: catalogue.size(request.model)
    return FIELD_READERS.get(name, _always)


def _always(request: Request) -> bool:
    return True
