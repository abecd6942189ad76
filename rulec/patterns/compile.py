"""A pattern's syntax tree to the matcher that the generated module runs; nothing it makes can backtrack.

Literal, prefix, suffix and glob-like patterns become string tests; the rest becomes a position automaton with at most
`MAX_STATES` states, which `runtime.matching` walks one character at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from rulec.diagnostics import Diagnostic, Rejected
from rulec.patterns.compiled import CompiledPattern, Spec
from rulec.patterns.parser import parse
from rulec.patterns.syntax import (
    LAST,
    NEWLINE,
    NOT_NEWLINE,
    WORD,
    Alternate,
    Assertion,
    Chars,
    Concat,
    Pattern,
    Ranges,
    Repeat,
)
from rulec.records import record
from rulec.source import Located, Source, Span

MAX_STATES = 400
MAX_ALTERNATIVES = 32


def compile_pattern(text: Located) -> CompiledPattern:
    """Compiles a pattern; raises Rejected with the place of the mistake or of what is too large."""
    try:
        return _compile_text(text.text)
    except Rejected:
        return _compile(text)  # once more, now with the place in the user's file


@lru_cache(maxsize=65_536)
def _compile_text(text: str) -> CompiledPattern:
    return _compile(_nowhere(text))


def compile_own_pattern(text: str) -> CompiledPattern:
    """Compiles a pattern that rulec itself writes: it may be longer and larger than one that a user writes."""
    return _compile(_nowhere(text), limited=False)


def _nowhere(text: str) -> Located:
    return Located(text, Span(Source("", text), 0, len(text)))


def _compile(located: Located, limited: bool = True) -> CompiledPattern:
    text = located.text
    simple = _simple_glob(text)
    if simple is not None:
        return CompiledPattern(text, _glob_spec((simple,)), _glob_factors((simple,)))
    tree = parse(located) if limited else parse(located, len(text))
    globs = _globs(tree)
    if globs is not None:
        return CompiledPattern(text, _glob_spec(globs), _glob_factors(globs))
    if limited and _size(tree) >= MAX_STATES:  # one more is the end
        raise _too_large(located, tree)
    spec, factor = _automaton_spec(tree)
    return CompiledPattern(text, spec, (factor,) if factor else None)


def _too_large(text: Located, tree: Pattern) -> Rejected:
    message = f"this pattern needs {_size(tree) + 1:,} automaton states; {MAX_STATES} is the most"
    repeats = [one for one in _repeats(tree) if max(one.low, one.high or 0) > 1]
    if not repeats:
        place, help = text.part(0, len(text.text)), "split it into several patterns, as a list"
    else:
        largest = max(repeats, key=_size)
        place = text.part(*largest.place)
        help = f"this repetition takes {_size(largest):,} of them: count to less, or write `*` or `+` if any number will do"
    return Rejected(Diagnostic("pattern-too-large", "error", message, place, help))


def _parts(tree: Pattern) -> tuple[Pattern, ...]:
    if isinstance(tree, Repeat):
        return (tree.body,)
    return tree.items if isinstance(tree, Concat) else tree.branches if isinstance(tree, Alternate) else ()


def _repeats(tree: Pattern) -> list[Repeat]:
    """The repetitions in a tree, the innermost ones first."""
    return [one for part in _parts(tree) for one in _repeats(part)] + ([tree] if isinstance(tree, Repeat) else [])


def _size(tree: Pattern) -> int:
    """The states that the automaton has for this part."""
    if isinstance(tree, Repeat):
        body = _size(tree.body)
        if tree.high is None:
            return max(tree.low, 1) * body + 1
        return tree.high * body + tree.high - tree.low
    if isinstance(tree, Concat):
        return sum(map(_size, tree.items))
    return 1 + sum(map(_size, tree.branches)) if isinstance(tree, Alternate) else 1


# Globs: literals with `.*` between them.


@record
class _Glob:
    """Literal parts with a gap (`.*`) between neighbours; `start` and `end` say whether the ends are anchored."""

    start: bool
    parts: tuple[str, ...]
    end: bool


_GAP = object()
_START = object()
_END = object()


_SIMPLE = re.compile(r"\^?(?:[^\\.^$|()\[\]{}*+?\n]|\\[.*+?^$|(){}\[\]/-]|\.\*)*\$?\Z")
_SIMPLE_PARTS = re.compile(r"\\.|\.\*|[\^$]|[^\\.^$]+")
_SIMPLE_SIGNS = {"^": _START, "$": _END, ".*": _GAP}
_LONGEST_SIMPLE = 200


def _simple_glob(text: str) -> _Glob | None:
    """The glob of a pattern such as `^llama-.*\\.gguf$`, which most are, read without a syntax tree; None for others."""
    if len(text) > _LONGEST_SIMPLE or not _SIMPLE.match(text):
        return None
    return _glob(tuple([_SIMPLE_SIGNS.get(one) or one.removeprefix("\\") for one in _SIMPLE_PARTS.findall(text)]))


def _globs(tree: Pattern) -> tuple[_Glob, ...] | None:
    sequences = _sequences(tree)
    if sequences is None:
        return None
    globs = [_glob(sequence) for sequence in sequences]
    return tuple(dict.fromkeys(one for one in globs if one is not None)) if None not in globs else None


def _sequences(tree: Pattern) -> list[tuple[Any, ...]] | None:
    """The pattern as at most MAX_ALTERNATIVES sequences of literals, gaps and anchors; None where it is more than that."""
    if isinstance(tree, Chars):
        size = sum(high - low + 1 for low, high in tree.ranges)
        if size > 4:
            return None
        return [(chr(code),) for low, high in tree.ranges for code in range(low, high + 1)]
    if isinstance(tree, Assertion):
        anchors: dict[str, object] = {"text_start": _START, "text_end": _END}
        return [(anchors[tree.kind],)] if tree.kind in anchors else None
    if isinstance(tree, Repeat):
        return _repeat_sequences(tree)
    if isinstance(tree, Alternate):
        result: list[tuple[Any, ...]] = []
        for branch in tree.branches:
            sequences = _sequences(branch)
            if sequences is None or len(result) + len(sequences) > MAX_ALTERNATIVES:
                return None
            result += sequences
        return result
    product: list[tuple[Any, ...]] = [()]
    for item in _joined(tree.items):
        if isinstance(item, str):
            product = [(*left, item) for left in product]
            continue
        sequences = _sequences(item)
        if sequences is None or len(product) * len(sequences) > MAX_ALTERNATIVES:
            return None
        product = [left + right for left in product for right in sequences]
    return product


def _joined(items: Iterable[Pattern]) -> list[Pattern | str]:
    """Parts of a pattern, with neighbouring characters as one text."""
    joined: list[Pattern | str] = []
    run: list[str] = []
    for item in items:
        if type(item) is Chars and len(item.ranges) == 1 and item.ranges[0][0] == item.ranges[0][1]:
            run.append(chr(item.ranges[0][0]))
            continue
        if run:
            joined.append("".join(run))
            run = []
        joined.append(item)
    if run:
        joined.append("".join(run))
    return joined


def _repeat_sequences(tree: Repeat) -> list[tuple[Any, ...]] | None:
    if tree.high is None:
        dot = isinstance(tree.body, Chars) and tree.body.ranges == NOT_NEWLINE
        return [(_GAP,)] if dot and tree.low == 0 else None
    body = _sequences(tree.body)
    if body is None or (tree.high > 1 and len(body) > 1) or tree.high > 64 or tree.high - tree.low > 4:
        return None
    if tree.high == 1:
        return ([()] if tree.low == 0 else []) + body
    return [body[0] * count for count in range(tree.low, tree.high + 1)] if body else None


def _glob(sequence: tuple[Any, ...]) -> _Glob | None:
    start = end = False
    parts = [""]
    for item in sequence:
        if item is _START:
            if parts != [""]:
                return None
            start = True
        elif item is _END:
            end = True
        elif end:
            return None
        elif item is _GAP:
            if len(parts) == 1 or parts[-1]:
                parts.append("")
        else:
            parts[-1] += item
    if "\n" in "".join(parts) and len(parts) > 1:
        return None
    if not start and len(parts) > 1 and not parts[0]:
        parts.pop(0)  # searching already skips what stands before
    if not end and len(parts) > 1 and not parts[-1]:
        parts.pop()
    return _Glob(start, tuple(parts), end)


def _glob_spec(globs: tuple[_Glob, ...]) -> Spec:
    if all(one.start and one.end and len(one.parts) == 1 for one in globs):
        return ("set", tuple(sorted({one.parts[0] for one in globs})))
    specs = [_single_glob_spec(one) for one in globs]
    if ("any",) in specs:
        return ("any",)
    return specs[0] if len(specs) == 1 else ("or", *specs)


def _single_glob_spec(glob: _Glob) -> Spec:
    if len(glob.parts) > 1:
        return ("glob", glob.start, glob.parts, glob.end)
    literal = glob.parts[0]
    if glob.start and glob.end:
        return ("set", (literal,))
    if not literal:
        return ("any",)
    return ("prefix" if glob.start else "suffix" if glob.end else "contains", literal)


def _glob_factors(globs: tuple[_Glob, ...]) -> tuple[str, ...] | None:
    factors = tuple(max(one.parts, key=len) for one in globs)
    return factors if all(factors) else None


def _required_literal(tree: Pattern) -> str:
    """The longest run of characters that every match holds, as far as the top of the tree shows it."""
    best = ""
    for item in _joined([one for one in _items(tree) if not isinstance(one, Assertion)]):
        found = ""
        if isinstance(item, str):
            found = item
        elif isinstance(item, Concat):
            found = _required_literal(item)
        elif isinstance(item, Repeat) and item.low > 0:
            found = _required_literal(item.body)
        best = max(best, found, key=len)
    return best


def _automaton_spec(tree: Pattern) -> tuple[Spec, str]:
    """An automaton, between the literals that the pattern begins and ends with where that can be; and a literal to find it by.

    The head is that only where nothing else is, if it is anchored: then it is found by itself.
    """
    items = tree.items if isinstance(tree, Concat) else (tree,)
    start = items[:1] == (Assertion("text_start"),)
    end = items[-1:] == (Assertion("text_end"),)
    items = items[start : len(items) - end]
    head = _literal(items)
    items = items[len(head) :]
    tail = _literal(items[::-1])[::-1]
    middle = Concat(items[: len(items) - len(tail)])
    if not _asserts(middle) and (start or _is_nowhere_read(head, middle)):
        factor = max("" if start else head, tail, _required_literal(middle), key=len) or head
        return ("between", start, head, _assembled(middle), tail, end), factor
    return ("automaton", "" if start else head, _assembled(tree)), _required_literal(tree)


def _literal(items: Sequence[Pattern]) -> str:
    """The characters that these parts begin with."""
    joined = _joined(items)
    return joined[0] if joined and isinstance(joined[0], str) else ""


def _asserts(tree: Pattern) -> bool:
    """Whether a part asks what stands at its place."""
    return isinstance(tree, Assertion) or any(map(_asserts, _parts(tree)))


def _is_nowhere_read(literal: str, tree: Pattern) -> bool:
    """Whether a part reads some character of a literal nowhere, so that it cannot read over the literal."""
    sets = list(_sets(tree))
    return any(all(not low <= ord(one) <= high for ranges in sets for low, high in ranges) for one in literal)


def _sets(tree: Pattern) -> Iterator[Ranges]:
    if isinstance(tree, Chars):
        yield tree.ranges
    for part in _parts(tree):
        yield from _sets(part)


def _items(tree: Pattern) -> Iterable[Pattern]:
    return tree.items if isinstance(tree, Concat) else (tree,)


# Automata: Thompson's construction (https://swtch.com/~rsc/regexp/regexp1.html) over classes of characters.


class _Assembler:
    """Builds the states backwards: each part is given the state that follows it."""

    def __init__(self) -> None:
        self.states: list[Spec] = []

    def assemble(self, tree: Pattern) -> Spec:
        start = self.part(tree, self.add(("match",)))
        sets = dict.fromkeys((NEWLINE, WORD, *(state[1] for state in self.states if state[0] == "chars")))
        classes, masks = _classes(tuple(sets))
        states = tuple(("chars", masks[state[1]], state[2]) if state[0] == "chars" else state for state in self.states)
        return (states, start, classes, masks[NEWLINE], masks[WORD])

    def add(self, state: Spec) -> int:
        self.states.append(state)
        return len(self.states) - 1

    def part(self, tree: Pattern, following: int) -> int:
        if isinstance(tree, Chars):
            return self.add(("chars", tree.ranges, following))
        if isinstance(tree, Assertion):
            return self.add(("assert", tree.kind, following))
        if isinstance(tree, Concat):
            for item in reversed(tree.items):
                following = self.part(item, following)
            return following
        if isinstance(tree, Alternate):
            return self.add(("split", tuple(self.part(branch, following) for branch in tree.branches)))
        return self.repeat(tree, following)

    def repeat(self, tree: Repeat, following: int) -> int:
        needed = tree.low
        if tree.high is None:
            loop = self.add(("split", ()))
            body = self.part(tree.body, loop)
            self.states[loop] = ("split", (body, following))
            following = body if needed else loop
            needed -= 1  # the loop's own body is one of them
        else:
            after = following
            for _ in range(tree.high - tree.low):
                following = self.add(("split", (self.part(tree.body, following), after)))
        for _ in range(needed):
            following = self.part(tree.body, following)
        return following


@lru_cache(maxsize=4096)
def _assembled(tree: Pattern) -> Spec:
    """The automaton of a part; many patterns differ in the literals around it alone."""
    return _Assembler().assemble(tree)


def _classes(sets: tuple[Ranges, ...]) -> tuple[str, dict[Ranges, int]]:
    """Characters that no set tells apart are one class: all characters' classes as text, and each set's classes as bits.

    The text has the first code point of each range, and the class of its characters, such as `0:0 30:1 3a:0`; a class
    such as `\\pL` has hundreds of ranges, and Python compiles one text far quicker than as many numbers.
    """
    edges = sorted({0, LAST + 1, *(edge for ranges in sets for low, high in ranges for edge in (low, high + 1))})
    places = {edge: place for place, edge in enumerate(edges)}
    starts = edges[:-1]
    members = [0] * len(starts)  # for each range the sets that it lies in, as bits
    for number, ranges in enumerate(sets):
        for low, high in ranges:
            for place in range(places[low], places[high + 1]):
                members[place] |= 1 << number
    numbers = {one: number for number, one in enumerate(dict.fromkeys(members))}
    masks = dict.fromkeys(sets, 0)
    for one, number in numbers.items():
        while one:
            masks[sets[one.bit_length() - 1]] |= 1 << number
            one ^= 1 << one.bit_length() - 1
    return " ".join(f"{start:x}:{numbers[one]}" for start, one in zip(starts, members, strict=True)), masks
