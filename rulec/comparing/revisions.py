"""Rule files as they are in a git revision, read through git itself: nothing is checked out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from rulec.compiler import decoded_source, is_rule_file
from rulec.diagnostics import Diagnostics
from rulec.source import Source

_SYMLINK, _SUBMODULE = "120000", "160000"


class GitRefuses(Exception):
    """Why a revision cannot be read, and what to do."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


class Repository:
    """The repository that a path lies in."""

    def __init__(self, path: str) -> None:
        folder = _existing(os.path.realpath(path))
        self.path = path
        self.top = _git(folder, "rev-parse", "--show-toplevel", why=f"`{path}` is in no git repository").rstrip("\n")
        self.inside = os.path.relpath(os.path.realpath(path), self.top).replace(os.sep, "/")

    def commit(self, revision: str) -> str:
        """The commit that a revision names."""
        why = f"`{revision}` is no path here, and no revision in the git repository `{self.top}`"
        help = "`git log --oneline` lists revisions; a shallow clone has few: `git fetch --unshallow`"
        return _git(
            self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", why=why, help=help
        ).strip()

    def common_ancestor(self, one: str, other: str) -> str:
        """Where two revisions parted."""
        why = f"`{one}` and `{other}` have no common ancestor here"
        return _git(self.top, "merge-base", self.commit(one), self.commit(other), why=why).strip()

    def sources(self, revision: str, diagnostics: Diagnostics) -> list[Source]:
        """The rule files below the path as they are in a revision, in the order of their paths."""
        commit = self.commit(revision)
        inside = "." if self.inside == "." else f":(top,literal){self.inside}"
        listed = _git(self.top, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *([] if inside == "." else [self.inside]))
        entries = [_entry(one) for one in listed.split("\0") if one]
        is_file = [name for _, _, name in entries] == [self.inside]
        found = [one for one in entries if is_file or _is_rule_path(self._below(one[2]))]
        if not found:
            what = "there is no rule file" if entries else f"there is no `{self.path}`"
            raise GitRefuses(f"{what} in the revision `{revision}`" + (f" below `{self.path}`" if entries else ""))
        found = [one for one in found if one[0] != _SUBMODULE]
        found.sort(key=lambda one: os.fsencode(self._below(one[2])))
        texts = _contents(self.top, [f"{commit}:{name}" if mode == _SYMLINK else key for mode, key, name in found])
        sources = []
        for (_, _, name), octets in zip(found, texts, strict=True):
            label = f"{revision}:{name}"
            if octets is None:
                diagnostics.error("unreadable", f"`{label}` is a link to what is in no revision")
                continue
            source = decoded_source(label, octets, diagnostics)
            sources += [source] if source is not None else []
        return sources

    def _below(self, name: str) -> str:
        return name if self.inside == "." else os.path.relpath(name, self.inside).replace(os.sep, "/")


def _entry(line: str) -> tuple[str, str, str]:
    told, _, name = line.partition("\t")
    mode, _, key = told.split(" ")
    return mode, key, name


def _is_rule_path(path: str) -> bool:
    *folders, name = path.split("/")
    return is_rule_file(name) and not any(one.startswith(".") for one in folders)


def _existing(path: str) -> str:
    """The path, or the folder above it that is there: rules may be gone from the working tree."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def _contents(top: str, names: Sequence[str]) -> list[bytes | None]:
    """What objects hold; links are followed."""
    asked = "".join(f"{one}\n" for one in names).encode("utf-8", "surrogateescape")
    told = _run(top, ["cat-file", "--batch", "--follow-symlinks"], asked).stdout
    found: list[bytes | None] = []
    at = 0
    for _ in names:
        end = told.index(b"\n", at)
        words = told[at:end].rsplit(b" ", 2)
        at = end + 1
        if len(words) == 3 and words[1] == b"blob":
            size = int(words[2])
            found.append(told[at : at + size])
            at += size + 1
            continue
        if words[0] in (b"symlink", b"dangling", b"loop", b"notdir"):  # whose target follows on a line
            at += int(words[-1]) + 1
        found.append(None)
    return found


def _git(folder: str, *words: str, why: str | None = None, help: str | None = None) -> str:
    done = _run(folder, list(words))
    if done.returncode:
        told = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [""])[0]
        known = not told or "not a git repository" in told
        raise GitRefuses((why or "git refuses") + ("" if known else f": {told}"), help)
    return done.stdout.decode("utf-8", "surrogateescape")


def _run(folder: str, words: list[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", folder, *words], input=given, capture_output=True, check=False)
    except FileNotFoundError:
        raise GitRefuses("revisions need `git`, which is not installed", "compare two folders instead") from None
