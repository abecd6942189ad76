"""Cases as text that is pasted into a file, and what the rules say of them as expectations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from rulec.syntax.nodes import core_value
from rulec.testing.cases import Case
from rulec.testing.errors import NO_ERRORS
from rulec.testing.expectations import attempt_object
from rulec.testing.judge import Asked, Asker

LINE = 110
OLD_BOOLEANS = frozenset(("yes", "no", "on", "off", "y", "n"))
"""What readers of YAML 1.1 take for true or false."""
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./ <>=+*()'`,%-]*\Z")
_PLAIN_IN_FLOW = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./ <>=+*()'`%-]*\Z")


def expectation(asker: Asker, case: Case) -> dict[str, Any]:
    """All that the rules decide about a case, without what follows from the rest."""
    asked = asker.ask(case)
    if case.plays and asked.outcome.decision.action == "route":
        return expected_run(asked)
    answer = asker.answerer.render(case.request, asked.outcome)
    found: dict[str, Any] = {"rule": None if answer["rule"] is None else answer["rule"]["name"]}
    if answer["action"] != "route":
        found["action"] = answer["action"]
        if answer["action"] == "refuse" and answer["rule"] is not None:
            found.update(status=answer["status"], text=answer["text"])
    if answer["action"] == "pass" and not answer["candidates"]:
        return found
    if len(answer["candidates"]) == 1:
        only = answer["candidates"][0]
        found.update(provider=only["provider"], model=only["model"])
    elif answer["candidates"]:
        weighted = answer["strategy"] == "weighted"
        keys = ("provider", "model", *(("weight",) if weighted else ()))
        ranked = [one for one in answer["candidates"] if "priority" in one]
        found["strategy"] = answer["strategy"]
        keys = (*keys, *(("priority",) if ranked else ()))
        found["candidates"] = [{key: one[key] for key in keys if key in one} for one in answer["candidates"]]
    if answer["action"] == "route":
        found["fallbacks"] = [_hop(one) for one in answer["fallbacks"]]
    return found


def _hop(hop: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: hop[key] for key in ("provider", "model", "chain")}
    more = {key: hop[key] for key in ("on_error", "when") if hop.get(key) is not None}
    return {**shown, **more}


def expected_run(asked: Asked) -> dict[str, Any]:
    """Who is tried, and what comes of it, where that does not depend on the strategy."""
    runs = [[attempt_object(one) for one in run.attempts] for run in asked.runs]
    first = asked.runs[0]
    found: dict[str, Any] = {"rule": asked.outcome.decision.rule}
    if all(one == runs[0] for one in runs):
        found["tried"] = [{key: one[key] for key in ("provider", "model")} for one in runs[0]]
    served = [attempt_object(run.attempts[-1]) if run.served_by is not None else None for run in asked.runs]
    if all(one == served[0] for one in served):
        found["served_by"] = None if served[0] is None else served[0]["provider"]
    if all(one.error == first.error for one in asked.runs):
        found["error"] = first.error
    return found


def as_text(case: Case, comment: str | None = None) -> str:
    """The case as it stands in the list `cases:`."""
    lines = [f"  - name: {scalar(case.name, False)}"]
    if case.request or case.errors == NO_ERRORS:
        lines.append(f"    request: {flow(case.request)}")
    if case.errors.row:
        lines.append(f"    errors: {flow(list(case.errors.row))}")
    if case.errors.providers:
        told = {name: always if always is not None else list(row) for name, (row, always) in case.errors.providers.items()}
        lines.append(f"    errors: {flow(told)}")
    if case.picked:
        lines.append(f"    picked: {flow(list(case.picked))}")
    lines += _expected(case.expect)
    return "\n".join([*([f"  # {comment}"] if comment is not None else []), *lines]) + "\n"


def _expected(expect: Mapping[str, Any]) -> list[str]:
    """The expectation on one line where it fits, else a key a line, and an item a line of long lists."""
    line = f"    expect: {flow(expect)}"
    if len(line) <= LINE:
        return [line]
    lines = ["    expect:"]
    for key, value in expect.items():
        line = f"      {key}: {flow(value)}"
        if len(line) <= LINE or not isinstance(value, list):
            lines.append(line)
        else:
            lines += [f"      {key}:", *(f"        - {flow(item)}" for item in value)]
    return lines


def flow(value: Any) -> str:
    """A value in YAML's flow style, which reads back as the same value."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def scalar(value: Any, in_flow: bool = True) -> str:
    """A text without quotes where it stays a text, else in double quotes; JSON's form of anything else."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = (_PLAIN_IN_FLOW if in_flow else _PLAIN).match(value) and core_value(value) == value and value == value.strip()
    return value if plain and value.lower() not in OLD_BOOLEANS else _quoted(value)


def _quoted(text: str) -> str:
    """In single quotes where that shows it as it is (patterns), else with YAML's escapes."""
    if "\\" in text and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
