"""The vocabulary as JSON Schema 2020-12, for editors and for whoever checks rules without rulec."""

from __future__ import annotations

import json
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from rulec.syntax.kinds import DEFINITIONS, Kind, Schema, reference
from rulec.syntax.vocabulary import Document, Strict, kind_of, models

IDENTITY = "urn:rulec:schema:rules:1"
_NOTHING: Schema = {"type": "null"}


def schema_text() -> str:
    """The text of the schema, the same bytes for the same vocabulary."""
    return json.dumps(document_schema(), indent=2, ensure_ascii=False) + "\n"


def document_schema() -> Schema:
    """The schema of a rule file."""
    root = _object(Document)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": IDENTITY,
        **root,
        "title": "rulec rules",
        "patternProperties": {"^x-": {"description": "Anything: rulec does not read it; a place for YAML anchors."}},
        "$defs": {
            **{name: _object(model) for name, model in models().items() if model is not Document},
            **DEFINITIONS,
        },
    }


def _object(model: type[Strict]) -> Schema:
    fields = {name: field for name, field in model.keys().items() if name not in model.refused}
    required = [name for name, field in fields.items() if field.is_required()]
    choices: list[Schema] = [{"anyOf": [{"required": [name]} for name in group]} for group in model.needed]
    schema: Schema = {
        "title": model.title().split(" ", 1)[1],
        "description": _about(model),
        "type": "object",
        "properties": {name: _property(field) for name, field in fields.items()},
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    if "status" in fields:
        schema["dependentRequired"] = {"status": ["refuse"]}
    if choices:
        schema.update({"allOf": choices} if len(choices) > 1 else choices[0])
    return schema


def _about(model: type[Strict]) -> str:
    """What a model's docstring says below its name."""
    return " ".join((model.__doc__ or "").split("\n\n", 1)[1].split())


def _property(field: FieldInfo) -> Schema:
    kind = kind_of(field)
    schema = {"description": field.description, **(_type(field.annotation) if kind is None else kind.schema)}
    if field.examples:
        schema["examples"] = field.examples
    if field.default and not field.is_required():
        schema["default"] = field.default
    if isinstance(field.json_schema_extra, dict):
        if "$ref" in schema:  # editors take what stands beside a reference for a schema of its own
            schema["allOf"] = [{"$ref": schema.pop("$ref")}]
        schema.update(field.json_schema_extra)
    return schema


def _type(annotation: Any) -> Schema:
    """The schema of a type that is made of models: a model, a section of them, or one of several types.

    What may be empty is not written as a list of types: editors complete the keys of an object only.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return next(dict(one.schema) for one in arguments if isinstance(one, Kind))
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, UnionType):
        return {"anyOf": [_type(one) for one in arguments]}
    if origin is dict:
        name, entry = arguments
        section = {"type": "object", "propertyNames": _key_name(name), "additionalProperties": _type(entry)}
        return {"anyOf": [section, _NOTHING]}
    if origin is list:
        return {"anyOf": [{"type": "array", "items": _type(arguments[0])}, _NOTHING]}
    return _NOTHING if annotation is type(None) else reference(annotation.__name__)


def _key_name(annotation: Any) -> Schema:
    """The schema of a key that is a name: whatever it looks like, a key is text."""
    schema = _type(annotation)
    return {"title": "name", **({"pattern": "\\S"} if schema == reference("name") else schema)}
