"""What a project says of its lints: `[lint]` of the nearest `rulec.toml`, or `[tool.rulec.lint]` of a `pyproject.toml`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rulec.diagnostics import Severity, suggest
from rulec.lints.lint import lints
from rulec.lints.settings import Settings
from rulec.records import record, replace

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LEVELS = ("error", "warning", "info")
_LISTS = ("select", "ignore")
_NUMBERS = ("question-seconds", "total-seconds", "retry-budget-seconds", "cost-ratio")
_KEYS = (*_LISTS, "levels", "fail-on", "baseline", *_NUMBERS)


class WrongSettings(Exception):
    """A settings file, or an option, says what nobody can follow; the message names it and says why."""


@record
class Project:
    """How a project wants its rules looked at; `baseline` is a path."""

    settings: Settings
    fail_on: Severity = "warning"
    baseline: Path | None = None


def read_project(folder: str | Path, named: str | None = None) -> Project:
    """The settings of a file that is named, or of the nearest one above a rules folder; raises WrongSettings."""
    if named is not None:
        table = _table(Path(named))
        if table is None:
            raise WrongSettings(f"`{named}` has no table `[lint]` (in a pyproject.toml: `[tool.rulec.lint]`)")
        return _project(table, Path(named))
    start = Path(folder).resolve()
    for parent in (start, *start.parents):
        for name in ("rulec.toml", "pyproject.toml"):
            path = parent / name
            found = _table(path) if path.is_file() else None
            if found is not None:
                return _project(found, path)
    return Project(Settings())


def _table(path: Path) -> Any:
    """What a file says of lints; None where it says nothing."""
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongSettings(f"`{path}` cannot be read: {(error.strerror or 'unknown reason').lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongSettings(f"`{path}` is no TOML: {error}") from None
    steps = ("tool", "rulec", "lint") if path.name == "pyproject.toml" else ("lint",)
    if path.name != "pyproject.toml":
        _known(table, ("lint",), f"`{path}`")
    for step in steps:
        table = table.get(step) if isinstance(table, dict) else None
    return table


def _project(table: Any, path: Path) -> Project:
    where = f"`{path}`"
    if not isinstance(table, dict):
        raise WrongSettings(f"{where}: `lint` is a table")
    _known(table, _KEYS, where)
    for key in _LISTS:
        if not isinstance(table.get(key, []), list) or not all(isinstance(one, str) for one in table.get(key, [])):
            raise WrongSettings(f"{where}: `{key}` is a list of lints")
    levels = table.get("levels", {})
    if not isinstance(levels, dict):
        raise WrongSettings(f"{where}: `levels` is a table of lints and their levels")
    numbers = {key.replace("-", "_"): _number(table[key], key, where) for key in _NUMBERS if key in table}
    settings = with_levels(replace(Settings(), **numbers), levels, where)
    if "select" in table:
        settings = with_only(settings, table["select"], where)
    settings = without(settings, table.get("ignore", ()), where)
    baseline = table.get("baseline")
    if baseline is not None and not isinstance(baseline, str):
        raise WrongSettings(f"{where}: `baseline` is the path of a file")
    return Project(
        settings,
        level(table.get("fail-on", "warning"), "fail-on", where),
        None if baseline is None else path.parent / baseline,
    )


def _known(table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise WrongSettings(f"{where}: `{key}` is no key here ({suggest(key, keys, 'key')})")


def _number(value: Any, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
        raise WrongSettings(f"{where}: `{key}` is a number above 0")
    return float(value)


def level(value: Any, key: str, where: str) -> Severity:
    """A level by its name; raises WrongSettings."""
    if value not in LEVELS:
        raise WrongSettings(f"{where}: `{key}` is one of {', '.join(LEVELS)}")
    found: Severity = value
    return found


def with_levels(settings: Settings, levels: Mapping[str, Any], where: str) -> Settings:
    """The settings with levels by lint, of which `off` is one."""
    _names(levels, where)
    said = {name: None if value == "off" else level(value, name, where) for name, value in levels.items()}
    return replace(settings, levels={**settings.levels, **said})


def with_only(settings: Settings, names: Sequence[str], where: str) -> Settings:
    """The settings with all other lints switched off."""
    _names(names, where)
    off = {one.name: None for one in lints() if one.name not in names}
    on = {name: found for name, found in settings.levels.items() if found is not None}
    return replace(settings, levels={**on, **off})


def without(settings: Settings, names: Sequence[str], where: str) -> Settings:
    """The settings with some lints switched off."""
    _names(names, where)
    return replace(settings, levels={**settings.levels, **dict.fromkeys(names)})


def _names(names: Any, where: str) -> None:
    known = [one.name for one in lints()]
    for name in names:
        if name not in known:
            raise WrongSettings(f"{where}: there is no lint `{name}` ({suggest(name, known, 'lint')})")
