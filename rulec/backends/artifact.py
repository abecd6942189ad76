"""Output as a value: what a backend makes is a path and a text, and only the compiler writes it."""

from __future__ import annotations

from rulec.records import record


@record
class Artifact:
    """One generated file; `path` is relative to the output folder."""

    path: str
    text: str
