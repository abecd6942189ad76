"""Compiling the same folder again and again: what did not change is neither read nor proved again.

A file is read anew where its path or its text is another one. The rest is done as in every compile, by the same
functions; only the self-check remembers what it showed of rules that mean and were emitted as before. So what comes out
is, to the byte, what a first compile makes of the same files.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rulec.compiler import (
    Compilation,
    compile_sources,
    garbage_collection_paused,
    read_declarations,
    read_sources,
)
from rulec.diagnostics import Diagnostic, Diagnostics
from rulec.selfcheck.check import check_module
from rulec.selfcheck.shown import Shown
from rulec.source import Source
from rulec.syntax.ast import RuleSet


class Incremental:
    """What one process keeps of the files of a folder, and of what was shown of their rules."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = folder
        self.sources: dict[str, Source] = {}
        """The files of the last compile, by path."""
        self.declared: dict[Source, tuple[RuleSet, list[Diagnostic]]] = {}
        self.shown = Shown()
        self.last: Compilation | None = None
        """The last compile, where every file could be read."""

    def compile(self) -> Compilation:
        """What the folder compiles to now."""
        diagnostics = Diagnostics()
        with garbage_collection_paused():
            sources = [self._known(one) for one in read_sources(self.folder, diagnostics)]
            all_read = not diagnostics.items
            if self.last is not None and all_read and sources == list(self.sources.values()):
                return self.last
            self.sources = {one.path: one for one in sources}
            self.declared = {one: self.declared.get(one) or read_declarations(one) for one in sources}
            check = partial(check_module, shown=self.shown)
            compilation = compile_sources(sources, diagnostics, read=self.declared.__getitem__, check=check)
        self.last = compilation if all_read else None
        return compilation

    def _known(self, source: Source) -> Source:
        """The source that was read before where it says the same."""
        before = self.sources.get(source.path)
        return before if before is not None and before.text == source.text else source
