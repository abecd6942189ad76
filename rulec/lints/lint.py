"""What a lint is: a module with a name, a level, a page and a check."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rulec.diagnostics import Related, Severity
from rulec.diagnostics.pages import Page
from rulec.records import record
from rulec.source import Span

if TYPE_CHECKING:
    from rulec.analysis.draft import Witness
    from rulec.lints.context import Context

ROOM = Path(__file__).parent


@record
class Edit:
    """A text in place of what stands in a span."""

    span: Span
    text: str


@record
class Finding:
    """What a lint has to say of one place; `edits` would put it right, whether that changes a decision or not.

    `level` is given where it is another than that of its lint.
    """

    message: str
    span: Span | None
    help: str | None = None
    related: tuple[Related, ...] = ()
    rule: str | None = None
    witness: Witness | None = None
    edits: tuple[Edit, ...] = ()
    level: Severity | None = None


@record
class Lint:
    """One module of the lints."""

    name: str
    level: Severity
    page: Page
    last: bool
    """Whether it looks at what the others have left behind."""
    check: Callable[[Context], Iterable[Finding]]


@lru_cache(maxsize=1)
def lints() -> tuple[Lint, ...]:
    """Every lint, in the order of the alphabet."""
    found = []
    for room in pkgutil.iter_modules([str(ROOM)]):
        if room.ispkg:
            for one in pkgutil.iter_modules([str(ROOM / room.name)]):
                module = import_module(f"rulec.lints.{room.name}.{one.name}")
                if hasattr(module, "check"):
                    found.append(_lint(one.name.replace("_", "-"), module))
    return tuple(sorted(found, key=lambda one: one.name))


def _lint(name: str, module: Any) -> Lint:
    text = (module.__doc__ or "").strip()
    page = Page(name, module.LEVEL, " ".join(text.partition("\n\n")[0].split()), f"# {name} ({module.LEVEL})\n\n{text}\n")
    return Lint(name, module.LEVEL, page, getattr(module, "LAST", False), module.check)
