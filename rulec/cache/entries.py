"""Trees of rule sets that were compiled before, kept between runs: a second `rulec explain` reads, binds and lowers nothing.

An entry is one file, named after a digest of all that its tree depends on: rulec itself, Python, and the names and
texts of the rule files. So an entry is never out of date, and whoever edits a rule asks for another one. The texts
themselves are not in it: places point into the sources that were just read, under the names they have from where the
user stands.

What an entry holds is never executed: it is data alone (see `trees`). Its reader looks at nothing that another user
could have written, and at no byte before the digest over all of them agrees: so no damaged pickle is ever read.
(There is no secret key in it: whoever can write our files can read the key as well, and needs no cache to deceive us.)
Whatever is wrong with an entry or its folder, the answer is that there is none.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

from rulec import VERSION
from rulec.cache.trees import decode_tree, encode_tree
from rulec.gateway.groups import client_names
from rulec.ir.rows import Rows
from rulec.ir.tree import Tree
from rulec.policy.model import Policy
from rulec.source import Source

try:  # the same without what the public module adds around it: OpenSSL
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

SUFFIX = ".tree"
MOST_ENTRIES = 64
MOST_BYTES = 256 * 1024 * 1024
ROOMS = ("cache", "diagnostics", "gateway", "ir", "patterns", "policy", "runtime", "syntax")
"""The folders of rulec's that an entry depends on, beside the files above them."""
_FORMAT = b"rulec tree 3\n"
_DIGEST_BYTES = 32


class Entry:
    """What is kept for the given sources, or will be."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.folder = cache_folder()
        self.key = b""
        try:
            self.key = key_of(sources) if self.folder is not None else b""
        except (OSError, ValueError):  # rulec lies in an archive, or the files on several drives
            self.folder = None

    def load(self) -> Tree | None:
        """The tree that the sources compiled to in an earlier run, or None."""
        if self.folder is None:
            return None
        try:
            octets = _read(_path(self.folder, self.key))
            return None if octets is None else _decode(octets, self.key, self.sources)
        except Exception:  # there is no entry, or not one that we would have written
            return None

    def store(self, tree: Tree) -> None:
        """Keeps the tree for later runs, where that can be."""
        if self.folder is None:
            return
        with suppress(Exception):  # a full disk, or the folder of somebody else: the next run compiles again
            for work_out in (Policy.fingerprint, client_names, Rows):  # what needs all rules is kept with the policy
                work_out(tree.policy)
            octets = _encode(tree, self.key, self.sources)
            _make_folder(self.folder)
            _write(_path(self.folder, self.key), octets)
            _tidy(self.folder)


def cache_folder() -> str | None:
    """Where entries lie: below `$XDG_CACHE_HOME`, else where the system keeps such things; None if switched off."""
    if os.environ.get("RULEC_CACHE") == "off":
        return None
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # so says the XDG specification
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA", "")
        else:
            base = os.path.expanduser("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    return os.path.join(base, "rulec") if os.path.isabs(base) else None


# The key


def key_of(sources: Sequence[Source]) -> bytes:
    """A digest of what a tree depends on."""
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for part in (_FORMAT.decode(), VERSION, sys.version, *_own_stamps(), *_parts_of(sources)):
        octets = part.encode("utf-8", "surrogateescape")
        digest.update(b"%d:" % len(octets))
        digest.update(octets)
    return digest.digest()


def _parts_of(sources: Sequence[Source]) -> Iterator[str]:
    """The names of the files as seen from the folder that holds all of them, and their texts."""
    paths = [os.path.abspath(one.path) for one in sources]
    folder = os.path.commonpath([os.path.dirname(one) for one in paths]) if paths else ""
    for path, source in zip(paths, sources, strict=True):
        yield os.path.relpath(path, folder)
        yield source.text


def _own_stamps() -> Iterator[str]:
    """Size and time of the files that make trees: who works on rulec gets no answers of an earlier state."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    waiting = [home, *(os.path.join(home, room) for room in ROOMS)]
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__" and folder != home:
                        waiting.append(entry.path)
                elif entry.name.endswith((".py", ".lark")):
                    status = entry.stat()
                    yield f"{entry.path[len(home) :]} {status.st_size} {status.st_mtime_ns}"


# The bytes of an entry: format, digest, payload. Who looks one request up reads few of its pickles (see `trees`).


def _encode(tree: Tree, key: bytes, sources: Sequence[Source]) -> bytes:
    payload = encode_tree(tree, sources)
    return _FORMAT + _digest(payload, key) + payload


def _decode(octets: bytes, key: bytes, sources: Sequence[Source]) -> Tree | None:
    start = len(_FORMAT) + _DIGEST_BYTES
    payload = memoryview(octets)[start:]
    return decode_tree(payload, sources) if octets[:start] == _FORMAT + _digest(payload, key) else None


def _digest(payload: bytes | memoryview, key: bytes) -> bytes:
    return blake2b(payload, digest_size=_DIGEST_BYTES, key=key).digest()


# The files


def _path(folder: str, key: bytes) -> str:
    return os.path.join(folder, key.hex()[:32] + SUFFIX)


def _read(path: str) -> bytes | None:
    """What a file of ours holds; one that others own or may write is not ours."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        ours = not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)
        return file.read() if ours and stat.S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES else None


def _write(path: str, octets: bytes) -> None:
    """All or nothing: who reads meanwhile sees the file of before, or this one whole."""
    passing = f"{path}.{os.getpid()}{SUFFIX}"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(passing, flags, 0o600), "wb") as file:
            file.write(octets)
        os.replace(passing, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(passing)
        raise


def _make_folder(folder: str) -> None:
    """Makes the folder for us alone; root makes none in the home of somebody else."""
    if os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    while not os.path.isdir(above) and above != os.path.dirname(above):
        above = os.path.dirname(above)
    if hasattr(os, "geteuid") and os.geteuid() == 0 != os.stat(above).st_uid:
        raise PermissionError(above)
    os.makedirs(folder, mode=0o700)


def _tidy(folder: str) -> None:
    """Removes the oldest entries while there are too many or too large ones."""
    with os.scandir(folder) as entries:
        ours = [(one.stat(), one.path) for one in entries if one.name.endswith(SUFFIX)]
    ours.sort(key=lambda one: one[0].st_mtime_ns, reverse=True)
    size = 0
    for number, (status, path) in enumerate(ours):
        size += status.st_size
        if number and (number >= MOST_ENTRIES or size > MOST_BYTES):
            with suppress(OSError):
                os.unlink(path)
