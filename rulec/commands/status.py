"""`rulec status`: how each deployment of a running proxy does."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from rulec.commands.output import duration, terminal_width
from rulec.proxy import CannotServe

WATCH_SECONDS = 2.0
WIDTH_WITHOUT_TERMINAL = 100
LEAST_TEXT = 6
HEADINGS = ("model", "provider", "health", "now", "requests", "errors", "p50", "p95", "first", "strategy")
TEXTS = (0, 1, 9)
"""The columns of words, which give way where the terminal is narrow."""
LEGEND = "now: under way; errors: lately; p50, p95: seconds of the last 40; first: p95 to the first token"
GAP = "  "


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--proxy", metavar="URL", help="the proxy to ask (that of this machine)")
    parser.add_argument("--port", help="the port of a proxy of this machine (LITELLM_PORT, else 4000)")
    parser.add_argument("--key-env", metavar="NAME", help="the variable with the key (that of the master key)")
    parser.add_argument("--env-file", metavar="FILE", help="file with NAME=value lines (.env, where there is one)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--watch", action="store_true", help="ask again every two seconds, until Ctrl-C")
    parser.set_defaults(run_dir=None)


def run(arguments: argparse.Namespace) -> int:
    """0 where no deployment is out, 1 where one is, 2 where the proxy cannot be asked."""
    from rulec.commands.serve_background import client_for

    try:
        client = client_for(arguments, arguments.proxy)
        if not arguments.watch:
            return show(client, arguments.format)
        while True:
            show(client, arguments.format, anew=True)
            time.sleep(WATCH_SECONDS)
    except CannotServe as reason:
        print(f"rulec: {reason}", file=sys.stderr)
        return 2


def show(client: Any, form: str, anew: bool = False) -> int:
    """Ask once and print; `anew` clears a terminal first."""
    from rulec.serving.status import ask_workers, is_troubled, merge

    status = merge(ask_workers(client))
    if form == "json":
        import json

        text = json.dumps({"proxy": client.url, **status})
    else:
        width = width_of_output()
        rows = table(status["deployments"], width)
        text = "\n".join([*heading(client.url, status["workers"]), "", *rows, "", *wrap(LEGEND, width)])
    clear = "\033[H\033[2J" if anew and form == "text" and sys.stdout.isatty() else ""
    print(clear + text, flush=True)
    return 1 if any(map(is_troubled, status["deployments"])) else 0


def width_of_output() -> int:
    return terminal_width(sys.stdout) if sys.stdout.isatty() or os.environ.get("COLUMNS") else WIDTH_WITHOUT_TERMINAL


def heading(url: str, workers: Sequence[dict[str, Any]]) -> list[str]:
    """The workers, and the rules that they run."""
    count = f"{len(workers)} workers seen, each with its own figures" if len(workers) > 1 else "1 worker seen"
    uptime = duration(max(one["uptime"] for one in workers))
    lines = [f"{url}: {count}; up {uptime}, {sum(one['under_way'] for one in workers)} requests under way"]
    modules = sorted({one["rules"]["module"] for one in workers})
    lines.append(f"rules {', '.join(modules)}")
    configs = sorted({one["rules"]["config"] for one in workers} - {None, *modules})
    if configs:
        lines.append(f"the config is of rules {', '.join(configs)}: changed providers and models need a restart")
    return lines + [signal_line(name, parts) for name, parts in signals_of(workers).items()]


def signals_of(workers: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What each worker says of a signal, by its name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in (signal for worker in workers for signal in worker["signals"]):
        found.setdefault(one["name"], []).append(one)
    return found


def signal_line(name: str, parts: Sequence[dict[str, Any]]) -> str:
    """A signal in the worker that knows least."""
    least = min(parts, key=lambda one: (one["figures"], -(one["age"] or 0)))
    known = f"{least['figures']} figures, up to {duration(least['age'])} old" if least["figures"] else "NO FIGURES"
    troubles = sorted({one["trouble"] for one in parts} - {None})
    return f"signal {name}: {known}" + "".join(f"; {one}" for one in troubles)


def table(deployments: Sequence[dict[str, Any]], width: int) -> list[str]:
    """Aligned rows, words to the left and numbers to the right; words are cut where they do not fit."""
    rows = [HEADINGS, *map(cells, deployments)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    while sum(widths) + len(GAP) * (len(widths) - 1) > width:
        widest = max(TEXTS, key=lambda column: widths[column])
        if widths[widest] <= LEAST_TEXT:
            break
        widths[widest] -= 1
    return [GAP.join(aligned(row, widths)).rstrip() for row in rows]


def aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    found = []
    for column, (text, width) in enumerate(zip(row, widths, strict=True)):
        cut = text if len(text) <= width else f"{text[: width - 1]}…"
        found.append(cut.ljust(width) if column in (*TEXTS, 2) else cut.rjust(width))
    return found


def cells(one: dict[str, Any]) -> tuple[str, ...]:
    """A deployment as a row; a dash where nothing is known."""
    level = one["health"]["level"]
    rate, latency, first = one["error_rate"], one["latency"] or {}, one["first_token"] or {}
    return (
        ", ".join(one["groups"]) or one["model"],
        one["provider"],
        level if level == "healthy" else level.upper(),
        str(one["in_flight"]),
        str(one["served"] + sum(one["failed"].values())),
        "-" if rate is None else f"{rate:.0%}",
        _seconds(latency.get("p50")),
        _seconds(latency.get("p95")),
        _seconds(first.get("p95")),
        ", ".join(one["strategies"]) or "-",
    )


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"
