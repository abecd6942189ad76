"""`rulec serve`: the real LiteLLM proxy, routing by a rule set, in the foreground or in the background."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rulec.commands.output import add_rules_argument
from rulec.proxy import CannotServe, check_port, require_proxy, start_proxy, url_of
from rulec.records import record

HELP = "compile a rule set and run the LiteLLM proxy with it"

DEFAULT_HOST = "0.0.0.0"
DEFAULT_PORT = 4000
ACTIONS = ("start", "stop", "restart", "status", "logs", "check")
_PATHS = ("rules", "config", "out", "env_file")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = f"rulec serve [{'|'.join(ACTIONS)}] [RULES] [options]"
    parser.add_argument(
        "action",
        nargs="?",
        metavar="ACTION",
        help="start, stop, restart, status, logs or check; else in the foreground",
    )
    add_rules_argument(parser)
    parser.add_argument("--config", metavar="FILE", help="serve this litellm_config.yaml instead of a rule set")
    parser.add_argument("--out", metavar="DIR", help="where the compiled pair goes (generated)")
    parser.add_argument("--host", help=f"address to listen on (LITELLM_HOST, else {DEFAULT_HOST})")
    parser.add_argument(
        "--port", help=f"port to listen on, and name of a background proxy (LITELLM_PORT, else {DEFAULT_PORT})"
    )
    parser.add_argument("--workers", type=_count, metavar="N", help="processes that share the port (1)")
    parser.add_argument("--env-file", metavar="FILE", help="file with NAME=value lines (.env, where there is one)")
    parser.add_argument("--insecure", action="store_true", help="accept a weak master key, on loopback only")
    parser.add_argument("--run-dir", metavar="DIR", help="where background proxies keep run file and log")
    parser.add_argument(
        "--grace", type=_seconds, default=30.0, metavar="SECONDS", help="stop, restart: time for running requests (30)"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="logs: go on as the log grows")
    parser.add_argument("-n", "--lines", type=_count, default=50, metavar="N", help="logs: the last N lines (50)")
    parser.add_argument("--url", help="check: the proxy (that of this machine)")
    parser.add_argument("--key-env", metavar="NAME", help="check: the variable with the key (that of the master key)")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text[:9]) > 0:
        return int(text[:9])
    raise argparse.ArgumentTypeError(f"`{text}` is no number from 1 on")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if 0 <= seconds <= 86400:
        return seconds
    raise argparse.ArgumentTypeError(f"`{text}` is no number of seconds from 0 to 86400")


def run(arguments: argparse.Namespace) -> int:
    if arguments.action is not None and arguments.action not in ACTIONS:
        if arguments.folder is not None:
            print(f"rulec: `{arguments.action}` is no action; there are {', '.join(ACTIONS)}", file=sys.stderr)
            return 2
        arguments.folder, arguments.action = arguments.action, None
    try:
        require_proxy()
        if arguments.action is None:
            return _serve_in_foreground(arguments)
        from rulec.commands import serve_background

        action: Any = getattr(serve_background, arguments.action)
        return int(action(arguments))
    except CannotServe as reason:
        print(f"rulec: {reason}", file=sys.stderr)
        return 2


@record
class Prepared:
    """A proxy that may be started: everything that can be known before has been checked, but for the port."""

    config: Path
    host: str
    port: int
    environment: dict[str, str]
    options: dict[str, Any]


def given_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options of the command line that a restart keeps; paths as they are from everywhere."""
    rules = arguments.rules or arguments.folder
    if arguments.config and rules:
        raise CannotServe("give a rules folder or --config, not both")
    names = {**vars(arguments), "rules": rules}
    given = {name: names[name] for name in (*_PATHS, "host", "workers", "insecure") if names[name]}
    return {name: os.path.abspath(value) if name in _PATHS else value for name, value in given.items()}


def environment_and_port(arguments: argparse.Namespace, env_file: str | None) -> tuple[dict[str, str], int]:
    from rulec.serving.preparation import port_number, serving_environment

    environment = serving_environment(env_file)
    return environment, port_number(arguments.port or environment.get("LITELLM_PORT") or str(DEFAULT_PORT))


def prepare(options: dict[str, Any], environment: dict[str, str], port: int) -> Prepared:
    """Compile, and check what a proxy with these options needs."""
    from rulec.serving.master_key import permit_weak_key
    from rulec.serving.preparation import check_environment, compiled

    host = options.get("host") or environment.get("LITELLM_HOST") or DEFAULT_HOST
    if options.get("insecure"):
        permit_weak_key(host, environment)
    named = options.get("config") or (None if options.get("rules") else environment.get("LITELLM_CONFIG_PATH"))
    if named:
        config, source = Path(named), {"config": os.path.abspath(named)}
        if not config.is_file():
            raise CannotServe(f"there is no config `{_shown(named)}`")
    else:
        rules = options.get("rules") or "rules"
        out = options.get("out") or "generated"
        config = compiled(Path(_shown(rules)), Path(_shown(out)))
        source = {"rules": os.path.abspath(rules), "out": os.path.abspath(out)}
    check_environment(config, environment)
    kept = {name: value for name, value in options.items() if name not in ("rules", "config", "out")}
    return Prepared(config, host, port, environment, {**kept, **source, "host": host})


def _shown(path: str) -> str:
    """A path as its user would write it."""
    near = os.path.relpath(path)
    return path if near.startswith("..") else near


def _serve_in_foreground(arguments: argparse.Namespace) -> int:
    environment, port = environment_and_port(arguments, arguments.env_file)
    options = given_options(arguments)
    check_port(options.get("host") or environment.get("LITELLM_HOST") or DEFAULT_HOST, port)  # before a file is written
    ready = prepare(options, environment, port)
    print(f"rulec: serving {ready.config} on {url_of(ready.host, port)}", file=sys.stderr, flush=True)
    return _run_in_foreground(ready.config, ready.host, port, environment, arguments.workers or 1)


def _run_in_foreground(config: Path, host: str, port: int, environment: Mapping[str, str], workers: int) -> int:
    """Run the proxy until it ends or a signal asks us to end it: 0 when asked, 2 when it failed by itself."""
    process = start_proxy(config, host, port, environment, workers=workers)
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
