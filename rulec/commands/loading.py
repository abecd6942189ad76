"""Reading rules for a command: the tree, or the diagnostics on the screen and None."""

from __future__ import annotations

import sys

from rulec.commands.output import exists, print_diagnostics
from rulec.ir.tree import Tree


def load_tree(folder: str, form: str = "text") -> Tree | None:
    """The tree of a rules folder; errors are printed, warnings are left to `rulec compile`."""
    from rulec.compiler import compile_folder

    if not exists(folder):
        print(f"rulec: there is no `{folder}`", file=sys.stderr)
        print("help: name the rules folder with --rules DIR", file=sys.stderr)
        return None
    compilation = compile_folder(folder, emit=False)
    if compilation.tree is None:
        errors = [one for one in compilation.diagnostics if one.severity == "error"]
        print_diagnostics(errors, form)
    return compilation.tree
