"""Reading rules for a command: the tree, or the diagnostics on the screen and None."""

from __future__ import annotations

import sys

from rulec.commands.output import exists, print_diagnostics
from rulec.ir.tree import Tree

OBJECTS_BETWEEN_COLLECTIONS = 100_000


def load_tree(folder: str, form: str = "text", cached: bool = True) -> Tree | None:
    """The tree of a rules folder; errors are printed, warnings are left to `rulec compile`.

    The tree lives as long as the command, and so do its parts that are read later: the garbage collector is told not to
    look at them again and again.
    """
    import gc

    from rulec.cache.entries import Entry
    from rulec.compiler import compile_sources, garbage_collection_paused, read_sources
    from rulec.diagnostics import Diagnostics

    if not exists(folder):
        print(f"rulec: there is no `{folder}`", file=sys.stderr)
        print("help: name the rules folder with --rules DIR", file=sys.stderr)
        return None
    diagnostics = Diagnostics()
    with garbage_collection_paused():
        sources = read_sources(folder, diagnostics)
        entry = Entry(sources) if cached and not diagnostics.items else None
        tree = entry.load() if entry is not None else None
        if tree is not None:
            gc.freeze()
            gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
            return tree
        compilation = compile_sources(sources, diagnostics, emit=False)
        if entry is not None and compilation.tree is not None:
            entry.store(compilation.tree)
        gc.freeze()
    if compilation.tree is None:
        errors = [one for one in compilation.diagnostics if one.severity == "error"]
        print_diagnostics(errors, form)
    return compilation.tree
