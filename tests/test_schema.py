"""The JSON Schema and the parser refuse the same: every key of every mapping, with every kind of value, misspelt, missing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from rulec.diagnostics import Diagnostics
from rulec.source import Source
from rulec.syntax.ast import RuleSet
from rulec.syntax.nodes import Mapping, Node, read_documents
from rulec.syntax.schema import document_schema, schema_text
from rulec.syntax.settings import plain
from rulec.syntax.yaml import read_rule_document

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent / "schema"
SCHEMA = document_schema()
SHIPPED = [file for file in sorted((ROOT / "rules").glob("*.yaml")) if not file.name.endswith(".cases.yaml")]
SUITES = sorted((ROOT / "tests" / "conformance").glob("*.cases.yaml"))
MODELINE = "# yaml-language-server: $schema=../docs/rules.schema.json\n"

PLACES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "places.yaml").read_text(encoding="utf-8"))
BEYOND: list[dict[str, Any]] = yaml.safe_load((HERE / "beyond.yaml").read_text(encoding="utf-8"))

WORDS = (
    "", " ", "none", "word", "pass", "8B", "< 8B", "2026-12-31", "2026-02-30", "2026-W01-1", "stream", "primary",
    "user", "round_robin", "timeout", "utilization", "prefer_warm_providers", "time_to_first_token", "[", "${NAME}",
    "X-Api-Key", "litellm",
)  # fmt: skip
NUMBERS = (0, 1, -1, 3, 500, 100_000, 0.5, 1.0, float("inf"))
LISTS = ([], ["word"], [None], [""], ["none"], ["timeout"], [[]], [{}], [1, "word"])
MAPPINGS = (
    {},
    {"other": 1},
    {"word": None},
    {"word": []},
    {"none": {}},
    {"": "word"},
    {"model": "word"},
    {"provider": "word"},
    {"provider": "word", "weight": 1},
    {"provider": "word", "weight": "1"},
    {"latency": 1},
    {"latency": -1},
    {"input": 1, "output": 1},
    {"simple": "a", "complex": "b"},
    {"strategy": "prefer_warm_providers"},
    {"random": {}},
)
VALUES: tuple[Any, ...] = (None, True, False, *WORDS, *NUMBERS, *LISTS, *MAPPINGS, *([one] for one in MAPPINGS))


def test_the_schema_beside_the_documentation_is_fresh() -> None:
    text = (ROOT / "docs" / "rules.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(), "run `make generated`"


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_reference_leads_somewhere() -> None:
    for name in references(SCHEMA):
        assert name.removeprefix("#/$defs/") in SCHEMA["$defs"], name


def test_every_key_has_its_sentence() -> None:
    for name, mapping in mappings().items():
        assert mapping.get("description") or name in ("upstreams", "factors"), name
        for key, schema in mapping.get("properties", {}).items():
            assert schema["description"].endswith("."), f"{name}.{key}"


def test_deprecated_keys_say_what_to_write() -> None:
    found = [one for mapping in mappings().values() for one in mapping.get("properties", {}).values()]
    deprecated = [one for one in found if one.get("deprecated")]
    assert deprecated
    assert all("Deprecated: write `" in one["description"] for one in deprecated)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_shipped_rules_say_their_schema_and_keep_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith(MODELINE)
    assert_accepted(nodes(text)[0])


@pytest.mark.parametrize("file", SUITES, ids=lambda file: file.name)
def test_rules_of_the_conformance_suite_are_accepted(file: Path) -> None:
    for suite in nodes(file.read_text(encoding="utf-8")):
        rules = suite.get("rules") if isinstance(suite, Mapping) else None
        if isinstance(rules, Mapping):  # a text is DSL
            assert_accepted(rules)


def test_every_mapping_has_its_place() -> None:
    assert set(PLACES) == set(mappings())


@pytest.mark.parametrize("name", PLACES)
def test_values(name: str) -> None:
    """Each key with each value: schema and parser agree, and each key takes and refuses some of them."""
    for key in mappings()[name].get("properties", {}):
        start, _ = right(name, key)
        refused = 0
        for value in VALUES:
            mapping = {**start, key: value}
            expected = schema_accepts(name, mapping)
            if expected and any(is_beyond(key, one) for one in scalars(value)):
                continue
            refused += not expected
            assert parser_accepts(name, mapping) == expected, f"{name}: {mapping}: the schema says {expected}"
        assert refused, f"{name}.{key} takes everything"


@pytest.mark.parametrize("name", PLACES)
def test_misspelt_keys(name: str) -> None:
    for key in mappings()[name].get("properties", {}):
        start, value = right(name, key)
        for misspelt in (f"{key}x", key[1:], key.upper()):
            assert_refused(name, {**without(start, key), misspelt: value})


@pytest.mark.parametrize("name", PLACES)
def test_missing_keys(name: str) -> None:
    mapping = mappings()[name]
    for start in PLACES[name]["valid"][:1]:
        assert schema_accepts(name, start)
        assert parser_accepts(name, start)
        for key in mapping.get("required", ()):
            assert_refused(name, without(start, key))
        for group in needed(mapping):
            assert_refused(name, without(start, *group))


@pytest.mark.parametrize("name", PLACES)
def test_wrong_shapes(name: str) -> None:
    """Where a mapping stands, no list of lists can stand."""
    assert_refused(name, [[[]]])


def test_what_only_the_parser_knows_is_accepted_by_the_schema() -> None:
    """A class of exceptions that the schema learned is none any longer."""
    for one in BEYOND:
        keys = one["keys"] if one["keys"] != "any" else ["description", "context", "weight"]
        for value in one["values"] if one["values"] != "any" else ["word"]:
            assert any(
                schema_accepts(name, {**start, key: value}) and not parser_accepts(name, {**start, key: value})
                for name, place in PLACES.items()
                for key in keys
                if key in mappings()[name].get("properties", {})
                for start in place["valid"]
            ), f"{one['why']}: {value}"


# Both sides


@cache
def mappings() -> dict[str, dict[str, Any]]:
    """All mappings of the schema by name."""
    found = {name: one for name, one in SCHEMA["$defs"].items() if one.get("type") == "object"}
    return {"Document": SCHEMA, **found}


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = SCHEMA if name == "Document" else {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{name}"}
    return jsonschema.Draft202012Validator(schema)


def schema_accepts(name: str, mapping: Any) -> bool:
    return validator(name).is_valid(mapping)


def parser_accepts(name: str, mapping: Any) -> bool:
    text = yaml.dump(document_with(name, mapping), Dumper=yaml.CSafeDumper)
    return not mistakes(nodes(text)[0])


def document_with(name: str, mapping: Any) -> Any:
    """The smallest document in which the mapping stands at its place."""
    path = PLACES[name]["at"]
    document = mapping
    for depth in range(len(path) - 1, -1, -1):
        around = next((place["valid"][0] for place in PLACES.values() if place["at"] == path[:depth]), {})
        document = [document] if path[depth] == 0 else {**around, path[depth]: document}
    return document


@cache
def right(name: str, key: str) -> tuple[dict[str, Any], Any]:
    """A mapping to put a key into, and a value that it may have there."""
    for start in PLACES[name]["valid"]:
        for value in VALUES:
            if schema_accepts(name, {**start, key: value}) and parser_accepts(name, {**start, key: value}):
                return start, value
    raise AssertionError(f"{name}.{key}: no value is accepted")


def assert_accepted(document: Node) -> None:
    assert mistakes(document) == []
    found = [f"{one.json_path}: {one.message}" for one in validator("Document").iter_errors(plain(document))]
    assert found == []


def assert_refused(name: str, mapping: Any) -> None:
    assert not schema_accepts(name, mapping), f"{name}: the schema accepts {mapping}"
    assert not parser_accepts(name, mapping), f"{name}: the parser accepts {mapping}"


def nodes(text: str) -> list[Node]:
    diagnostics = Diagnostics()
    documents = read_documents(Source("rules.yaml", text), diagnostics)
    assert not diagnostics.items
    return documents


def mistakes(document: Node) -> list[str]:
    """What the parser says; names are not bound, as a schema cannot bind them either."""
    diagnostics = Diagnostics()
    read_rule_document(document, RuleSet(), diagnostics)
    return [f"{one.code}: {one.message}" for one in diagnostics.items if one.severity == "error"]


def needed(mapping: dict[str, Any]) -> Iterator[list[str]]:
    for choice in mapping.get("allOf", [mapping]):
        if "anyOf" in choice:
            yield [one["required"][0] for one in choice["anyOf"]]


def without(mapping: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in keys}


def is_beyond(key: str, scalar: Any) -> bool:
    return any(
        (one["keys"] == "any" or key in one["keys"])
        and (one["values"] == "any" or any(same(value, scalar) for value in one["values"]))
        for one in BEYOND
    )


def same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and left == right


def scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in value.values():
            yield from scalars(one)
    elif isinstance(value, list):
        for one in value:
            yield from scalars(one)
    else:
        yield value


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"]
        for one in schema.values():
            yield from references(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from references(one)
