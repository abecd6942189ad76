"""Fixes: the edits that lints propose, tried on the rules before they are written.

A fix is safe if the analyser proves that with it no request is decided differently; no lint says so of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rulec.analysis.differences import are_equal
from rulec.commands.files import FileChanged, replace_files
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.ir.tree import Tree
from rulec.lints.lint import Edit
from rulec.lints.run import Told
from rulec.source import Source, with_line_feeds


class Fixes:
    """The fixes of some findings on the files of one rule set: those that are taken, and the tree that they make."""

    def __init__(self, sources: Sequence[Source], tree: Tree) -> None:
        self.sources = sources
        self.tree = tree
        self.taken: list[Told] = []

    def take_safe(self, found: Sequence[Told]) -> None:
        """Takes the fixes that change no decision; of many at once, halves are tried where not all are safe."""
        if not found:
            return
        tree = self._with(found)
        if tree is not None and are_equal(self.tree.policy, tree.policy, least="strategy") is True:
            self.taken += found
            self.tree = tree
        elif len(found) > 1:
            half = len(found) // 2
            self.take_safe(found[:half])
            self.take_safe(found[half:])

    def take_valid(self, found: Sequence[Told]) -> None:
        """Takes the fixes with which the rules still compile, whatever they change."""
        for one in found:
            tree = self._with([one])
            if tree is not None:
                self.taken.append(one)
                self.tree = tree

    def _with(self, more: Sequence[Told]) -> Tree | None:
        """The tree with further fixes; None where they stand in each other's way, or break the rules."""
        texts = self.texts(more)
        if texts is None:
            return None
        return compile_sources(texts, Diagnostics(), emit=False).tree

    def texts(self, more: Sequence[Told] = ()) -> list[Source] | None:
        """All files with the fixes that are taken; None where two edits overlap."""
        edits = {edit for one in (*self.taken, *more) for edit in one.edits}
        fixed = []
        for source in self.sources:
            mine = sorted((one for one in edits if one.span.source.path == source.path), key=lambda one: one.span.start)
            text = edited(source.text, mine)
            if text is None:
                return None
            fixed.append(Source(source.path, text))
        return fixed

    def changed(self) -> dict[Path, str]:
        """The new texts of the files that change."""
        texts = self.texts() or []
        return {Path(new.path): new.text for old, new in zip(self.sources, texts, strict=True) if old.text != new.text}


def write_fixes(fixes: Fixes) -> int:
    """Writes the files that change, with the line ends that they had, and says how many; raises OSError.

    A file that somebody else has changed meanwhile is not touched, which raises FileChanged; then none is.
    """
    before = {Path(one.path): one.text for one in fixes.sources}
    written = {}
    for path, text in fixes.changed().items():
        octets = path.read_bytes().decode("utf-8", "replace")
        if with_line_feeds(octets) != before[path]:
            raise FileChanged(path)
        mark = "\ufeff" if octets.startswith("\ufeff") else ""
        written[path.resolve()] = mark + (text.replace("\n", "\r\n") if "\r\n" in octets else text)
    replace_files(written)
    return len(written)


def edited(text: str, edits: Sequence[Edit]) -> str | None:
    """A text with edits made, which come in the order of their places; None where two overlap."""
    parts, at = [], 0
    for one in edits:
        if one.span.start < at:
            return None
        parts += [text[at : one.span.start], one.text]
        at = one.span.end
    return "".join((*parts, text[at:]))
