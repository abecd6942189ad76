"""`rulec send`: many requests to a running proxy, some at a time, answers in the same order."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TextIO

from rulec.proxy import CannotServe

DEFAULT_PARALLEL = 8
MOST_PARALLEL = 256


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE|-", help="JSON lines: bodies, or objects with a body as in OpenAI's batch files")
    parser.add_argument("--proxy", metavar="URL", help="the proxy (that of this machine)")
    parser.add_argument("--port", help="the port of a proxy of this machine (LITELLM_PORT, else 4000)")
    parser.add_argument("--parallel", type=_parallel, default=DEFAULT_PARALLEL, metavar="N", help="requests under way (8)")
    parser.add_argument("--timeout", type=_timeout, default=600.0, metavar="SECONDS", help="for each request (600)")
    parser.add_argument("--key-env", metavar="NAME", help="the variable with the key (that of the master key)")
    parser.add_argument("--env-file", metavar="FILE", help="file with NAME=value lines (.env, where there is one)")
    parser.set_defaults(run_dir=None)


def _parallel(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST_PARALLEL:
        return int(text)
    raise argparse.ArgumentTypeError(f"`{text}` is no number from 1 to {MOST_PARALLEL}")


def _timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds <= 86400:
        return seconds
    raise argparse.ArgumentTypeError(f"`{text}` is no number of seconds above 0 and up to 86400")


def run(arguments: argparse.Namespace) -> int:
    """0 where every request was answered with a status below 400, 1 where one was not, 2 where nothing could be sent."""
    from rulec.commands.serve_background import client_for
    from rulec.serving.sending import send_all

    began, count, failed = time.monotonic(), 0, 0
    try:
        client = client_for(arguments, arguments.proxy)
        client.seconds = arguments.timeout
        with opened(arguments.file) as lines:
            for one in send_all(client, lines, arguments.parallel):
                print(json.dumps(one), flush=True)
                count += 1
                failed += one["status"] is None or one["status"] >= 400
    except CannotServe as reason:
        print(f"rulec: {reason}", file=sys.stderr)
        return 2
    seconds = time.monotonic() - began
    print(f"{count} requests, {count - failed} answered, {failed} failed, in {seconds:.1f} s", file=sys.stderr)
    return 1 if failed else 0


def opened(path: str) -> TextIO:
    """The lines of a file, or of standard input; they are read as they are sent."""
    standard = path == "-"
    return open(0 if standard else path, encoding="utf-8", errors="replace", closefd=not standard)
