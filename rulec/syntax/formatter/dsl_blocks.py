"""Blocks of the DSL: keys and values in turn."""

from __future__ import annotations

from collections.abc import Callable

from rulec.records import record
from rulec.syntax.formatter import dsl_words as words
from rulec.syntax.formatter.layout import INDENT, WIDTH
from rulec.syntax.formatter.placing import Part, extent, place_comments
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence

_TEXTS = frozenset(("description", "reason", "litellm", "default_model", "url", "name"))
"""Keys whose values are texts or models: in quotes, also where a word would do."""
_WORDS = frozenset(("size", "until", "priority", "kind", "measure", "strategy", "signal", "capability_header"))
"""Keys whose values are always texts, so that these need no quotes."""
_NAMES = frozenset(("capabilities", "applicable_to", "overrides"))
_PATTERNS = frozenset(("accepts",))
_FREE = ("litellm", "defaults")


@record(frozen=False, eq=False)
class Line:
    """A pair of a block: its text if it stands on one line, and what it is made of if it does not."""

    head: str
    value: Node
    text: str
    part: Part
    written: Callable[[Scalar], str]
    servings: list[Line] | None = None
    """What `served by` names; it has no brackets to open."""

    def lines(self, indent: int) -> list[str]:
        """The pair on as many lines as it needs, with its comments."""
        space = " " * indent
        part = self.part
        above = [space + one.text for one in part.above]
        end = "".join("  " + one.text for one in part.behind[:1])
        above += [space + one.text for one in part.behind[1:]]
        if self.servings is not None:
            above += [space + one.text for one in part.inside]
            return [*above, *self._serving_lines(indent, end)]
        inner = self._inner(indent, above)
        if inner is None:
            return [*above, space + self.text + end]
        opening, closing = ("{", "}") if isinstance(self.value, Mapping) else ("[", "]")
        return [*above, f"{space}{self.head} {opening}", *inner, space + closing + end]

    def _inner(self, indent: int, above: list[str]) -> list[str] | None:
        """The lines between the brackets; None if the pair stays on one line."""
        value, inside = self.value, self.part.inside
        deep = " " * (indent + INDENT)
        if isinstance(value, Mapping) and value.pairs and (inside or not self._fits(indent)):
            lines = [_line(key, one, self.written) for key, one in value.pairs]
            tail = place_comments(inside, [one.part for one in lines])
            return [line for one in lines for line in one.lines(indent + INDENT)] + [deep + one.text for one in tail]
        above += [" " * indent + one.text for one in inside]
        if isinstance(value, Sequence) and len(value.items) > 1 and not self._fits(indent):
            return [f"{deep}{inline(one, True, self.written)}," for one in value.items]
        return None

    def _serving_lines(self, indent: int, end: str) -> list[str]:
        assert self.servings is not None
        if self._fits(indent):
            return [" " * indent + self.text + end]
        told = [one.lines(indent + 2 * INDENT) for one in self.servings]
        for lines in told[:-1]:
            lines[-1] += ","
        told[-1][-1] += end
        told[0][0] = f"{' ' * indent}{self.head} {told[0][0].lstrip()}"
        return [line for lines in told for line in lines]

    def _fits(self, indent: int) -> bool:
        return indent + len(self.text) <= WIDTH


def pair_line(key: Scalar, value: Node, owner: str) -> Line:
    """A pair of a block; `owner` is the keyword whose block it is."""
    name = key.text
    if owner == "model" and name == "served_by":
        said = _served(value)
        if said is not None:
            text = f"served by {', '.join(one.text for one in said)}"
            return Line("served by", value, text, Part(*extent(key, value)), words.scalar, said)
    if owner == "strategy" and name == "weight_factors":
        value = _merged(value)
    if owner in _FREE or owner.startswith("x-") or name == "litellm_params":
        return _line(key, value, words.scalar)
    if name in _PATTERNS:
        return _line(key, value, words.pattern, unwrap=True)
    if name in _NAMES:
        return _line(key, value, words.name, unwrap=True)
    if name in _TEXTS:
        return _line(key, value, _text)
    if name in _WORDS:
        return _line(key, value, words.bare_or_text)
    return _line(key, value, words.scalar)


def _text(node: Scalar) -> str:
    is_text = isinstance(node.value, str) and "${" not in node.text
    return words.text(node.text) if is_text else words.scalar(node)


def _line(key: Scalar, value: Node, written: Callable[[Scalar], str], unwrap: bool = False) -> Line:
    head = words.key(key.text)
    part = Part(*extent(key, value))
    if unwrap and isinstance(value, Sequence) and len(value.items) == 1 and isinstance(value.items[0], Scalar):
        value = value.items[0]
    return Line(head, value, f"{head} {inline(value, False, written)}", part, written)


def inline(node: Node, in_brackets: bool = False, written: Callable[[Scalar], str] = words.scalar) -> str:
    """A value on one line; a list needs brackets inside another, and where it has not two items."""
    if isinstance(node, Scalar):
        return written(node)
    if isinstance(node, Mapping):
        pairs = "  ".join(f"{words.key(key.text)} {inline(value, False, written)}" for key, value in node.pairs)
        return f"{{ {pairs} }}" if pairs else "{}"
    items = ", ".join(inline(one, True, written) for one in node.items)
    return f"[{items}]" if in_brackets or len(node.items) < 2 else items


def _served(value: Node) -> list[Line] | None:
    """`vllm as "upstream" { rpm 600 }` and `ollama`; None where that cannot say it."""
    if isinstance(value, Scalar):
        return [_serving(value, value)] if value.value is not None else None
    servings: list[tuple[Scalar, Node]] = []
    for item in [value] if isinstance(value, Mapping) else value.items:
        if isinstance(item, Scalar) and item.value is not None:
            servings.append((item, item))
        elif isinstance(item, Mapping) and all(_can_be_said(said) for _, said in item.pairs):
            servings += item.pairs
        else:
            return None
    names = [provider.text for provider, _ in servings]
    if not servings or len(set(names)) != len(names):
        return None
    return [_serving(provider, said) for provider, said in servings]


def _can_be_said(said: Node) -> bool:
    return isinstance(said, Scalar) or isinstance(said, Mapping) and isinstance(said.get("model"), Scalar | None)


def _serving(provider: Scalar, said: Node) -> Line:
    """One provider, the model's name there, and a block of settings."""
    upstream = said.get("model") if isinstance(said, Mapping) else said if said is not provider else None
    head = words.name(provider)
    if isinstance(upstream, Scalar) and upstream.value is not None:
        head += f" as {words.text(upstream.text)}"
    pairs = [(key, one) for key, one in said.pairs if key.text != "model"] if isinstance(said, Mapping) else []
    part = Part(*extent(provider, said))
    if not pairs:
        return Line(head, provider, head, part, words.scalar)
    block = Mapping(pairs, said.source, said.start, said.end)
    return Line(head, block, f"{head} {inline(block)}", part, words.scalar)


def _merged(value: Node) -> Node:
    """Factors as one mapping, where they are a list of mappings that share no key."""
    if not isinstance(value, Sequence):
        return value
    pairs = [pair for one in value.items if isinstance(one, Mapping) for pair in one.pairs]
    names = {key.text for key, _ in pairs}
    if len(names) != len(pairs) or not all(isinstance(one, Mapping) for one in value.items):
        return value
    return Mapping(pairs, value.source, value.start, value.end)


