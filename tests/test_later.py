"""What is made later reads like the tuple or the dict that it stands for, and makes no more than is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulec.cache.later import PAGE_ITEMS, LaterMapping, LaterSequence


def later(items: list[int]) -> tuple[LaterSequence[int], list[int]]:
    """The items, and the numbers of the pages that were made."""
    made: list[int] = []

    def make(page: int) -> list[int]:
        made.append(page)
        return items[page * PAGE_ITEMS : (page + 1) * PAGE_ITEMS]

    return LaterSequence(len(items), make), made


@given(st.integers(0, 3 * PAGE_ITEMS + 1), st.slices(3 * PAGE_ITEMS), st.integers(-300, 300))
def test_a_sequence(length: int, part: slice, place: int) -> None:
    items = tuple(range(length))
    found, _ = later(list(items))
    assert tuple(found) == items == found and items == tuple(found) and len(found) == length
    assert found[part] == items[part] and found != (*items, -1)
    if -length <= place < length:
        assert found[place] == items[place] and items[place] in found
    else:
        with pytest.raises(IndexError):
            found[place]


def test_no_more_than_is_asked_for() -> None:
    found, made = later(list(range(1000)))
    mapping = LaterMapping({str(number): number for number in range(1000)}, found)
    assert len(found) == len(mapping) == 1000 and "999" in mapping and "1000" not in mapping and list(mapping)[1] == "1"
    assert made == []
    assert found[500] == mapping["500"] == 500
    assert mapping.get("1000") is None and mapping["3"] == found[3] == 3
    assert made == [500 // PAGE_ITEMS, 0]


def test_a_mapping() -> None:
    found, _ = later([5, 6, 7])
    mapping = LaterMapping({"b": 2, "a": 0}, found)
    assert mapping == {"b": 7, "a": 5} == dict(mapping) and list(mapping.items()) == [("b", 7), ("a", 5)]
