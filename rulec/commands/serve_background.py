"""`rulec serve start|stop|restart|status|logs|check`: one function for each."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rulec.commands.output import duration
from rulec.commands.serve import Prepared, environment_and_port, given_options, prepare
from rulec.proxy import CannotServe, check_port, url_of
from rulec.serving import background
from rulec.serving.client import Client
from rulec.serving.run_file import RunFolder

SHOWN_WHEN_DEAD = 5


def start(arguments: argparse.Namespace) -> int:
    """Start a proxy in the background; it is running once this returns 0."""
    environment, port = environment_and_port(arguments, arguments.env_file)
    folder = RunFolder(arguments.run_dir)
    with folder.locked(port):
        remembered = folder.read(port)
        if remembered is not None and background.alive(remembered):
            raise CannotServe(
                f"the proxy on port {port} runs already (process {remembered['pid']}); "
                "`rulec serve restart` starts it anew, --port starts another"
            )
        ready = prepare(given_options(arguments), environment, port)
        if remembered is not None:
            background.stop(remembered, 0)  # workers that outlived it hold the port
        check_port(ready.host, port)
        _start(folder, ready)
    return 0


def _start(folder: RunFolder, ready: Prepared) -> None:
    options = {**ready.options, "folder": os.getcwd()}
    pid = background.start(folder, ready.config, ready.host, ready.port, ready.environment, options)
    print(f"rulec: serving {ready.config} on {url_of(ready.host, ready.port)} (process {pid})")
    print(f"the log is {folder.log(ready.port)}")


def stop(arguments: argparse.Namespace) -> int:
    """End a background proxy; 0 also where none runs, since then there is nothing left to do."""
    _, port = environment_and_port(arguments, arguments.env_file)
    folder = RunFolder(arguments.run_dir)
    if folder.read(port) is None:
        print(f"rulec: no proxy was started in the background on port {port}")
        return 0
    with folder.locked(port):
        remembered = folder.read(port)
        if remembered is not None:
            _stop(folder, port, remembered, arguments.grace)
    return 0


def _stop(folder: RunFolder, port: int, remembered: Mapping[str, Any], grace: float) -> None:
    was_alive = background.alive(remembered)
    in_time = background.stop(remembered, grace)
    folder.forget(port)
    if not was_alive:
        print(f"rulec: the proxy on port {port} had ended by itself; its log is {folder.log(port)}")
    elif in_time:
        print(f"rulec: the proxy on port {port} has ended")
    else:
        print(f"rulec: the proxy on port {port} was killed: requests still ran after {grace:g} seconds")


def restart(arguments: argparse.Namespace) -> int:
    """End a background proxy and start it with the options it had, but for those given now."""
    _, port = environment_and_port(arguments, arguments.env_file)
    given = given_options(arguments)
    folder = RunFolder(arguments.run_dir)
    with folder.locked(port):
        remembered = folder.read(port)
        if remembered is None:
            raise CannotServe(f"no proxy was started in the background on port {port}; `rulec serve start` starts one")
        options = _merged(remembered["options"], given)
        _enter(options.pop("folder", None))
        environment, _ = environment_and_port(argparse.Namespace(port=str(port)), options.get("env_file"))
        ready = prepare(options, environment, port)  # what cannot be started ends nothing
        _stop(folder, port, remembered, arguments.grace)
        check_port(ready.host, port)
        _start(folder, ready)
    return 0


def _merged(kept: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of before and of now; rules and a config take each other's place."""
    replaced = {"rules": ("config",), "config": ("rules", "out")}
    dropped = {name for one in given for name in replaced.get(one, ())}
    return {**{name: value for name, value in kept.items() if name not in dropped}, **given}


def _enter(folder: str | None) -> None:
    """The folder in which the proxy was started: there are its `.env` and the relative paths of its config."""
    if folder is None:
        return
    try:
        os.chdir(folder)
    except OSError as error:
        raise CannotServe(f"the folder `{folder}` in which the proxy was started is gone: {error.strerror}") from error


def status(arguments: argparse.Namespace) -> int:
    """Say how a background proxy is: 0 where it runs and answers, else 1."""
    _, port = environment_and_port(arguments, arguments.env_file)
    folder = RunFolder(arguments.run_dir)
    remembered = folder.read(port)
    if remembered is None:
        print(f"stopped: no proxy was started in the background on port {port}")
        return 1
    log = folder.log(port)
    if not background.alive(remembered):
        print(f"dead: the proxy on port {port} (process {remembered['pid']}) ended by itself; the log {log} ends with")
        print("\n".join(f"  {line}" for line in background.last_lines(log, SHOWN_WHEN_DEAD)))
        return 1
    seconds = max(0.0, time.time() - remembered["since"])
    running = background.answers(remembered["host"], port)
    may_start = seconds < background.start_seconds(Path(remembered["config"]))
    state = "running" if running else "starting" if may_start else "not answering"
    rows = [("state", state), ("process", str(remembered["pid"])), ("address", url_of(remembered["host"], port))]
    rows += [
        ("uptime", duration(seconds)),
        ("workers", str(remembered["options"].get("workers") or 1)),
        ("log", str(log)),
    ]
    rows += _served_rows(remembered, port) if running else []
    for name, value in rows:
        print(f"{name:<9}{value}")
    return 0 if running else 1


def _served_rows(remembered: Mapping[str, Any], port: int) -> list[tuple[str, str]]:
    """What the workers say of themselves, and their rules against those in the folder."""
    from rulec.serving.status import ask_workers, merge

    options = remembered["options"]
    modules: set[str] = set()
    configs: set[str] = set()
    rows = []
    try:
        key = _key_of(remembered)
        if key is None:
            raise CannotServe("the proxy does not tell without the master key")
        client = Client(url_of(background.reachable(remembered["host"]), port), key)
        told = merge(ask_workers(client, options.get("workers") or 1))
        modules = {one["rules"]["module"] for one in told["workers"]}
        configs = {one["rules"]["config"] for one in told["workers"]} - {None}
        rows += [("serves", f"rules {', '.join(sorted(modules))}")]
        rows += [("requests", f"{sum(one['under_way'] for one in told['workers'])} under way")]
        rows += [("out", f"{one['model']} at {one['provider']}") for one in told["deployments"] if one["health"]["out"]]
    except CannotServe as reason:
        rows += [("serves", f"rules unknown: {reason}")]
    rules = options.get("rules")
    if rules is None:
        return [*rows, ("config", str(options.get("config")))]
    return [*rows, ("folder", f"{rules}: {_verdict(_fingerprint(rules), modules, configs)}")]


def _verdict(now: str | None, modules: set[str], configs: set[str]) -> str:
    """The rules in the folder against those that the modules and the configs of the workers were compiled from."""
    if now is None:
        return "does not compile"
    if not modules:
        return f"rules {now}"
    if modules != {now}:
        return f"rules {now}: changed, `rulec serve restart` takes them"
    if configs - {now}:
        return "the same rules; changed providers and models need `rulec serve restart`"
    return "the same rules"


def _key_of(remembered: Mapping[str, Any]) -> str | None:
    from rulec.serving.master_key import master_key
    from rulec.serving.preparation import read_config, serving_environment

    options = remembered["options"]
    try:
        home = os.path.join(options.get("folder") or "", ".env")
        env_file = options.get("env_file") or (home if os.path.isfile(home) else None)
        return master_key(read_config(Path(remembered.get("config") or "")), serving_environment(env_file))
    except CannotServe:
        return None


def _fingerprint(rules: str) -> str | None:
    from rulec.compiler import compile_folder

    compilation = compile_folder(rules, emit=False)
    return None if compilation.failed else compilation.policy.fingerprint()


def logs(arguments: argparse.Namespace) -> int:
    """Print the end of the log, and with --follow what comes, until Ctrl-C."""
    _, port = environment_and_port(arguments, arguments.env_file)
    log = RunFolder(arguments.run_dir).log(port)
    if not log.is_file():
        raise CannotServe(f"there is no log `{log}`; no proxy was started in the background on port {port}")
    for line in background.last_lines(log, arguments.lines):
        print(line)
    if arguments.follow:
        with suppress(KeyboardInterrupt):
            background.follow(log, lambda text: print(text, end="", flush=True))
    return 0


def client_for(arguments: argparse.Namespace, url: str | None) -> Client:
    """A client with the master key, or the key in `--key-env`, for this URL, else for the proxy of this machine."""
    environment, port = environment_and_port(arguments, arguments.env_file)
    remembered = None if url else RunFolder(arguments.run_dir).read(port)
    host = background.reachable(remembered["host"] if remembered else environment.get("LITELLM_HOST") or "0.0.0.0")
    url = url or url_of(host, port)
    name = arguments.key_env or "LITELLM_MASTER_KEY"
    key = environment.get(name)
    if not key and remembered and not arguments.key_env:
        key = _key_of(remembered)
    if not key:
        raise CannotServe(f"the environment lacks {name}, the key for {url}; name another variable with --key-env")
    return Client(url, key)


def check(arguments: argparse.Namespace) -> int:
    """Send requests to a running proxy: 1 where one of them fails."""
    from rulec.serving.check import check as results_of

    client = client_for(arguments, arguments.url)
    row = "{:<11} {:<32} {:<8} {:>8}  {}"
    failed = count = 0
    for number, one in enumerate(results_of(client)):
        if number == 0:
            print(row.format("request", "name", "status", "ms", "x-rulec-target"))
        count += one.failed is not None
        failed += bool(one.failed)
        shown = "-" if one.seconds is None else f"{one.seconds * 1000:.0f}"
        print(row.format(one.request, one.name, one.status, shown, one.target).rstrip(), flush=True)
        if one.error:
            print(f"  {'failed' if one.failed else 'not sent'}: {one.error}", flush=True)
    print(f"{count} requests, {failed} failed")
    sys.stdout.flush()
    return 1 if failed or not count else 0
