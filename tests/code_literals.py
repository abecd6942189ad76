"""The codes of diagnostics that stand in the source: literals where a diagnostic is made, and where one is named."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_MAKERS = frozenset(("Diagnostic", "error", "warning", "problem", "_reject"))


def codes_in(folder: Path) -> dict[str, str]:
    """Each code in the modules of a folder, with one place where it stands."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for literal in _literals(node):
                if isinstance(literal, ast.Constant) and isinstance(literal.value, str) and _CODE.match(literal.value):
                    found.setdefault(literal.value, f"{path.relative_to(folder)}:{literal.lineno}")
    return found


def _literals(node: ast.AST) -> Iterator[ast.expr]:
    """What stands for a code: the first argument of what makes a diagnostic, `code=…`, and the default of `code`."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _MAKERS and node.args:
            yield node.args[0]
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        names = [*node.args.posonlyargs, *node.args.args]
        named = names[len(names) - len(node.args.defaults) :]
        yield from (one for name, one in zip(named, node.args.defaults, strict=True) if name.arg == "code")
