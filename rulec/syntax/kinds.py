"""What a value of the YAML vocabulary may be: for the reader the name of a check, for editors a JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any

from rulec.records import record
from rulec.runtime.complexity import MOST_SCORE
from rulec.syntax.fields import ERROR_KIND_MEANINGS, STRATEGY_MEANINGS, STRATEGY_SYNONYMS, WITHOUT_DEFAULT

Schema = dict[str, Any]


@record(eq=False)
class Kind:
    """The kind of a leaf: `check` names a reader of `syntax.checker`, `arguments` are what that takes."""

    check: str
    arguments: tuple[Any, ...]
    schema: Schema


def reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _expected(what: str) -> Schema:
    """What editors say about a value of another type, or of no shape."""
    return {"errorMessage": f"{what} is expected here.", "patternErrorMessage": f"{what} is expected here."}


def whole(low: int, high: int | None = None, help: str | None = None) -> Kind:
    """A whole number with bounds; `help` says why there is an upper one."""
    bounds = {"minimum": low} if high is None else {"minimum": low, "maximum": high}
    return Kind("whole", (low, high, help), {"type": "integer", **bounds})


def between(low: float, high: float, help: str | None = None) -> Kind:
    """A number with bounds; `help` says why they are."""
    return Kind("between", (low, high, help), {"type": "number", "minimum": low, "maximum": high})


def seconds(low: float = 0, high: float = 604_800) -> Kind:
    """A time, at most a week unless said otherwise: what is longer is a slip of the pen, and no number for a timer."""
    return between(low, high, "604800 seconds are a week" if high == 604_800 else "it is in seconds")


def words(**meanings: str) -> Kind:
    """One of some words, each with its meaning."""
    schema = {"enum": list(meanings), "enumDescriptions": list(meanings.values())}
    return Kind("word", tuple(meanings), schema)


def shaped(pattern: str, expected: str) -> Schema:
    """A text of a shape; editors say what is expected, not the pattern."""
    return {"type": "string", "pattern": pattern, "patternErrorMessage": expected}


_SIZE = "[0-9]{1,30}(\\.[0-9]{1,30})?[bBmM]"
_TIER = rf"^\s*((<=|>=|<|>)\s*{_SIZE}|{_SIZE}\s*-\s*{_SIZE})\s*$"
_WORD = "^[^\\s!-/:-@\\[-^`{-~]{2,}$"
_DATE = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_STRATEGIES = {
    **STRATEGY_MEANINGS,
    **{word: f"a synonym of `{meant}`" for word, meant in STRATEGY_SYNONYMS.items()},
}

# A plain `1.0` or `true` is the name or text that it looks like. The types of `else` are not in one list with boolean,
# because editors would then offer `true` and `false` for every name.
DEFINITIONS: dict[str, Schema] = {
    "name": {
        "if": {"type": "boolean"},
        "else": {"type": ["string", "number"], "pattern": "\\S", **_expected("A name")},
    },
    "text": {
        "if": {"type": "boolean"},
        "else": {"type": ["string", "number"], **_expected("A text")},
    },
    "names": {"anyOf": [reference("name"), {"type": "array", "items": reference("name")}]},
    "some_names": {"anyOf": [reference("name"), {"type": "array", "items": reference("name"), "minItems": 1}]},
    "word": {
        "if": {"type": "boolean"},
        "else": {"type": ["string", "integer"], "pattern": _WORD, "minimum": 10, **_expected("A word")},
    },
    "searched_words": {"anyOf": [reference("word"), {"type": "array", "items": reference("word")}]},
    "upstreams": {
        "type": "object",
        "propertyNames": {"pattern": "\\S"},
        "additionalProperties": {"anyOf": [reference("text"), {"type": "null"}, reference("Deployment")]},
    },
    "served_by": {
        "anyOf": [
            {"type": "null"},
            reference("name"),
            reference("upstreams"),
            {"type": "array", "items": {"anyOf": [reference("name"), reference("upstreams")]}},
        ]
    },
    "provider_or_weighted": {"anyOf": [reference("name"), reference("Weighted")]},
    "candidates": {
        "anyOf": [
            reference("name"),
            reference("Weighted"),
            {"type": "array", "items": reference("provider_or_weighted"), "minItems": 1},
        ]
    },
    "hop": {"anyOf": [{"allOf": [reference("name"), {"not": {"const": "none"}}]}, reference("Hop")]},
    "hops": {
        "anyOf": [
            {"enum": ["none"], "enumDescriptions": ["no fallback, also not the chain `default`"]},
            {"type": "null"},
            reference("name"),
            reference("Hop"),
            {"type": "array", "items": reference("hop"), "maxItems": 50},
        ]
    },
    "error_kind": {"enum": list(ERROR_KIND_MEANINGS), "enumDescriptions": list(ERROR_KIND_MEANINGS.values())},
    "error_kinds": {"anyOf": [reference("error_kind"), {"type": "array", "items": reference("error_kind")}]},
    "factors": {
        "type": "object",
        "properties": {
            "latency": {"type": "number", "minimum": 0, "description": "How much a short latency counts."},
            "success_rate": {"type": "number", "minimum": 0, "description": "How much few failures count."},
            "cost": {"type": "number", "minimum": 0, "description": "How much a low price counts."},
        },
        "additionalProperties": False,
    },
    "weight_factors": {
        "anyOf": [reference("factors"), {"type": "array", "items": reference("factors"), "minItems": 1}]
    },
}

Name = Annotated[Any, Kind("name", (), reference("name"))]
Text = Annotated[Any, Kind("text", (), reference("text"))]
Address = Annotated[
    Any,
    Kind("address", (), shaped("^([hH][tT][tT][pP][sS]?://|\\$\\{)", "An address begins with http:// or https://.")),
]
Path = Annotated[Any, Kind("path", (), reference("text"))]
Names = Annotated[Any, Kind("names", (), reference("names"))]
SomeNames = Annotated[Any, Kind("names", (), reference("some_names"))]
Words = Annotated[Any, Kind("searched_words", (), reference("searched_words"))]
"""Words that texts are searched for."""
Boolean = Annotated[Any, Kind("boolean", (), {"type": "boolean"})]
True_ = Annotated[Any, Kind("boolean", (), {"enum": [True]})]
Number = Annotated[Any, Kind("number", (), {"type": "number", "minimum": 0})]
Seconds = Annotated[Any, seconds()]
Percentage = Annotated[Any, between(0, 100)]
Score = Annotated[Any, between(0, MOST_SCORE, "so far goes the score")]
Positive = Annotated[Any, whole(1)]
Status = Annotated[Any, Kind("status", (), {"type": "integer", "minimum": 400, "maximum": 599})]
Size = Annotated[Any, Kind("size", (), shaped(rf"^\s*{_SIZE}\s*$", "Sizes look like 8B, 1.5B or 350M."))]
Tier = Annotated[Any, Kind("text", (), shaped(_TIER, "Tiers look like `< 8B`, `8B - 13B` or `>= 13B`."))]
Date = Annotated[Any, Kind("text", (), shaped(_DATE, "Dates look like 2026-12-31."))]
Condition = Annotated[Any, Kind("text", (), shaped("\\S", "A condition is expected here."))]
Strategy = Annotated[Any, Kind("strategy", (), words(**_STRATEGIES).schema)]
Candidates = Annotated[Any, Kind("candidates", (), reference("candidates"))]
Hops = Annotated[Any, Kind("hops", (), reference("hops"))]
ChainName = Annotated[Any, Kind("chain_name", (), {"anyOf": [reference("name"), {"type": "null"}]})]
ErrorKinds = Annotated[Any, Kind("error_kinds", (), reference("error_kinds"))]
ServedBy = Annotated[Any, Kind("served_by", (), reference("served_by"))]
WeightFactors = Annotated[Any, Kind("node", (), reference("weight_factors"))]
NotNone = Annotated[Any, Kind("name", (), {"pattern": "\\S", "not": {"const": "none"}})]
"""A name that can be referred to where `none` says that there is nothing."""
Free = Annotated[Any, Kind("mapping", (), {"type": "object"})]
"""A mapping that goes to LiteLLM as it is."""
Defaults = Annotated[
    Any, Kind("mapping", (), {"type": "object", "propertyNames": {"not": {"enum": list(WITHOUT_DEFAULT)}}})
]
