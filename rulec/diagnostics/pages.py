"""The pages: one Markdown file for each code, which says what it means, why it matters and what to do.

A page begins with `# code (severity)`; its first paragraph is the summary, one sentence.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rulec.diagnostics.finding import Severity
from rulec.records import record

FOLDER = Path(__file__).parent / "pages"


@record
class Page:
    """What there is to say about a code."""

    code: str
    severity: Severity
    summary: str
    text: str


def codes() -> list[str]:
    """Every code that rulec has, in the order of the alphabet."""
    return sorted(file.stem for file in FOLDER.glob("*.md"))


@lru_cache(maxsize=1)
def pages() -> tuple[Page, ...]:
    """All pages, in the order of their codes."""
    return tuple(map(page, codes()))


def page(code: str) -> Page:
    """The page of a code that has one."""
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    title, summary = text.split("\n\n", 2)[:2]
    severity: Severity = "error" if title.endswith("(error)") else "warning"
    return Page(code, severity, " ".join(summary.split()), text)
