"""What a document means, apart from where it stands: two texts that say the same are equal here."""

from __future__ import annotations

from typing import Any

from rulec.diagnostics import Diagnostics
from rulec.patterns.compiled import CompiledPattern
from rulec.records import fields_of, is_record
from rulec.source import Located, Span
from rulec.syntax.ast import RuleSet
from rulec.syntax.conditions import ParsedCondition
from rulec.syntax.nodes import Node
from rulec.syntax.yaml import read_rule_document


def meaning_of(document: Node | None, diagnostics: Diagnostics) -> Any:
    """The syntax tree of a document as plain values; what is wrong with it is reported."""
    rules = RuleSet()
    if document is not None:
        read_rule_document(document, rules, diagnostics)
    rules.rules.sort(key=lambda one: one.phase)  # phases may change places, rules within one may not
    rules.sections.sort(key=lambda one: one.name)
    return _plain(rules)


def _plain(value: Any) -> Any:
    if isinstance(value, Located):
        return value.text
    if isinstance(value, ParsedCondition):
        return _plain(value.condition)
    if isinstance(value, CompiledPattern):
        return value.text
    if is_record(value):
        named = ((name, getattr(value, name)) for name in fields_of(value))
        return type(value).__name__, {name: _plain(one) for name, one in named if not isinstance(one, Span)}
    if isinstance(value, dict):
        return [(key, _plain(one)) for key, one in value.items() if not isinstance(one, Span)]
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return repr(value)
