"""Guesses at what somebody meant: the known name nearest to an unknown one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

MOST_COMPARED = 500
MOST_LISTED = 12


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known name nearest to a word, or None where nothing is near."""
    names = tuple(known)
    by_letters, alphabet = _index(names)
    if word.lower() in by_letters:
        return by_letters[word.lower()]
    if _squeezed(word) in by_letters:
        return by_letters[_squeezed(word)]
    if len(names) > MOST_COMPARED:
        return next((by_letters[one] for one in _one_edit_away(word.lower(), alphabet) if one in by_letters), None)
    from difflib import get_close_matches

    lower = {name.lower(): name for name in names}
    near = get_close_matches(word.lower(), list(lower), n=1, cutoff=0.6)
    return lower[near[0]] if near else None


def suggest(word: str, known: Sequence[str], what: str) -> str:
    """A help line for an unknown word: the nearest known name, else the list of what there is."""
    near = did_you_mean(word, known)
    if near is not None:
        return f"did you mean `{near}`?"
    if not known:
        return f"there is no {what} yet"
    shown = ", ".join(f"`{name}`" for name in list(known)[:MOST_LISTED])
    return f"known: {shown}{' …' if len(known) > MOST_LISTED else ''}"


@lru_cache(maxsize=16)
def _index(names: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """Names by their lower-case form and by their letters and digits alone, and the characters they are made of.

    Comparing one word with ten thousand names takes milliseconds, and a run may have a thousand unknown words.
    """
    found = {_squeezed(name): name for name in reversed(names)}
    found.update({name.lower(): name for name in reversed(names)})
    return found, "".join(sorted(set("".join(names).lower())))


def _squeezed(word: str) -> str:
    return "".join(filter(str.isalnum, word)).lower()


def _one_edit_away(word: str, alphabet: str) -> Iterator[str]:
    """Every word with one letter left out, swapped with the next, changed or put in."""
    if len(word) > 64:
        return
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        yield word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
        yield from (word[:at] + letter + word[at + 1 :] for letter in alphabet)
    for at in range(len(word) + 1):
        yield from (word[:at] + letter + word[at:] for letter in alphabet)
