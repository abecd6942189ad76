"""Routing tests as they are written: `*.cases.yaml` files to cases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rulec.diagnostics import Diagnostics, suggest
from rulec.records import field, record
from rulec.source import Source, Span
from rulec.syntax.fields import ERROR_KINDS
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence, read_documents
from rulec.testing.errors import NO_ERRORS, Errors

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
    "tried",
    "served_by",
    "error",
)
OF_RUNS = ("tried", "served_by", "error")
"""The expectations that speak of attempts, not of the decision alone."""
_CASE_KEYS = ("name", "request", "errors", "picked", "expect", "description")
PLACE_KEYS = ("provider", "model", "litellm_model", "model_group")
_KEYS_OF_ITEMS = {
    "candidates": (*PLACE_KEYS, "weight", "priority"),
    "fallbacks": (*PLACE_KEYS, "on_error", "when", "chain"),
    "tried": (*PLACE_KEYS, "error"),
    "served_by": PLACE_KEYS,
    "picked": PLACE_KEYS,
}


@record
class Case:
    """One request, how attempts to serve it end, and what is expected of the decision and of the attempts."""

    name: str
    request: dict[str, Any]
    expect: dict[str, Any]
    span: Span
    errors: Errors = NO_ERRORS
    picked: tuple[Any, ...] = ()
    """The candidates that the strategy is taken to put first."""

    @property
    def plays(self) -> bool:
        """Whether it says anything of attempts."""
        return self.errors != NO_ERRORS or any(one in self.expect for one in OF_RUNS)


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
    _check_keys(node, _CASE_KEYS, "a case", diagnostics)
    name, request, expect = node.get("name"), node.get("request"), node.get("expect")
    if not isinstance(name, Scalar) or not isinstance(expect, Mapping) or not expect.pairs:
        diagnostics.error(
            "cases", "a case needs a `name` and what to `expect`", node.pairs[0][0].span if node.pairs else node.span
        )
        return None
    _check_keys(expect, EXPECTATIONS, "an expectation", diagnostics)
    _check_item("served_by", expect.get("served_by"), diagnostics)
    _check_kind(expect.get("error"), diagnostics)
    listed = {key: expect.get(key) for key in ("candidates", "fallbacks", "tried")}
    listed["picked"] = node.get("picked")
    for key, one in listed.items():
        if one is not None and not isinstance(one, Sequence):
            diagnostics.error("cases", f"`{key}` is a list", one.span)
            return None
        for item in one.items if one is not None else ():
            _check_item(key, item, diagnostics)
    described = request_value(request) if request is not None else {}
    if not isinstance(described, dict):
        diagnostics.error("cases", "`request` is a mapping", node.span)
        return None
    picked = listed["picked"]
    return Case(
        name.text,
        described,
        plain(expect),
        name.span,
        _errors(node.get("errors"), diagnostics),
        () if picked is None else tuple(plain(picked)),
    )


def _errors(node: Node | None, diagnostics: Diagnostics) -> Errors:
    if node is None:
        return NO_ERRORS
    if isinstance(node, Sequence):
        return Errors(_kinds(node, diagnostics))
    if isinstance(node, Mapping):
        return Errors((), {key.text: _of_provider(value, diagnostics) for key, value in node.pairs})
    diagnostics.error("cases", "`errors` is a list of kinds, or a mapping of providers to kinds", node.span)
    return NO_ERRORS


def _of_provider(node: Node, diagnostics: Diagnostics) -> tuple[tuple[str, ...], str | None]:
    """Some kinds in a row, or one for every attempt."""
    if isinstance(node, Sequence):
        return _kinds(node, diagnostics), None
    _check_kind(node, diagnostics, may_be_null=False)
    return (), node.text if isinstance(node, Scalar) else None


def _kinds(node: Sequence, diagnostics: Diagnostics) -> tuple[str, ...]:
    for item in node.items:
        _check_kind(item, diagnostics, may_be_null=False)
    return tuple(item.text for item in node.items if isinstance(item, Scalar))


def _check_kind(node: Node | None, diagnostics: Diagnostics, may_be_null: bool = True) -> None:
    if node is None or (may_be_null and isinstance(node, Scalar) and node.value is None):
        return
    if not isinstance(node, Scalar):
        diagnostics.error("cases", "an error is a kind, as in `on_error`", node.span)
    elif node.text not in ERROR_KINDS:
        diagnostics.error(
            "cases", f"`{node.text}` is no kind of error", node.span, suggest(node.text, ERROR_KINDS, "kind")
        )


def _check_item(key: str, item: Node | None, diagnostics: Diagnostics) -> None:
    if isinstance(item, Mapping):
        _check_keys(item, _KEYS_OF_ITEMS[key], f"an item of `{key}`" if key != "served_by" else "`served_by`", diagnostics)
        _check_kind(item.get("error"), diagnostics)
    elif isinstance(item, Sequence):
        diagnostics.error("cases", f"`{key}` speaks of providers: a name, or a mapping of what to compare", item.span)


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
