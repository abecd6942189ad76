"""The two states of a rule set that are compared, as the command line names them: folders, files, or git revisions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence

from rulec.comparing.revisions import GitRefuses, Repository
from rulec.diagnostics import Diagnostic, Diagnostics
from rulec.ir.tree import Tree
from rulec.records import record
from rulec.source import Source

_RANGE = re.compile(r"(.*?)(\.{2,3})(.*)", re.DOTALL)
USUAL = "rules"

Read = Callable[[Diagnostics], "list[Source]"]


class Misnamed(Exception):
    """The words of the command line name no two states; `help` says how they would."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


@record
class State:
    """One of the two states: `label` is how it is told to people, `path` where its files are now, if they are on the disk."""

    label: str
    path: str | None
    read: Read


@record
class Compiled:
    """A state, and the tree of its rules; None where they are invalid, and `diagnostics` say how."""

    state: State
    tree: Tree | None
    diagnostics: list[Diagnostic]


def states(words: Sequence[str]) -> tuple[State, State]:
    """The old and the new state; raises Misnamed."""
    try:
        return _states(list(words))
    except GitRefuses as problem:
        raise Misnamed(str(problem), problem.help) from None


def _states(words: list[str]) -> tuple[State, State]:
    revisions, path = _parted(words)
    if not revisions:
        return _on_disk(words[0]), _on_disk(words[1])
    repository = Repository(path)
    found = _RANGE.fullmatch(revisions[0]) if len(revisions) == 1 else None
    if found is None:
        old = _in_git(repository, revisions[0])
        return old, _in_git(repository, revisions[1]) if len(revisions) == 2 else _on_disk(path)
    one, dots, other = found.group(1) or "HEAD", found.group(2), found.group(3) or "HEAD"
    if dots == "...":
        return _in_git(repository, repository.common_ancestor(one, other), f"{one}...{other}"), _in_git(repository, other)
    return _in_git(repository, one), _in_git(repository, other)


def _parted(words: list[str]) -> tuple[list[str], str]:
    """The revisions that are named, and the path of the rules: what is a path on the disk is no revision."""
    there = [_exists(one) for one in words]
    if len(words) == 1:
        if there[0]:
            raise Misnamed(f"`{words[0]}` is one state of the rules, and two are compared", _USAGE)
        return words, USUAL
    if len(words) == 2:
        if all(there):
            return [], ""
        if there[1] or _RANGE.fullmatch(words[0]):
            return words[:1], words[1]
        if there[0]:
            raise Misnamed(f"there is no `{words[1]}`", _USAGE)
        return words, USUAL
    return words[:2], words[2]


_USAGE = "`rulec diff OLD NEW` takes two folders; `rulec diff main..HEAD rules`, or `rulec diff HEAD rules`, takes git revisions"


def _exists(path: str) -> bool:
    try:
        return os.path.exists(path)
    except ValueError:  # a null character
        return False


def _on_disk(path: str) -> State:
    from rulec.compiler import read_sources

    if not _exists(path):
        raise Misnamed(f"there is no `{path}`", _USAGE)
    return State(path, path, lambda diagnostics: read_sources(path, diagnostics))


def _in_git(repository: Repository, revision: str, label: str | None = None) -> State:
    repository.commit(revision)  # which there must be, before anything is read
    shown = label or revision

    def read(diagnostics: Diagnostics) -> list[Source]:
        return repository.sources(revision, diagnostics)

    return State(f"{shown}:{repository.path}", None, read)


def compiled(state: State) -> Compiled:
    """A state's rules, bound and lowered; raises Misnamed where there are none to read."""
    from rulec.cache.entries import Entry
    from rulec.compiler import compile_sources, garbage_collection_paused

    diagnostics = Diagnostics()
    with garbage_collection_paused():
        try:
            sources = state.read(diagnostics)
        except GitRefuses as problem:
            raise Misnamed(str(problem), problem.help) from None
        entry = Entry(sources) if not diagnostics.items else None
        tree = entry.load() if entry is not None else None
        if tree is not None:
            return Compiled(state, tree, [])
        compilation = compile_sources(sources, diagnostics, emit=False)
        if entry is not None and compilation.tree is not None:
            entry.store(compilation.tree)
    errors = [one for one in compilation.diagnostics if one.severity == "error"]
    return Compiled(state, compilation.tree, errors)
