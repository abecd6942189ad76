"""The one shape of what rulec tells a person."""

from __future__ import annotations

from typing import Any, Literal

from rulec.diagnostics.surfaces import in_the_words_of
from rulec.records import record
from rulec.secrets import hidden_in_line, mask_secrets, mask_values
from rulec.source import Span

SHORTEST_SECRET = 4
"""A shorter word behind a secret's key is a mistake, and may be told; so may one of small letters, probably a key."""
Severity = Literal["error", "warning", "info"]


@record
class Related:
    """A second place that explains a diagnostic."""

    message: str
    span: Span

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", mask_secrets(self.message))


@record
class Diagnostic:
    """Something to tell a user: `code` names its kind, `message` is one lower-case sentence without a final stop."""

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    help: str | None = None
    related: tuple[Related, ...] = ()
    rule: str | None = None
    witness: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", mask_secrets(self.without_secrets(self.message)))
        if self.help is not None:
            help = self.without_secrets(self.help)
            help = help if self.span is None else in_the_words_of(self.span.source.path, help)
            object.__setattr__(self, "help", mask_secrets(help))
        if self.witness is not None:
            object.__setattr__(self, "witness", mask_values(self.witness))

    def without_secrets(self, text: str) -> str:
        """A text that quotes what was written, without what may not be shown of its line."""
        if self.span is None or "`" not in text:
            return text
        line = self.span.source.text_around(self.span.start)
        for start, end in hidden_in_line(line):
            word = line[start:end]
            if len(word) >= SHORTEST_SECRET and not (word.islower() and word.replace("_", "").isalpha()):
                text = text.replace(word, "*" * len(word))
        return text

    def to_json(self) -> dict[str, Any]:
        """The object of the json format (design: outputs that others build on)."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            **_place(self.span),
            "help": self.help,
            "related": [{"message": one.message, **_place(one.span)} for one in self.related],
            **({"rule": self.rule} if self.rule is not None else {}),
            **({"witness": self.witness} if self.witness is not None else {}),
        }


def _place(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "line": None, "column": None, "end_line": None, "end_column": None}
    end_line, end_column = span.end_position
    return {
        "file": span.source.path,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }


class Rejected(Exception):
    """Raised where one thing cannot be read further; carries the diagnostic that says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
