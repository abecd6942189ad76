"""`rulec compile --watch`: compiles now and after every change, and says what changed and how long it took."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from rulec.commands.bugs import report_bug
from rulec.commands.output import exists, for_people, print_diagnostics, rules_folder
from rulec.compiler import Compilation, rule_files
from rulec.diagnostics import Diagnostic, printable
from rulec.incremental import Incremental

POLL_SECONDS = 0.2
SETTLED_SECONDS = 0.05
"""Who saves a file or switches a branch is given this long to finish: then nothing may change any more."""
MOST_NAMES = 5

Stamps = dict[str, tuple[int, ...]]
"""By path what changes whenever a file is written or another one takes its name."""


CompileOnce = Callable[[Callable[[str], Compilation], Callable[[Sequence[Diagnostic], str, str], None]], int]
"""Tells and writes what a compiler makes of the folder; the other function shows diagnostics."""


def watch(options: argparse.Namespace, compile_once: CompileOnce) -> int:
    """Compiles until it is interrupted."""
    watcher = Watcher(options, compile_once)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        watcher.say(f"watching `{watcher.folder}` (Ctrl-C ends)")
        while True:
            watcher.look()
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return watcher.code


class Watcher:
    """Sees what changes in a folder."""

    def __init__(self, options: argparse.Namespace, compile_once: CompileOnce) -> None:
        self.folder = rules_folder(options)
        self.people = for_people(options.format)
        self.compile_once = compile_once
        self.incremental = Incremental(self.folder)
        self.out = options.out
        self.pair: list[str] = []
        """The files that the last compile without errors made."""
        self.seen: Stamps | None = None
        self.told: set[tuple[str, str]] = set()
        """The warnings of the last compile without errors."""
        self.code = 0

    def say(self, line: str) -> None:
        if self.people:
            print(line, flush=True)

    def look(self) -> None:
        """Compiles if anything changed since the last look."""
        now = stamps(self.folder)
        if now | self.kept() == self.seen:
            return
        now = settled(self.folder, now)
        if self.seen is not None:
            found = changes(self.seen, now | self.kept())
            self.say(f"\n{time.strftime('%H:%M:%S')}  {', '.join(found) or 'another try'}")
        begin = time.perf_counter()
        before, self.code = self.code, self.compiled()
        self.seen = now | self.kept()
        took = f"{time.perf_counter() - begin:.1f} s"
        self.say(f"failed in {took}, waiting for a change" if self.code else f"{'mended' if before else 'done'} in {took}")
        sys.stderr.flush()
        gc.collect()  # while nobody waits: a compile makes its garbage with the collector off

    def compiled(self) -> int:
        """Compiles, and gives the exit code; after a bug nothing of before is trusted."""
        try:
            return self.compile_once(self.compile, self.tell)
        except OSError:
            raise
        except Exception as error:
            self.incremental = Incremental(self.folder)
            return report_bug(error)

    def compile(self, folder: str) -> Compilation:
        compilation = self.incremental.compile()
        if not compilation.failed:
            self.pair = [os.path.join(self.out, one.path) for one in compilation.artifacts]
        return compilation

    def kept(self) -> Stamps:
        """The files of the pair that are still there."""
        return {path: () for path in self.pair if os.path.exists(path)}

    def tell(self, diagnostics: Sequence[Diagnostic], form: str, folder: str) -> None:
        """Shows diagnostics; to people only those warnings that the last compile had not."""
        fresh = [one for one in diagnostics if one.severity == "error" or (one.code, one.message) not in self.told]
        print_diagnostics(fresh if self.people else diagnostics, form, folder)
        known = len(diagnostics) - len(fresh)
        if known:
            self.say(f"{known} warning{'' if known == 1 else 's'} as before")
        if not any(one.severity == "error" for one in diagnostics):
            self.told = {(one.code, one.message) for one in diagnostics}


def stamps(folder: str) -> Stamps:
    """What is known of the rule files without reading them; a folder that is not there has none."""
    found: Stamps = {}
    for file in (rule_files(folder) if os.path.isdir(folder) else [folder]) if exists(folder) else ():
        try:
            status = os.stat(file)
        except OSError:  # it went meanwhile, or is a link to nothing
            found[file] = (0,)
            continue
        found[file] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    return found


def settled(folder: str, now: Stamps) -> Stamps:
    """The stamps once nothing changes for a moment."""
    while True:
        time.sleep(SETTLED_SECONDS)
        before, now = now, stamps(folder)
        if now == before:
            return now


def changes(before: Stamps, now: Stamps) -> Iterator[str]:
    """What happened to files, as people say it."""
    for word, files in (
        ("changed", [one for one in now if one in before and before[one] != now[one]]),
        ("added", [one for one in now if one not in before]),
        ("removed", [one for one in before if one not in now]),
    ):
        if files:
            names = ", ".join(f"`{printable(one)}`" for one in files[:MOST_NAMES])
            yield f"{word} {names}{f' and {len(files) - MOST_NAMES} more' if len(files) > MOST_NAMES else ''}"
