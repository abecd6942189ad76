"""Replacing files, all or none: every text is on the disk before the first takes its place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path


class FileChanged(OSError):
    """Somebody else wrote a file since it was read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} was changed")
        self.path = path


def replace_files(
    texts: Mapping[Path, str],
    like: Mapping[Path, Path] | None = None,
    gone: Iterable[Path] = (),
    read: Mapping[Path, str] | None = None,
) -> None:
    """Writes texts to their paths and removes the files of `gone`; raises OSError, and then all is as it was.

    A file keeps its permissions; a new one gets those of the file that `like` names for it, if one is named. `read` are the texts that
    were read: a file that holds another one by now is not touched, which raises FileChanged.
    """
    known = read or {}
    staged: list[tuple[str, Path]] = []
    replaced: list[tuple[Path, bytes | None]] = []
    try:
        for path, text in texts.items():
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            staged.append((name, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            model = (like or {}).get(path, path)
            if model.exists():
                shutil.copymode(model, name)
            else:
                os.chmod(name, 0o644)
        for name, path in staged:
            replaced.append((path, _content(path, known) if path.is_file() or path in known else None))
            os.replace(name, path)
        for path in gone:
            replaced.append((path, _content(path, known)))
            path.unlink()
    except OSError:
        for path, before in replaced:
            if before is not None:
                path.write_bytes(before)
            elif path.exists():
                path.unlink()
        raise
    finally:
        for name, _ in staged:
            with suppress(FileNotFoundError):
                os.unlink(name)


def _content(path: Path, known: Mapping[Path, str]) -> bytes:
    octets = path.read_bytes()
    if path in known and octets.decode("utf-8-sig", "replace") != known[path]:
        raise FileChanged(path)
    return octets
