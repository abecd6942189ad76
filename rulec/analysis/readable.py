"""Witnesses that read well: a name that was only searched for gets words where it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rulec.analysis.draft import Witness
from rulec.analysis.space import Space
from rulec.records import replace

_FRAGMENTS = ("model", "my-model")
_SHORT = 5


def readable(witness: Witness, space: Space, stays: Callable[[Witness], bool]) -> Witness:
    """The witness with words in its name, if it is none of the known names and `stays` where it is."""
    name = witness.body.get("model")
    if not isinstance(name, str) or name in space.model.numbers:
        return witness
    for better in _dressed(name):
        changed = replace(witness, body={**witness.body, "model": better})
        if better not in space.model.numbers and stays(changed):
            return changed
    return witness


def _dressed(name: str) -> Iterator[str]:
    """The name with a word at each place between other characters than letters and digits."""
    for at in range(len(name) + 1):
        before, after = name[at - 1 : at] if at else "", name[at : at + 1]
        if not before.isalnum() and not after.isalnum():
            yield from (name[:at] + word + name[at:] for word in _FRAGMENTS)
    if name[0].isalnum() and len(name) < _SHORT:
        yield f"{_FRAGMENTS[0]}-{name}"
