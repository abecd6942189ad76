"""Entries as YAML; the layout is left to the printer of YAML, which reads this text again."""

from __future__ import annotations

from rulec.syntax.formatter import yaml_words as words
from rulec.syntax.formatter.comments import Comment, put_comments
from rulec.syntax.formatter.entries import LISTED, NAMED, Entry, put_header
from rulec.syntax.formatter.layout import INDENT, Lines
from rulec.syntax.formatter.placing import Part, extent, place_comments
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence

_BLOCKS = frozenset(("providers", "models", "load_balancing", "signals"))
_MOST_PAIRS_IN_A_LINE = 2


def write_yaml(entries: list[Entry], rest: list[Comment]) -> str:
    """The text of the entries, section by section, `rest` after the last."""
    lines = Lines()
    if entries and put_header(entries[0], lines):
        lines.blank()
    for section in _sections(entries):
        name = section[0].section
        if name.text in NAMED or name.text in LISTED:
            _section(name, section, lines)
        else:
            for entry in section:
                _leading(entry, entry.leading, lines, 0)
                _value(f"{words.key(name)}:", entry, lines, 0)
    put_comments(rest, lines, 0)
    return lines.text()


def _sections(entries: list[Entry]) -> list[list[Entry]]:
    """The entries of each section, the sections in their order."""
    found: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda one: one.rank):
        found.setdefault(entry.section.text, []).append(entry)
    return list(found.values())


def _section(name: Scalar, entries: list[Entry], lines: Lines) -> None:
    """A section of several entries; of the comments before the first, only the last paragraph can be about the entry alone."""
    comments = entries[0].leading
    breaks = [number for number, one in enumerate(comments) if number and one.after_blank_line]
    lines.blank()
    put_comments(comments[: breaks[-1]] if breaks else comments, lines, 0, blank=False)
    lines.put(f"{name.text}:")
    for number, entry in enumerate(entries):
        if number:
            _leading(entry, entry.leading, lines, INDENT)
        elif breaks:
            put_comments(comments[breaks[-1] :], lines, INDENT, blank=False)
        head = "  -" if entry.name is None else f"  {words.key(entry.name)}:"
        _value(head, entry, lines, INDENT)


def _leading(entry: Entry, comments: list[Comment], lines: Lines, indent: int) -> None:
    if entry.after_blank_line:
        lines.blank()
    put_comments(comments, lines, indent, blank=False)
    if comments and entry.blank_line_before_statement:
        lines.blank()


def _value(head: str, entry: Entry, lines: Lines, indent: int) -> None:
    """What stands behind the name of an entry, and the comments that stand within it."""
    body = entry.body
    behind = [one for one in entry.own if not one.own_line and one.start >= entry.end]
    inner = [one for one in entry.own if one not in behind]
    end = "".join("  " + one.text for one in behind[:1])
    if not isinstance(body, Mapping) or not body.pairs:
        put_comments([*inner, *behind[1:]], lines, indent, blank=False)
        lines.put(f"{head} {words.inline(body)}{end}")
        return
    parts = _parts(body)
    tail = place_comments(inner, parts)
    above = [one for part in parts[:1] for one in part.above] if entry.name is not None else []
    is_block = tail or any(one.has_comments for one in parts) or _wants_lines(entry, body)
    put_comments(behind[1:], lines, indent, blank=False)
    if not is_block:
        lines.put(f"{head} {words.inline(body)}{end}")
        return
    if above:
        parts[0].above = []
        put_comments(above, lines, indent, blank=False)
    lines.put(head + end)
    _block(body, parts, tail, lines, indent + INDENT)


def _wants_lines(entry: Entry, body: Mapping) -> bool:
    section = entry.section.text
    is_declaration = section in _BLOCKS or not (section in NAMED or section in LISTED or section == "default")
    return is_declaration and len(body.pairs) > _MOST_PAIRS_IN_A_LINE


def _block(node: Mapping | Sequence, parts: list[Part], tail: list[Comment], lines: Lines, indent: int) -> None:
    """The pairs or items of a collection on lines of their own, with their comments."""
    for (head, value), part in zip(_heads(node), parts, strict=True):
        put_comments([*part.above, *part.behind[1:]], lines, indent, blank=False)
        line = " " * indent + head
        end = "".join("  " + one.text for one in part.behind[:1])
        inner = _parts(value)
        if part.inside and inner:
            rest = place_comments(part.inside, inner)
            lines.put(line + end)
            assert not isinstance(value, Scalar)
            _block(value, inner, rest, lines, indent + INDENT)
        else:
            put_comments(part.inside, lines, indent, blank=False)
            lines.put(f"{line} {words.inline(value)}{end}")
    put_comments(tail, lines, indent, blank=False)


def _heads(node: Mapping | Sequence) -> list[tuple[str, Node]]:
    if isinstance(node, Mapping):
        return [(f"{words.key(key)}:", value) for key, value in node.pairs]
    return [("-", item) for item in node.items]


def _parts(node: Node) -> list[Part]:
    if isinstance(node, Scalar):
        return []
    if isinstance(node, Mapping):
        return [Part(*extent(*pair)) for pair in node.pairs]
    return [Part(*extent(item, item)) for item in node.items]

