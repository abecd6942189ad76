"""Nodes of a YAML document as canonical YAML: the author's scalars, our layout, every comment at its place."""

from __future__ import annotations

import re
from typing import NamedTuple

from rulec.syntax.formatter.comments import NOWHERE, Comment, Pending, is_after_blank_line, put_comments
from rulec.syntax.formatter.flow import flow_text
from rulec.syntax.formatter.layout import INDENT, WIDTH, Lines
from rulec.syntax.formatter.order import rank
from rulec.syntax.formatter.scalars import (
    block_lines,
    collection_properties,
    content_range,
    find_alias,
    folded_lines,
    is_block_scalar,
    is_simple_key,
    key_text,
    properties,
    quoted,
)
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence

_MODELINE = re.compile(r"#\s*(?:yaml-language-server:|-\*-|vim?:|ex:|kate:)")
_DIRECTIVE = re.compile(r"^%[^\n#]*", re.MULTILINE)

_ONLY_IN_BRACKETS = ("-", "?", ":")
"""Words that a reader takes for a text in brackets, and elsewhere for the beginning of an entry."""


class _Section(NamedTuple):
    name: str
    lines: Lines
    after_blank_line: bool


class _Block(NamedTuple):
    """A collection that is being printed: where its entries go, and which comments after them are still its own."""

    indent: int
    column: int
    end: int
    """Comments before this offset stand inside, whatever their column: the collection was written in brackets."""


def print_yaml(root: Mapping, comments: list[Comment]) -> str:
    """The text of a document; `comments` are all that stand in its source."""
    return _Printer(root, comments).document()


class _Printer:
    """Walks the nodes in the order of the text and hands out the comments on the way."""

    def __init__(self, root: Mapping, comments: list[Comment]) -> None:
        self.root = root
        self.text = root.source.text
        self.pending = Pending(comments)
        self.lines = Lines()
        self.at = 0
        """Everything before this offset is printed: a node that stands there is repeated by an alias."""
        self.section_start = 0
        self.sections_are_tied = False

    # The document

    def document(self) -> str:
        whole = self.directives()
        header = self.header()
        put_comments(header, whole, 0, blank=False)
        sections = self.sections()
        footer = self.pending.before(NOWHERE)
        ordered = sections if self.sections_are_tied else sorted(sections, key=lambda one: rank(one.name))
        wants_blank_line = bool(header) and sections[0].after_blank_line
        for number, section in enumerate(ordered):
            is_long = len(section.lines.lines) > 1
            if wants_blank_line or number > 0 and (is_long or section.after_blank_line):
                whole.blank()
            whole.add(section.lines)
            wants_blank_line = is_long
        put_comments(footer, whole, 0)
        return whole.text()

    def directives(self) -> Lines:
        """`%YAML` and `%TAG` lines: a tag may need them."""
        whole = Lines()
        first = self.root.start
        if "%" in self.text[:first]:
            for one in _DIRECTIVE.finditer(self.text, 0, first):
                whole.put(one.group().rstrip())
            if whole.lines:
                whole.put("---")
        return whole

    def header(self) -> list[Comment]:
        """The comments that speak of the file and not of its first section: they end with a blank line, or are modelines."""
        first = self.root.pairs[0][0].start
        comments = [one for one in self.pending.comments if one.start < first]
        if not comments:
            return []
        length = next((i for i, one in enumerate(comments) if i and one.after_blank_line), len(comments))
        if length == len(comments) and not self.after_blank_line(first):
            length = max((i + 1 for i, one in enumerate(comments) if _MODELINE.match(one.text)), default=0)
        return self.pending.before(comments[length].start if length < len(comments) else first)

    def sections(self) -> list[_Section]:
        sections = []
        pairs = self.root.pairs
        for number, (key, value) in enumerate(pairs):
            self.lines = Lines()
            self.section_start = key.start
            limit = pairs[number + 1][0].start if number + 1 < len(pairs) else NOWHERE
            comments = self.pending.before(key.start)
            put_comments(comments, self.lines, 0, blank=False)
            after_blank_line = self.after_blank_line(key.start)
            if comments:
                if after_blank_line:
                    self.lines.blank()
                after_blank_line = comments[0].after_blank_line
            self.pair("", key, value, _Block(0, 0, 0), limit)
            sections.append(_Section(key.text, self.lines, after_blank_line))
        return sections

    # Collections

    def mapping(self, node: Mapping, block: _Block, limit: int, dash: str | None = None) -> None:
        """The pairs of a mapping; the first one stands behind `dash`, where that is given."""
        pairs = node.pairs
        for number, (key, value) in enumerate(pairs):
            following = pairs[number + 1][0].start if number + 1 < len(pairs) else limit
            start = key.start if key.start >= self.at else value.start
            self.before_entry(start, block.indent, number, dash)
            prefix = dash if dash is not None and not number else " " * block.indent
            self.pair(prefix, key, value, block, following)
        self.close(block, limit)

    def sequence(self, node: Sequence, block: _Block, limit: int, dash: str | None = None) -> None:
        """The items of a sequence; the first one stands behind `dash`, where that is given."""
        items = node.items
        for number, item in enumerate(items):
            following = items[number + 1].start if number + 1 < len(items) else limit
            self.before_entry(item.start, block.indent, number, dash)
            prefix = dash if dash is not None and not number else " " * block.indent
            self.value(prefix + "-", item, self.at, block, following, is_item=True)
        self.close(block, limit)

    def before_entry(self, start: int, indent: int, number: int, dash: str | None) -> None:
        """Comments and a blank line before an entry; nothing but comments comes between a dash and what follows it."""
        if not number and dash is not None:
            put_comments(self.pending.before(start), self.lines, indentation(dash), blank=False)
            return
        put_comments(self.pending.before(start), self.lines, indent, blank=number > 0)
        if start >= self.at and self.after_blank_line(start) and (number or self.lines.ends_with_comment):
            self.lines.blank()

    def close(self, block: _Block, limit: int) -> None:
        """The comments after the last entry that still belong to the block."""

        def belongs(comment: Comment) -> bool:
            return comment.start < block.end or comment.own_line and comment.column >= block.column

        put_comments(self.pending.before(limit, belongs), self.lines, block.indent)

    def after_blank_line(self, start: int) -> bool:
        line_start = self.text.rfind("\n", 0, start) + 1
        return not self.text[line_start:start].strip(" -?\t") and is_after_blank_line(self.text, line_start)

    # Entries

    def pair(self, prefix: str, key: Scalar, value: Node, block: _Block, limit: int) -> None:
        if key.start < self.at:
            name, end = find_alias(self.text, self.at)
            self.tie(key.start)
            head = f"{prefix}{name} :"
        else:
            name, end = key_text(key), key.end
            head = f"{prefix}{name}:"
            if not is_simple_key(name):
                self.lines.put(f"{prefix}? {name}")
                head = " " * len(prefix) + ":"
        self.at = end
        self.value(head, value, end, block, limit)

    def value(self, head: str, node: Node, head_end: int, block: _Block, limit: int, is_item: bool = False) -> None:
        """What stands behind `key:` or a dash: on the same line if it can, else below."""
        if node.start < self.at:
            name, end = find_alias(self.text, head_end)
            self.tie(node.start)
            self.line(f"{head} {name}", end)
        elif isinstance(node, Scalar):
            self.scalar(head, node, head_end, block.indent)
        else:
            self.collection(head, node, head_end, block, limit, is_item)

    def tie(self, start: int) -> None:
        """Remembers that an alias names something in another section, which must stay above."""
        if start < self.section_start:
            self.sections_are_tied = True

    def collection(
        self, head: str, node: Mapping | Sequence, head_end: int, block: _Block, limit: int, is_item: bool
    ) -> None:
        marks, end, start = collection_properties(node)
        in_brackets = self.text[start] in "{["
        children: list[Node] = [key for key, _ in node.pairs] if isinstance(node, Mapping) else node.items
        if in_brackets and (not children or self.pending.next_start >= node.end):
            line, repeats_from = flow_text(node, WIDTH - len(head) - 1) if children else (self.empty(marks, start), start)
            if line is not None:
                self.tie(repeats_from)
                self.line(f"{head} {line}", node.end)
                return
        inner = block.indent + INDENT
        first = children[0].start
        column = first - self.text.rfind("\n", 0, first) - 1 if isinstance(node, Mapping) else self.column(start)
        lowest = block.column + 1
        own = _Block(inner, NOWHERE if in_brackets else max(column, lowest), node.end if in_brackets else 0)
        print_entries = self.mapping if isinstance(node, Mapping) else self.sequence
        if is_item and not marks:
            print_entries(node, own, limit, head + " ")  # type: ignore[arg-type]
            return
        put_comments(self.pending.before(end if marks else head_end), self.lines, block.indent)
        comment = self.pending.same_line(end if marks else head_end, first)
        self.lines.put(" ".join([head, *marks]) + comment)
        print_entries(node, own, limit)  # type: ignore[arg-type]

    def empty(self, marks: tuple[str, ...], start: int) -> str:
        return " ".join([*marks, "{}" if self.text[start] == "{" else "[]"])

    def column(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset) - 1

    # Lines

    def scalar(self, head: str, node: Scalar, head_end: int, indent: int) -> None:
        start = node.start
        marks: tuple[str, ...] = ()
        if self.text[start : start + 1] in ("&", "!"):
            marks, _, start = properties(self.text, start, node.end)
        body = self.text[start : node.end]
        if body in _ONLY_IN_BRACKETS:
            body = quoted(body)
        head = " ".join([head, *marks])
        if is_block_scalar(body):
            self.block_scalar(head, node, body, indent)
        elif not body:
            end = node.end if marks else head_end  # what is not there has no place
            self.line(head, end)
        elif "\n" in body:
            first, *rest = folded_lines(body, indent + INDENT)
            put_comments(self.pending.before(start), self.lines, indentation(head), blank=False)
            self.lines.put(f"{head} {first}")
            for line in rest[:-1]:
                self.lines.put(line)
            self.line(rest[-1], node.end)
        else:
            self.line(f"{head} {body}", node.end)

    def block_scalar(self, head: str, node: Scalar, body: str, indent: int) -> None:
        header, lines = block_lines(node, body, indent + INDENT)
        self.line(f"{head} {header}", content_range(node)[0])
        for line in lines:
            self.lines.put(line)
        self.at = node.end
        self.lines.is_open = "+" in header

    def line(self, line: str, end: int) -> None:
        """A line that ends an entry, with the comment behind it; a comment within goes behind it too, else above."""
        comment = ""
        if self.pending.next_start < end:
            early = self.pending.before(end)
            comment = self.pending.same_line(end)
            if len(early) == 1 and not comment:
                comment = "  " + early[0].text
            else:
                put_comments(early, self.lines, indentation(line), blank=False)
        else:
            comment = self.pending.same_line(end)
        self.at = end
        self.lines.put(line + comment)


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
