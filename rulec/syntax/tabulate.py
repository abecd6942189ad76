"""The vocabulary's models as a table of literals: `python -m rulec.syntax.tabulate` writes `syntax/shapes.py` anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from rulec.syntax.vocabulary import Document, Strict, kind_of, models

TABLE = Path(__file__).with_name("shapes.py")

_HEAD = '''"""The shape of every mapping of the YAML vocabulary. Do not edit: `python -m rulec.syntax.tabulate` writes it.

`keys` gives for each key the reader of `syntax.checker` and its arguments; `defaults` what a key without a value means.
"""

from __future__ import annotations

from typing import Any

SHAPES: dict[str, dict[str, Any]] = {
'''


def table() -> str:
    """The text of `syntax/shapes.py`."""
    return _HEAD + "".join(_shape(model) for model in models().values() if model is not Document) + "}\n" + _sections()


def _shape(model: type[Strict]) -> str:
    fields = model.keys()
    lines = [f"    {_literal(model.__name__)}: {{", f'        "title": {_literal(model.title())},', '        "keys": {']
    lines += [f"            {_literal(name)}: {_literal(_reader(field))}," for name, field in fields.items()]
    lines.append("        },")
    required = tuple(name for name, field in fields.items() if field.is_required())
    lines.append(f'        "required": {_literal(required)},')
    defaults = {name: field.default for name, field in fields.items() if _has_default(field)}
    lines.append(f'        "defaults": {_literal(defaults)},')
    lines.append('        "hints": {' if model.hints else '        "hints": {},')
    if model.hints:
        lines += [
            *(f"            {_literal(name)}: {_literal(hint)}," for name, hint in model.hints.items()),
            "        },",
        ]
    return "\n".join([*lines, "    },"]) + "\n"


def _has_default(field: FieldInfo) -> bool:
    return field.default is not None and not field.is_required()


def _reader(field: FieldInfo) -> tuple[Any, ...]:
    kind = kind_of(field)
    if kind is not None:
        arguments = list(kind.arguments)
        while arguments and arguments[-1] is None:
            arguments.pop()
        return (kind.check, *arguments)
    assert isinstance(field.annotation, type)
    return ("shape", field.annotation.__name__)


def _sections() -> str:
    names = "".join(f"    {_literal(name)},\n" for name in Document.model_fields)
    return f'\nSECTIONS = (\n{names})\n"""The sections of a rule file."""\n'


def _literal(value: Any) -> str:
    """A literal in the house's style: double quotes."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        inside = ", ".join(map(_literal, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(a)}: {_literal(b)}" for a, b in value.items()) + "}"
    return repr(value)


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
