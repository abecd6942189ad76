"""What stands before the start of a proxy: its environment, its config, and whether they fit together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rulec.commands.output import exists, print_diagnostics
from rulec.proxy import CannotServe
from rulec.serving.master_key import MAKE_ONE, check_master_key, general_settings, permitted

_REFERENCE = "os.environ/"


def serving_environment(env_file: str | None) -> dict[str, str]:
    """The environment of the proxy: ours, then what the `.env` file adds, then what makes LiteLLM keep its word."""
    environment = {**_read_env_file(env_file), **os.environ}
    # Without this, embeddings, images and moderations call a failing provider three times before a hop is tried.
    environment["DEFAULT_MAX_RETRIES"] = "0"
    # A proxy that may not write bytecode starts three times slower.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _read_env_file(name: str | None) -> dict[str, str]:
    path = Path(name or ".env")
    if not path.is_file():
        if name is not None:
            raise CannotServe(f"there is no file `{name}`")
        return {}
    try:
        from dotenv import dotenv_values
    except ImportError as error:
        raise CannotServe(f'to read `{path}`, install `pip install "rulec[proxy]"`') from error
    try:
        return {key: value for key, value in dotenv_values(path).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise CannotServe(f"`{path}` cannot be read: {error}") from error


def port_number(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise CannotServe(f"`{text}` is no port; a port is a number from 1 to 65535")


def compiled(rules: Path, out: Path) -> Path:
    from rulec.compiler import compile_folder, write

    if not exists(rules):
        raise CannotServe(f"there is no `{rules}`; name the rules folder, or a compiled pair with --config")
    compilation = compile_folder(rules)
    print_diagnostics(compilation.diagnostics)
    if compilation.failed:
        raise CannotServe(f"`{rules}` does not compile")
    try:
        write(compilation.artifacts, out)
    except OSError as error:
        raise CannotServe(f"cannot write to `{out}`: {error.strerror}") from error
    return out / "litellm_config.yaml"


def check_environment(config: Path, environment: Mapping[str, str]) -> None:
    """Refuse to start a proxy that lacks an environment variable its config reads, or whose master key is weak."""
    content = read_config(config)
    missing = missing_names(content, environment)
    if missing:
        names = ", ".join(missing)
        key = f"; {MAKE_ONE}" if "LITELLM_MASTER_KEY" in missing else ""
        raise CannotServe(f"the environment lacks {names}; set them, or write them into `.env` as NAME=value{key}")
    check_master_key(content, environment)


def missing_names(config: Any, environment: Mapping[str, str]) -> list[str]:
    """The variables that a config needs and the environment does not set, in the order of the config."""
    needed = dict.fromkeys(_references(config))
    if not permitted(config, environment) and "master_key" not in general_settings(config):
        needed.setdefault("LITELLM_MASTER_KEY")
    return [name for name in needed if not environment.get(name)]


def _references(value: Any) -> Iterator[str]:
    """Every NAME of an `os.environ/NAME` in a config."""
    if isinstance(value, str) and value.startswith(_REFERENCE):
        yield value.removeprefix(_REFERENCE)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def read_config(path: Path) -> Any:
    import yaml

    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CannotServe(f"`{path}` cannot be read: {error}") from error
