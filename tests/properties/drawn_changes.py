"""Small changes of a rule set, such as a pull request brings: most of them leave it valid."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from drawing import Hand
from drawn_conditions import condition
from drawn_world import Entry
from hypothesis import strategies as st
from words import HEADERS, PATTERNS

_RULES = ("request_metadata_routing", "exact_matches", "patterns", "capabilities", "model_size_routing", "virtual_models")
_KEYED = ("providers", "models", "fallback_chains")


@st.composite
def changed(draw: Any, document: Entry) -> Entry:
    """The rule set after one to three changes."""
    hand = Hand(draw)
    made = deepcopy(document)
    for _ in range(hand.number(1, 3)):
        change(hand, made)
    return made


def change(hand: Hand, document: Entry) -> None:
    section = hand.one([one for one in (*_RULES, *_KEYED) if document.get(one)])
    held: Any = document[section]
    if section in _RULES and hand.chance(40):
        reorder_or_drop(hand, document, section)
    elif section == "request_metadata_routing" and hand.chance(50):
        rule = hand.one(list(held.values()))
        rule.pop("when", None)
        rule["condition"] = condition(hand, list(document["providers"]))
    elif section == "patterns" and hand.chance(50):
        rule = hand.one(held)
        rule.setdefault("name", f"pattern:{rule['pattern']}")
        rule["pattern"] = hand.one(PATTERNS)
    elif hand.chance(10):
        document["request"] = {"capability_header": hand.one(("X-Capability", *HEADERS))}
    elif section == "virtual_models":
        hand.one(list(held.values()))["complexity"]["threshold"] = hand.one((0, 30, 60))
    else:
        take_from_another(hand, held)


def reorder_or_drop(hand: Hand, document: Entry, section: str) -> None:
    """Rules of a section in another order, without one, or one under another name."""
    held = document[section]
    names = list(held) if isinstance(held, dict) else list(range(len(held)))
    kind = hand.number(0, 2)
    if kind == 0:
        names = hand.some(names, len(names), len(names))
    elif kind == 1:
        names.remove(hand.one(names))
    elif isinstance(held, list):
        hand.one(held)["name"] = "another"
    if isinstance(held, list):
        document[section] = [held[one] for one in names]
    else:
        document[section] = {one: held[one] for one in names}
    if not names:
        del document[section]


def take_from_another(hand: Hand, held: Any) -> None:
    """One entry gets what another one says, or loses what it says itself."""
    entries = [one for one in (held.values() if isinstance(held, dict) else held) if isinstance(one, dict) and one]
    if not entries:
        return
    entry, other = hand.one(entries), hand.one(entries)
    key = hand.one(list(other))
    if entry is not other and key not in ("name", "pattern"):
        entry[key] = deepcopy(other[key])
    elif key in ("fallback", "fallback_chain", "accepts", "served_by", "weight", "priority", "context", "size"):
        del entry[key]
