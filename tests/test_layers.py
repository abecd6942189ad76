"""Imports point one way, also those inside functions; and the runtime, which travels, needs nothing of the house."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "rulec"

# Each room may import from the rooms above it, and from itself; rooms on one line may not import from each other.
LAYERS = (
    ("version", "secrets", "records", "resources"),
    ("source", "runtime"),
    ("diagnostics",),
    ("patterns",),
    ("syntax",),
    ("policy",),
    ("ir",),
    ("analysis", "gateway"),
    ("lints", "backends"),
    ("selfcheck",),
    ("compiler",),
    ("cache", "incremental"),
    ("commands", "comparing", "demo", "proxy", "serving", "testing"),
    ("cli",),
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
TOGETHER = frozenset(("commands", "comparing", "demo", "proxy", "serving", "testing"))
"""What speaks to processes and terminals is one layer, whose rooms use each other."""
TRAVELS_WITH = frozenset(("litellm", "fastapi", "jmespath"))
"""What the runtime may import where it is installed."""

MEANT_ALIKE = frozenset(("log", "__all__"))
"""Names that more than one module of the runtime gives, to one and the same thing."""

MODULES = sorted(HOUSE.rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module that is imported anywhere in a file, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide where they point"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def room_of(module: str) -> str:
    """The room of a dotted name: `rulec.policy.bind` is in `policy`; what stands in the package itself is `version`."""
    name = module.split(".")[1] if "." in module else ""
    return name if (HOUSE / name).is_dir() or (HOUSE / f"{name}.py").is_file() else "version"


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    room = path.relative_to(HOUSE).parts[0].removesuffix(".py")
    room = "version" if room == "__init__" else room
    assert room in LEVEL, f"the room `{room}` has no layer: give it one in {Path(__file__).name}"
    for module, line in imports(parse(path)):
        if module != "rulec" and not module.startswith("rulec."):
            continue
        other = room_of(module)
        together = room in TOGETHER and other in TOGETHER
        assert other == room or together or LEVEL[other] < LEVEL[room], (
            f"{path.relative_to(ROOT)}:{line}: `{room}` imports `{module}`, which stands beside it or above it"
        )


@pytest.mark.parametrize("path", sorted((HOUSE / "runtime").glob("*.py")), ids=lambda path: path.name)
def test_the_runtime_needs_only_the_standard_library(path: Path) -> None:
    tree = parse(path)
    guarded = {line for node in ast.walk(tree) if isinstance(node, ast.Try) for line in import_lines(node)}
    for module, line in imports(tree):
        top = module.split(".")[0]
        if module.startswith("rulec.runtime.") or top in sys.stdlib_module_names:
            continue
        assert top in TRAVELS_WITH, f"{path.name}:{line}: the runtime cannot bring `{module}` with it"
        assert line in guarded, f"{path.name}:{line}: `{module}` may be missing: import it inside `try`"


def import_lines(node: ast.Try) -> Iterator[int]:
    """The lines of imports whose failure this `try` catches."""
    for statement in node.body:
        yield from (one.lineno for one in ast.walk(statement) if isinstance(one, (ast.Import, ast.ImportFrom)))


def test_the_runtime_gives_each_name_once() -> None:
    """Its modules become one, in which a second constant, function or class of a name would replace the first."""
    given: dict[str, str] = {}
    for path in sorted((HOUSE / "runtime").rglob("*.py")):
        for name in sorted(names_of(parse(path)) - MEANT_ALIKE):
            assert name not in given, f"`{name}` stands in {given[name]} and in {path.name}"
            given[name] = path.name


def names_of(tree: ast.Module) -> set[str]:
    """What a module defines at its top level, but for what it imports."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {one.id for one in targets if isinstance(one, ast.Name)}
    return found


def test_only_the_self_check_asks_the_meaning() -> None:
    allowed = {"rulec/selfcheck/answers.py", "rulec/selfcheck/emitted.py", "rulec/testing/judge.py"}
    for path in MODULES:
        if any(module.startswith("rulec.policy.meaning") for module, _ in imports(parse(path))):
            assert path.relative_to(ROOT).as_posix() in allowed, f"{path.relative_to(ROOT)} asks the meaning"


def test_every_layer_is_known() -> None:
    """A room that is planned but not built yet may stand in the table, one that was renamed may not."""
    planned = {"lints"}
    rooms = {path.relative_to(HOUSE).parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
    assert rooms <= set(LEVEL)
    assert set(LEVEL) - rooms <= planned | {"version"}
