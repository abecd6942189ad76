"""Witnesses that read well: a name that was only searched for gets words where it has none."""

from __future__ import annotations

from collections.abc import Callable

from rulec.analysis.draft import Witness
from rulec.analysis.space import Space
from rulec.analysis.specimens import dressed
from rulec.records import replace


def readable(witness: Witness, space: Space, stays: Callable[[Witness], bool]) -> Witness:
    """The witness with words in its name, if it is none of the known names and `stays` where it is."""
    name = witness.body.get("model")
    if not isinstance(name, str) or name in space.model.numbers:
        return witness
    for better in dressed(name):
        changed = replace(witness, body={**witness.body, "model": better})
        if better not in space.model.numbers and stays(changed):
            return changed
    return witness
