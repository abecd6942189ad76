"""What an editor can complete within conditions and statements: the words of the language, out of its tables."""

from __future__ import annotations

from typing import Any

from rulec.syntax.dsl.tables import KEYWORDS, STATEMENTS
from rulec.syntax.fields import ENDPOINTS, ERROR_KINDS, FIELDS, OPERATORS, STRATEGIES, STRATEGY_SYNONYMS, WEEKDAYS


def completion_data() -> dict[str, Any]:
    """The words by what they are; fields with their type, meaning and operators, and whether a name follows (`header.x`)."""
    return {
        "fields": [
            {
                "name": name,
                "type": kind.type,
                "description": kind.description,
                "takes_name": kind.type in ("header", "metadata"),
                "operators": list(OPERATORS[kind.type]),
            }
            for name, kind in FIELDS.items()
        ],
        "functions": ["present", "unavailable"],
        "endpoints": list(ENDPOINTS),
        "weekdays": list(WEEKDAYS),
        "strategies": [*STRATEGIES, *STRATEGY_SYNONYMS],
        "error_kinds": list(ERROR_KINDS),
        "statements": sorted(STATEMENTS),
        "keywords": sorted(KEYWORDS),
    }
