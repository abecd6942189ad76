"""Logs in columns, and logs of many files, through DuckDB, which counts equal requests before we see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_TELLING = (
    "call_type",
    "model",
    "model_group",
    "model_parameters",
    "messages",
    "metadata",
    "proxy_server_request",
    "request_tags",
    "stream",
    "team_id",
    "user",
)
"""The columns that rules can see something of."""
_AT_ONCE = 10_000


def rows_of(path: str, with_time: bool) -> Iterator[tuple[str, dict[str, Any], int]]:
    """The different rows of a Parquet, CSV or JSON-lines log, or of all that a pattern names, with how often each is there."""
    from rulec.comparing.logs import Unreadable

    try:
        import duckdb
    except ImportError:
        help = 'pip install "rulec[duckdb]"; or name one file of JSON lines or CSV, which needs nothing'
        raise Unreadable(f"`{path}` is read through DuckDB, which is not installed", help) from None
    connection = duckdb.connect()
    try:
        read = _reader(path)
        there = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read}(?)", [path]).fetchall()]
        plain = [one for one in there if one not in _TELLING] if "model_group" not in there else []
        wanted = [one for one in there if one in _TELLING or one in plain or (with_time and one == "startTime")]
        if not wanted:
            raise Unreadable(f"`{path}` has no column that a request is made of")
        columns = ", ".join(_quoted(one) for one in wanted)
        counted = f"SELECT {columns}, count(*) FROM {read}(?) GROUP BY ALL"
        found = connection.execute(counted, [path])
        number = 0
        while rows := found.fetchmany(_AT_ONCE):
            for *values, count in rows:
                number += 1
                row = dict(zip(wanted, values, strict=True))
                if "model_group" in there:
                    yield f"row {number}", {"request_id": "", **row}, count
                else:
                    yield f"row {number}", {name: value for name, value in row.items() if value is not None}, count
    except duckdb.Error as error:
        raise Unreadable(f"`{path}` cannot be read: {str(error).splitlines()[0]}") from None
    finally:
        connection.close()


def _reader(path: str) -> str:
    """DuckDB's function for a kind of file, which the name tells, even of a pattern."""
    readers = {".csv": "read_csv", ".json": "read_json_auto", ".ndjson": "read_json_auto"}
    return next((reader for part, reader in readers.items() if part in path), "read_parquet")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
