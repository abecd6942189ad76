"""Nothing is lost: what was printed is read again and compared before anybody writes it."""

from __future__ import annotations

from collections import Counter

from rulec.syntax.condition_tokens import tokens_of
from rulec.syntax.dsl.scalars import ConditionText
from rulec.syntax.formatter.comments import Comment
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence, core_value


class Lost(AssertionError):
    """The formatter would have changed a rule file: a bug of rulec, nothing is written."""


def check_comments(before: list[Comment], after: list[Comment]) -> None:
    """Raises Lost unless both have the same comments."""
    missing = Counter(one.text for one in before)
    missing.subtract(Counter(one.text for one in after))
    lost = [text for text, count in missing.items() if count]
    if lost:
        raise Lost(f"comments were lost or made: {lost[:3]}")


def check_sections(before: Mapping, after: Node | None) -> None:
    """Raises Lost unless both have the same sections, in any order, with the same values in the same order."""
    if not isinstance(after, Mapping) or len(before.pairs) != len(after.pairs):
        raise Lost("sections were lost or made")
    found = {key.text: value for key, value in after.pairs}
    for key, value in before.pairs:
        if key.text not in found:
            raise Lost(f"the section `{key.text}` was lost")
        check_same(value, found[key.text])


def check_words(before: Node | None, after: Node | None) -> None:
    """Raises Lost unless both have the same of what no rule reads: sections of the user's own, and descriptions."""
    if _descriptions(before) != _descriptions(after):
        raise Lost("descriptions were lost or made")
    extensions, found = _extensions(before), _extensions(after)
    if [key.text for key, _ in extensions] != [key.text for key, _ in found]:
        raise Lost("sections of the user's own were lost or made")
    for (_, value), (_, other) in zip(extensions, found, strict=True):
        check_same(value, other)


def _extensions(root: Node | None) -> list[tuple[Scalar, Node]]:
    pairs = root.pairs if isinstance(root, Mapping) else []
    return [pair for pair in pairs if pair[0].text.startswith("x-")]


def _descriptions(root: Node | None) -> Counter[str]:
    found: Counter[str] = Counter()
    waiting = [] if root is None else [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            described = (value for key, value in node.pairs if key.text == "description")
            found.update(repr(core_value(one.text)) for one in described if isinstance(one, Scalar))
            waiting += [value for _, value in node.pairs]
        elif isinstance(node, Sequence):
            waiting += node.items
    return found


def check_same(before: Node, after: Node) -> None:
    """Raises Lost unless both nodes say the same."""
    waiting: list[tuple[Node, Node]] = [(before, after)]
    while waiting:
        one, other = waiting.pop()
        if isinstance(one, Scalar) and isinstance(other, Scalar):
            if not _same_scalar(one, other):
                raise Lost(f"a value was changed near offset {one.start}")
        elif isinstance(one, Mapping) and isinstance(other, Mapping) and len(one.pairs) == len(other.pairs):
            for (key, value), (other_key, other_value) in zip(one.pairs, other.pairs, strict=True):
                if key.text != other_key.text:
                    raise Lost(f"a key was changed near offset {key.start}")
                waiting.append((value, other_value))
        elif isinstance(one, Sequence) and isinstance(other, Sequence) and len(one.items) == len(other.items):
            waiting.extend(zip(one.items, other.items, strict=True))
        else:
            raise Lost(f"the shape was changed near offset {one.start}")


def _same_scalar(one: Scalar, other: Scalar) -> bool:
    if isinstance(one, ConditionText) and isinstance(other, ConditionText):
        return list(tokens_of(one.text)) == list(tokens_of(other.text))
    return repr(one.value) == repr(other.value)
