"""Records do what dataclasses of the same fields would do."""

from __future__ import annotations

import pickle

import pytest

from rulec.records import field, fields_of, is_record, record, replace


@record
class Point:
    """A place on a sheet."""

    x: int
    y: int = 0
    label: str = field(default="", compare=False)
    marks: list[int] = field(default_factory=list, compare=False)


@record
class Other:
    x: int
    y: int = 0


@record
class Nothing:
    """No fields at all."""


@record(frozen=False)
class Bag:
    things: list[int] = field(default_factory=list)


@record(eq=False)
class Lonely:
    x: int


def test_a_record_is_made_by_place_and_by_name() -> None:
    assert (Point(1).x, Point(1).y, Point(1, y=2).y, Point(y=2, x=1).x) == (1, 0, 2, 1)
    with pytest.raises(TypeError, match="missing 1 required"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]


def test_defaults_are_made_anew() -> None:
    first, second = Point(1), Point(1)
    first.marks.append(1)
    assert second.marks == [] and Point(1, marks=[7]).marks == [7]


def test_equality_looks_at_the_class_and_the_compared_fields() -> None:
    assert Point(1) == Point(1, 0, "here", [3]) != Point(1, 1)
    assert Point(1) != Other(1) and Nothing() == Nothing() and Lonely(1) != Lonely(1)
    assert len({Point(1), Point(1, label="a"), Point(2), Nothing(), Nothing()}) == 3
    assert Bag([1]) == Bag([1])
    with pytest.raises(TypeError, match="unhashable"):
        hash(Bag())


@record
class Counted:
    start: int
    _seen: list[int] = field(default_factory=list)


def test_what_a_record_says_of_itself() -> None:
    assert repr(Point(1, 2, "a")) == "Point(x=1, y=2, label='a', marks=[])"
    assert fields_of(Point(1)) == ("x", "y", "label", "marks")
    assert is_record(Nothing()) and not is_record(Point) and not is_record((1, 2))
    assert Point.__doc__ == "A place on a sheet."


def test_a_copy_with_changes_and_a_copy_through_pickle() -> None:
    point = Point(1, 2, "a", [3])
    assert replace(point, y=5).y == 5 and replace(point, y=5).label == "a" and point.y == 2
    assert replace(Counted(3, [9]), start=4)._seen == [] and Counted(3, [9])._seen == [9]
    assert pickle.loads(pickle.dumps(point)).marks == [3]
