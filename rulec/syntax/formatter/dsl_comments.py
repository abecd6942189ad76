"""The comments of a DSL text: every `#` outside of texts and patterns."""

from __future__ import annotations

import re

from rulec.syntax.formatter.comments import Comment, make_comment

_TOKEN = re.compile(r"""[^"'/#]+|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|/(?:\\.|[^/\\\n])+/|(#[^\n]*)|.""")


def dsl_comments(text: str) -> list[Comment]:
    """All comments in the order of the text."""
    if "#" not in text:
        return []
    return [make_comment(text, one.start(), one.end()) for one in _TOKEN.finditer(text) if one.group(1) is not None]
