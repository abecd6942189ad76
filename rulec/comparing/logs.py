"""Requests of the past, one after the other in constant memory: plain lines, and what LiteLLM writes.

A file holds a JSON object a line, one JSON list, or CSV; each may be gzipped. What an object is, its keys tell: a
description as `rulec explain --all` takes it, a row of `LiteLLM_SpendLogs`, or a standard logging payload.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

from rulec.comparing.rows import Logged, NotARequest, request_of

LONGEST_ITEM = 64 * 1024 * 1024
_PIECE = 1024 * 1024
_COLUMNS = (".parquet", ".duckdb", ".pq")


class Unreadable(Exception):
    """Why a log cannot be read at all, and what to do."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


Item = tuple[str, "Logged | str"]
"""A place in the log, and the request there, or what is wrong with it."""


def logged(path: str, with_time: bool) -> Iterator[Item]:
    """The requests of a log with their places; raises Unreadable. `with_time` says whether rules ask for the time."""
    if path.endswith(_COLUMNS) or any(one in path for one in "*?["):
        from rulec.comparing.columns import rows_of

        yield from (_read(place, row, count) for place, row, count in rows_of(path, with_time))
        return
    with _opened(path) as file:
        try:
            for place, row in _rows(path, file):
                yield (place, row) if isinstance(row, str) else _read(place, row)
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable(f"`{path}` cannot be read: {_reason(error)}") from None


def _read(place: str, row: Any, count: int = 1) -> Item:
    try:
        return place, request_of(row, count)
    except NotARequest as problem:
        return place, str(problem)


@contextmanager
def _opened(path: str) -> Iterator[IO[str]]:
    """The text of a file or of standard input, unpacked where it is gzipped."""
    with ExitStack() as closing:
        try:
            octets: Any = sys.stdin.buffer if path == "-" else closing.enter_context(open(path, "rb"))
            if octets.peek(2)[:2] == b"\x1f\x8b":
                octets = closing.enter_context(gzip.GzipFile(fileobj=octets))
        except (OSError, ValueError) as error:
            raise Unreadable(f"`{path}` cannot be read: {_reason(error)}") from None
        yield closing.enter_context(io.TextIOWrapper(octets, "utf-8-sig", "replace", newline=""))


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or "it ends too early").lower()


def _rows(path: str, file: IO[str]) -> Iterator[tuple[str, Any]]:
    if path.removesuffix(".gz").endswith(".csv"):
        yield from _csv(file)
        return
    beginning, line = file.read(1), 0
    while beginning.isspace():
        line += beginning == "\n"
        beginning = file.read(1)
    yield from _list(file) if beginning == "[" else _lines(beginning, line, file)


def _lines(start: str, number: int, file: IO[str]) -> Iterator[tuple[str, Any]]:
    """The lines after `number` others; what was read of the first one is `start`."""
    while True:
        line = start + file.readline(LONGEST_ITEM)
        start, number = "", number + 1
        if not line:
            return
        if len(line) >= LONGEST_ITEM:
            while line and not line.endswith("\n"):
                line = file.readline(LONGEST_ITEM)
            yield f"line {number}", "the line is too long"
        elif line.strip():
            yield f"line {number}", _json(line)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return "this is no JSON"


def _list(file: IO[str]) -> Iterator[tuple[str, Any]]:
    """The items of a list, of which no more than one is held at a time."""
    decoder = json.JSONDecoder()
    held, number, at_end = "", 0, False
    while True:
        held = held.lstrip(" \t\r\n,")
        if held.startswith("]"):
            return
        try:
            item, end = decoder.raw_decode(held)
            if end == len(held) and not at_end:
                raise ValueError
        except (ValueError, RecursionError):
            piece = file.read(_PIECE)
            if not piece or len(held) > LONGEST_ITEM:
                yield f"item {number + 1}", "the list is broken here, and what follows was not read"
                return
            at_end = not piece
            held += piece
            continue
        number += 1
        held = held[end:]
        yield f"item {number}", item


def _csv(file: IO[str]) -> Iterator[tuple[str, Any]]:
    csv.field_size_limit(LONGEST_ITEM)
    reader = csv.DictReader(_without_nulls(file))
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield f"line {reader.line_num}", f"this is no CSV: {error}"
            continue
        cells = {key: value for key, value in row.items() if isinstance(key, str) and isinstance(value, str)}
        short = len(cells) < len(reader.fieldnames or ()) or None in row
        yield f"line {reader.line_num}", "the row has not as many columns as the heading" if short else cells


def _without_nulls(file: Iterable[str]) -> Iterator[str]:
    return (line.replace("\0", "") for line in file)
