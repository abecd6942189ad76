"""A text of either surface to the canonical text of either surface, checked before anybody writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from rulec.diagnostics import Diagnostics
from rulec.source import Source, Span, with_line_feeds
from rulec.syntax.dsl.reader import read_dsl_document
from rulec.syntax.formatter.check import Lost, check_comments, check_sections, check_words
from rulec.syntax.formatter.comments import Comment
from rulec.syntax.formatter.dsl_comments import dsl_comments
from rulec.syntax.formatter.dsl_printer import print_dsl
from rulec.syntax.formatter.dsl_statements import statement_lines
from rulec.syntax.formatter.entries import STATEMENT, entries_of_dsl, entries_of_yaml
from rulec.syntax.formatter.meaning import meaning_of
from rulec.syntax.formatter.scalars import is_simple_key, quoted
from rulec.syntax.formatter.yaml_comments import yaml_comments
from rulec.syntax.formatter.yaml_text import format_yaml, read_yaml
from rulec.syntax.formatter.yaml_writer import write_yaml
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence

_COLON = re.compile(r"[\w.-]+\s*:(?:\s|$)")
_NOT_IN_YAML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
Surface = Literal["yaml", "rules"]


def format_source(source: Source, surface: Surface, to: Surface, diagnostics: Diagnostics) -> str | None:
    """The canonical text of a rule file, in the surface asked for; None where that cannot be, which is reported."""
    source = Source(source.path, with_line_feeds(source.text))
    if surface == to == "yaml":
        return format_yaml(source, diagnostics)
    root = _read(source, surface, diagnostics)
    if diagnostics.failed:
        return None
    if surface != to:
        meaning_of(root, diagnostics)  # what the rules' own reader refuses has no other form
        if diagnostics.failed:
            return None
    comments = _comments(source, surface, root)
    text = _printed(source, surface, to, root, comments, diagnostics)
    if surface == "yaml" and not diagnostics.failed:
        _report_unreadable(root, text, diagnostics)
    if diagnostics.failed:
        return None
    _check(source, root, comments, text, surface != to, to)
    return text


def _report_unreadable(root: Node | None, text: str, diagnostics: Diagnostics) -> None:
    """Reports the entries whose sentences cannot be read: a condition may say what the DSL has no words for."""
    problems = Diagnostics()
    read_dsl_document(Source("", text), problems)
    if not problems.failed or not isinstance(root, Mapping):
        return
    for entry in entries_of_yaml(root, [])[0]:
        problems = Diagnostics()
        read_dsl_document(Source("", "\n".join(statement_lines(entry))), problems)
        if problems.failed:
            span = (entry.name or entry.section).span
            message = f"this cannot be written in the DSL: {problems.items[0].message}"
            diagnostics.error("not-in-the-dsl", message, span, "say it in another way, or keep the file in YAML")


def surface_of(text: str) -> Surface:
    """The surface that a text without a file name is written in: a statement's first word has no colon after it."""
    first = next((line for line in text.splitlines() if line.strip("\ufeff \t") and not line.startswith("#")), "")
    return "rules" if STATEMENT.match(first) and not _COLON.match(first) else "yaml"


def _read(source: Source, surface: Surface, diagnostics: Diagnostics) -> Node | None:
    return read_yaml(source, diagnostics) if surface == "yaml" else read_dsl_document(source, diagnostics)


def _comments(source: Source, surface: Surface, root: Node | None) -> list[Comment]:
    if surface == "rules":
        return dsl_comments(source.text)
    return [] if root is None else yaml_comments(source.text, root)


def _printed(
    source: Source, surface: Surface, to: Surface, root: Node | None, comments: list[Comment], diagnostics: Diagnostics
) -> str:
    entries_of = entries_of_yaml if surface == "yaml" else entries_of_dsl
    entries, rest = entries_of(root, comments) if isinstance(root, Mapping) else ([], comments)
    if to == "rules":
        return print_dsl(entries, rest, diagnostics)
    problems = Diagnostics()
    text = format_yaml(Source(source.path, write_yaml(entries, rest)), problems)
    if text is None:
        _report_unwritable(source, root, comments, problems, diagnostics)
    return text or ""


def _report_unwritable(
    source: Source, root: Node | None, comments: list[Comment], problems: Diagnostics, diagnostics: Diagnostics
) -> None:
    """Reports what YAML cannot hold, where the user wrote it: the problems stand in a text that nobody has seen."""
    before = len(diagnostics.items)
    for one in comments:
        found = _NOT_IN_YAML.search(one.text)
        if found is not None:
            message = f"the character U+{ord(found.group()):04X} cannot stand in a comment of YAML"
            span = Span(source, one.start + found.start(), one.start + found.end())
            diagnostics.error("yaml-character", message, span, "remove it from the comment")
    for key in keys_of(root):
        if not is_simple_key(quoted(key.text)):
            diagnostics.error("yaml-key", "this is too long for a key of YAML", key.span, "shorten it")
    if len(diagnostics.items) == before:
        first = problems.items[0]
        diagnostics.error(first.code, f"this file cannot be written as YAML: {first.message}", Span(source, 0, 1))


def keys_of(root: Node | None) -> Iterator[Scalar]:
    """Every key of a document."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield from (key for key, _ in node.pairs)
            waiting += [value for _, value in node.pairs]
        elif isinstance(node, Sequence):
            waiting += node.items


def _check(
    source: Source, root: Node | None, comments: list[Comment], text: str, changes_surface: bool, to: Surface
) -> None:
    """Raises Lost unless the text says the same as the document it was made of."""
    problems = Diagnostics()
    printed = Source(source.path, text)
    again = _read(printed, to, problems)
    if problems.failed:
        raise Lost(f"the text cannot be read: {problems.items[0].message}")
    check_comments(comments, _comments(printed, to, again))
    if isinstance(root, Mapping) and not changes_surface:
        try:
            check_sections(root, again)
            return
        except Lost:
            pass  # the same may be said in another way
    check_words(root, again)
    known = Diagnostics()  # rules that mean nothing may be formatted, and mean as little afterwards
    if meaning_of(root, known) != meaning_of(again, problems) or codes(known) != codes(problems):
        raise Lost("the rules would mean something else")


def codes(diagnostics: Diagnostics) -> list[str]:
    return sorted(one.code for one in diagnostics.items)
