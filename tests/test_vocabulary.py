"""The vocabulary and what is made of it: the reader's table is that of the models, and no reader needs pydantic."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rulec.syntax import shapes, tabulate
from rulec.syntax.shapes import SECTIONS, SHAPES
from tests.test_layers import HOUSE, MODULES, imports, parse

ROOT = Path(__file__).parent.parent
WITH_PYDANTIC = {"syntax/vocabulary.py", "syntax/tabulate.py", "syntax/schema.py"}


def test_the_table_is_that_of_the_models() -> None:
    text = Path(shapes.__file__).read_text(encoding="utf-8")
    assert text == tabulate.table(), "run `make generated`"


def test_pydantic_stays_at_the_vocabulary() -> None:
    users = {
        path.relative_to(HOUSE).as_posix()
        for path in MODULES
        if any(module.split(".")[0] == "pydantic" for module, _ in imports(parse(path)))
    }
    assert users == WITH_PYDANTIC


def test_reading_rules_imports_no_pydantic() -> None:
    told = "import sys, rulec.compiler as c; c.compile_folder('rules'); print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


def test_every_shape_is_used() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (HOUSE / "syntax").glob("*.py"))
    for name in SHAPES:
        assert sources.count(f'"{name}"') > 1, f"nothing reads the shape {name}"


def test_every_section_is_read() -> None:
    text = (HOUSE / "syntax" / "yaml.py").read_text(encoding="utf-8")
    for name in SECTIONS:
        assert f'            "{name}": ' in text, name
