"""A YAML text to its canonical text."""

from __future__ import annotations

import re

from rulec.diagnostics import Diagnostics
from rulec.source import Source, Span
from rulec.syntax.formatter.check import check_comments, check_sections
from rulec.syntax.formatter.comments import put_comments
from rulec.syntax.formatter.layout import Lines
from rulec.syntax.formatter.yaml_comments import yaml_comments
from rulec.syntax.formatter.yaml_printer import print_yaml
from rulec.syntax.nodes import Mapping, Node, Scalar, read_document

_ODD_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def format_yaml(source: Source, diagnostics: Diagnostics) -> str | None:
    """The canonical text of a YAML rule file; None where it cannot be read, which is reported."""
    root = read_yaml(source, diagnostics)
    if root is None:
        return None
    comments = yaml_comments(source.text, root)
    if not isinstance(root, Mapping) or not root.pairs:
        lines = Lines()
        put_comments(comments, lines, 0)
        return lines.text()
    text = print_yaml(root, comments)
    printed = Source(source.path, text)
    again = read_yaml(printed, Diagnostics())
    check_sections(root, again)
    assert again is not None
    check_comments(comments, yaml_comments(text, again))
    return text


def read_yaml(source: Source, diagnostics: Diagnostics) -> Node | None:
    """The root of a rule file: a mapping, or an empty scalar; None where it cannot be formatted, which is reported."""
    odd = _ODD_LINE_ENDS.search(source.text)
    if odd is not None:
        diagnostics.error(
            "yaml-character",
            f"the character U+{ord(odd.group()):04X} ends a line for some readers of YAML and not for others",
            Span(source, odd.start(), odd.end()),
            "remove it, or write it as an escape in double quotes",
        )
        return None
    document = read_document(source, diagnostics)
    if diagnostics.failed:
        return None
    root: Node = document or Scalar("", True, source, len(source.text), len(source.text))
    if isinstance(root, Mapping) or isinstance(root, Scalar) and root.value is None:
        return root
    diagnostics.error(
        "wrong-shape", "a rule file is a mapping of sections: providers, models, exact_matches, patterns, …", root.span
    )
    return None
