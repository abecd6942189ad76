"""Routing tests: `*.cases.yaml` files to cases, and what a case expects against what a decision says."""

from __future__ import annotations

import os
from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import Any

from rulec.diagnostics import Diagnostics, suggest
from rulec.records import field, record
from rulec.source import Source, Span
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence, read_documents

EXPECTATIONS = (
    "rule",
    "action",
    "provider",
    "model",
    "model_group",
    "litellm_model",
    "strategy",
    "status",
    "text",
    "candidates",
    "fallbacks",
)
_PLACE_KEYS = ("provider", "model", "litellm_model", "model_group")
_ITEM_KEYS = (*_PLACE_KEYS, "weight", "priority", "on_error", "when", "chain")


@record
class Case:
    """One request and what is expected of the decision."""

    name: str
    request: dict[str, Any]
    expect: dict[str, Any]
    span: Span


@record(frozen=False)
class Suite:
    """The cases of one document; `rules` is the rule set written beside them, None for the folder under test."""

    rules: Node | None
    cases: list[Case] = field(default_factory=list)


def case_files(path: Path) -> list[Path]:
    """The routing tests at a path: the file itself, or every `*.cases.yaml` below the folder."""
    if path.is_file():
        return [path]
    found = []
    for parent, folders, names in os.walk(path):
        folders[:] = [one for one in folders if not one.startswith(".")]
        found += [
            Path(parent, name) for name in names if name.endswith((".cases.yaml", ".cases.yml")) and name[0] != "."
        ]
    return sorted(found)


def read_suites(source: Source, diagnostics: Diagnostics) -> list[Suite]:
    """The suites of one cases file; what is wrong with it is reported."""
    return [_suite(document, diagnostics) for document in read_documents(source, diagnostics)]


def _suite(document: Node, diagnostics: Diagnostics) -> Suite:
    if isinstance(document, Scalar) and document.value is None:
        return Suite(None)
    if not isinstance(document, Mapping):
        diagnostics.error(
            "cases", "a cases file is a mapping with `cases:`, and `rules:` where they are its own", document.span
        )
        return Suite(None)
    _check_keys(document, ("rules", "cases"), "a cases file", diagnostics)
    suite = Suite(document.get("rules"))
    cases = document.get("cases")
    if not isinstance(cases, Sequence):
        diagnostics.error("cases", "a cases file needs a list `cases:`", document.span)
        return suite
    names: set[str] = set()
    for node in cases.items:
        case = _case(node, diagnostics)
        if case is not None:
            if case.name in names:
                diagnostics.error(
                    "cases", f"two cases are called `{case.name}`", case.span, "a name says what one case shows"
                )
            names.add(case.name)
            suite.cases.append(case)
    return suite


def _case(node: Node, diagnostics: Diagnostics) -> Case | None:
    if not isinstance(node, Mapping):
        diagnostics.error("cases", "a case is a mapping with `name`, `request` and `expect`", node.span)
        return None
    _check_keys(node, ("name", "request", "expect", "description"), "a case", diagnostics)
    name, request, expect = node.get("name"), node.get("request"), node.get("expect")
    if not isinstance(name, Scalar) or not isinstance(expect, Mapping) or not expect.pairs:
        diagnostics.error(
            "cases", "a case needs a `name` and what to `expect`", node.pairs[0][0].span if node.pairs else node.span
        )
        return None
    _check_keys(expect, EXPECTATIONS, "an expectation", diagnostics)
    for key in ("candidates", "fallbacks"):
        listed = expect.get(key)
        if listed is not None and not isinstance(listed, Sequence):
            diagnostics.error("cases", f"`{key}` is a list", listed.span)
            return None
        for item in listed.items if isinstance(listed, Sequence) else ():
            if isinstance(item, Mapping):
                _check_keys(item, _ITEM_KEYS, f"an item of `{key}`", diagnostics)
    described = request_value(request) if request is not None else {}
    if not isinstance(described, dict):
        diagnostics.error("cases", "`request` is a mapping", node.span)
        return None
    return Case(name.text, described, plain(expect), name.span)


def _check_keys(node: Mapping, known: tuple[str, ...], what: str, diagnostics: Diagnostics) -> None:
    for key, _ in node.pairs:
        if key.text not in known and not key.text.startswith("x-"):
            diagnostics.error("cases", f"`{key.text}` is no key of {what}", key.span, suggest(key.text, known, "key"))


def request_value(node: Node) -> Any:
    """A request out of YAML: header values are always text, the rest by the core schema."""
    if not isinstance(node, Mapping):
        return plain(node)
    texts = ("headers", "header")
    return {key.text: _texts(value) if key.text in texts else plain(value) for key, value in node.pairs}


def _texts(node: Node) -> Any:
    if isinstance(node, Mapping):
        return {key.text: value.text if isinstance(value, Scalar) else plain(value) for key, value in node.pairs}
    if isinstance(node, Sequence):
        return [
            _texts(item) if isinstance(item, Sequence) else item.text if isinstance(item, Scalar) else plain(item)
            for item in node.items
        ]
    return node.text


def plain(node: Node) -> Any:
    """A node as plain values by the core schema."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.pairs}


def differences(expect: MappingType[str, Any], answer: MappingType[str, Any]) -> list[tuple[str, Any, Any]]:
    """Where an answer (the object of explain) is not what was expected: (what, expected, got)."""
    found = []
    for key, wanted in expect.items():
        got = _got(key, answer)
        if key in ("candidates", "fallbacks"):
            if not _same_list(wanted, got):
                found.append((key, wanted, [_shown(item, wanted) for item in got]))
        elif got != wanted or isinstance(got, bool) != isinstance(wanted, bool):
            found.append((key, wanted, got))
    return found


def _got(key: str, answer: MappingType[str, Any]) -> Any:
    if key == "rule":
        rule = answer["rule"]
        return None if rule is None else rule["name"]
    if key in _PLACE_KEYS:
        values = list(dict.fromkeys(one[key] for one in answer["candidates"]))
        return values[0] if len(values) == 1 else (values or None)
    return answer.get(key)


def _same_list(wanted: Any, got: list[dict[str, Any]]) -> bool:
    return len(wanted) == len(got) and all(_same_item(one, two) for one, two in zip(wanted, got, strict=True))


def _same_item(wanted: Any, got: dict[str, Any]) -> bool:
    if not isinstance(wanted, dict):
        return bool(got["provider"] == str(wanted))
    return all(got.get(key) == value for key, value in wanted.items())


def _shown(item: dict[str, Any], wanted: list[Any]) -> Any:
    """An item of the answer with the keys that the expectation speaks of."""
    keys = dict.fromkeys(key for one in wanted if isinstance(one, dict) for key in one)
    if not keys:
        return item["provider"]
    return {key: item.get(key) for key in keys}
