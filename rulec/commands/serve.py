"""`rulec serve`: the real LiteLLM proxy in the foreground, routing by a rule set."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rulec.commands.output import add_rules_argument, exists, print_diagnostics, rules_folder
from rulec.proxy import CannotServe, check_port, require_proxy, start_proxy

HELP = "compile a rule set and run the LiteLLM proxy with it"

DEFAULT_HOST = "0.0.0.0"
DEFAULT_PORT = 4000
_PERMIT_NO_KEY = "dangerously_permit_weak_or_unset_master_key"
_REFERENCE = "os.environ/"


def configure(parser: argparse.ArgumentParser) -> None:
    add_rules_argument(parser)
    parser.add_argument("--config", metavar="FILE", help="serve this litellm_config.yaml instead of a rule set")
    parser.add_argument("--out", default="generated", metavar="DIR", help="where the compiled pair goes (generated)")
    parser.add_argument("--host", help=f"address to listen on (LITELLM_HOST, else {DEFAULT_HOST})")
    parser.add_argument("--port", help=f"port to listen on (LITELLM_PORT, else {DEFAULT_PORT})")
    parser.add_argument("--env-file", metavar="FILE", help="file with NAME=value lines (.env, where there is one)")


def run(arguments: argparse.Namespace) -> int:
    try:
        require_proxy()
        environment = serving_environment(arguments.env_file)
        host = arguments.host or environment.get("LITELLM_HOST") or DEFAULT_HOST
        port = _port(arguments.port or environment.get("LITELLM_PORT") or str(DEFAULT_PORT))
        config = _config(arguments, environment)
        check_environment(config, environment)
        check_port(host, port)
    except CannotServe as reason:
        print(f"rulec: {reason}", file=sys.stderr)
        return 2
    print(f"rulec: serving {config} on http://{host}:{port}", file=sys.stderr, flush=True)
    return _run_in_foreground(config, host, port, environment)


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
    from dotenv import dotenv_values

    try:
        return {key: value for key, value in dotenv_values(path).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise CannotServe(f"`{path}` cannot be read: {error}") from error


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise CannotServe(f"`{text}` is no port; a port is a number from 1 to 65535")


def _config(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Path:
    """The compiled config to serve: the one named, else the one that the rule set compiles to."""
    named_rules = arguments.rules or arguments.folder
    if arguments.config and named_rules:
        raise CannotServe("give a rules folder or --config, not both")
    name = arguments.config or (None if named_rules else environment.get("LITELLM_CONFIG_PATH"))
    if name is None:
        return _compiled(Path(rules_folder(arguments)), Path(arguments.out))
    path = Path(name)
    if not path.is_file():
        raise CannotServe(f"there is no config `{name}`")
    return path


def _compiled(rules: Path, out: Path) -> Path:
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
    """Refuse to start a proxy that lacks an environment variable its config reads, and name all that are missing."""
    missing = missing_names(_read_config(config), environment)
    if missing:
        names = ", ".join(missing)
        raise CannotServe(f"the environment lacks {names}; set them, or write them into `.env` as NAME=value")


def missing_names(config: Any, environment: Mapping[str, str]) -> list[str]:
    """The variables that a config needs and the environment does not set, in the order of the config."""
    needed = dict.fromkeys(_references(config))
    permitted = f"LITELLM_{_PERMIT_NO_KEY.upper()}" in environment
    general = config.get("general_settings") if isinstance(config, dict) else None
    settled = isinstance(general, dict) and ("master_key" in general or _PERMIT_NO_KEY in general)
    if not permitted and not settled:
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


def _read_config(path: Path) -> Any:
    import yaml

    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CannotServe(f"`{path}` cannot be read: {error}") from error


def _run_in_foreground(config: Path, host: str, port: int, environment: Mapping[str, str]) -> int:
    """Run the proxy until it ends or a signal asks us to end it: 0 when asked, 2 when it failed by itself."""
    process = start_proxy(config, host, port, environment)
    asked = False

    def pass_on(*_: object) -> None:
        nonlocal asked
        asked = True
        if process.poll() is None:
            process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` means it
            signal.signal(number, pass_on)
    code = process.wait()
    return 0 if asked or code == 0 else 2
