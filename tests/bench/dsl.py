"""The rules of a workload as text of the DSL; for what a workload holds, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def dsl_text(document: dict[str, Any]) -> str:
    """A workload's document as statements, one on a line."""
    return "\n".join(_statements(document)) + "\n"


def _statements(document: dict[str, Any]) -> Iterator[str]:
    for name, one in document["providers"].items():
        settings = (
            f"litellm {_text(one['litellm'])}  api_base {_text(one['api_base'])}  accepts {_pattern(one['accepts'])}"
        )
        yield f"provider {name} {{ {settings}  default_model {_text(one['default_model'])} }}"
    for name, one in document["models"].items():
        yield f"model {_text(name)} {{ served by {', '.join(one['served_by'])} }}"
    for name, one in document["fallback_chains"].items():
        yield f"chain {name} -> {', then '.join(next(iter(hop.values())) for hop in one['chain'])}"
    for name, one in document["request_metadata_routing"].items():
        yield f"when {name}: {one['condition']} -> {_route(one)}"
    for name, one in document["exact_matches"].items():
        yield f"exact {_text(name)} -> {_route(one)}"
    for one in document["patterns"]:
        yield f"pattern {_pattern(one['pattern'])} -> {_route(one)}"
    for name, one in document["capabilities"].items():
        yield f"capability {name} -> {_text(one['preferred_models'])} via {one['provider']}"
    for one in document["model_size_routing"]:
        yield f"size {one['size']} -> {_route(one)}"
    yield f"default -> {_route(document['default'])}"


def _route(rule: dict[str, Any]) -> str:
    target = rule["provider"] if "provider" in rule else f"{rule['routing_strategy']}({', '.join(rule['providers'])})"
    return f"{target}, then {rule['fallback']}" if "fallback" in rule else target


def _text(text: str) -> str:
    assert not set('\\"\n') & set(text)
    return f'"{text}"'


def _pattern(pattern: str) -> str:
    return "/" + pattern.replace("/", "\\/") + "/"
