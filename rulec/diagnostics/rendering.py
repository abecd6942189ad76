"""The formats that diagnostics are printed in; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rulec.diagnostics.finding import Diagnostic

if TYPE_CHECKING:
    from rulec.diagnostics.pages import Page

FORMATS = ("text", "plain", "json", "github", "sarif")
USUAL_WIDTH = 80


def render(form: str, diagnostics: Iterable[Diagnostic], rules: str = "rules", more_pages: Sequence[Page] = ()) -> str:
    """Diagnostics in one of the formats, as for a place that is no terminal.

    `rules` is where witnesses are asked; `more_pages` is what a log declares beside the codes of the compiler.
    """
    if form == "text":
        return render_text(diagnostics, rules=rules)
    if form == "plain":
        from rulec.diagnostics.plain import render_plain

        return render_plain(diagnostics, rules)
    if form == "github":
        from rulec.diagnostics.github import render_github

        return render_github(diagnostics, rules)
    if form == "junit":
        from rulec.diagnostics.junit import render_junit

        return render_junit(diagnostics, more_pages)
    if form == "sarif":
        from rulec.diagnostics.sarif import render_sarif

        return render_sarif(diagnostics, more_pages)
    return render_json(diagnostics)


def render_text(
    diagnostics: Iterable[Diagnostic], colour: bool = False, width: int = USUAL_WIDTH, rules: str = "rules"
) -> str:
    """Diagnostics for a terminal of a width: a headline, the lines with carets, a help line."""
    from rulec.diagnostics.text import Painter

    return Painter(colour, width, rules).render(diagnostics)


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Diagnostics as a JSON list of objects."""
    import json

    return json.dumps([item.to_json() for item in diagnostics], indent=2, ensure_ascii=False) + "\n"
