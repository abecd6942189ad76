"""Collections whose items are made when somebody asks for them: who needs one of ten thousand does not wait for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

Item = TypeVar("Item")
Key = TypeVar("Key")
PAGE_ITEMS = 64
"""How many items are made together."""


class LaterSequence(Sequence[Item]):
    """A tuple to those who read it; `make` makes the items of a page by its number."""

    def __init__(self, length: int, make: Callable[[int], Sequence[Item]]) -> None:
        self._length = length
        self._make = make
        self._pages: dict[int, Sequence[Item]] = {}

    def _page(self, number: int) -> Sequence[Item]:
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = self._make(number)
        return page

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, index: int | slice) -> Item | tuple[Item, ...]:
        if isinstance(index, slice):
            return tuple(map(self.__getitem__, range(self._length)[index]))
        number, place = divmod(range(self._length)[index], PAGE_ITEMS)
        return self._page(number)[place]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Item]:
        for number in range(-(-self._length // PAGE_ITEMS)):
            yield from self._page(number)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (tuple, LaterSequence)) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


class LaterMapping(Mapping[Key, Item]):
    """A dict to those who read it: `numbers` says which of the items a key has."""

    def __init__(self, numbers: Mapping[Key, int], items: Sequence[Item]) -> None:
        self._numbers = numbers
        self._items = items

    def __getitem__(self, key: Key) -> Item:
        return self._items[self._numbers[key]]

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._numbers)

    def __contains__(self, key: Any) -> bool:
        return key in self._numbers
