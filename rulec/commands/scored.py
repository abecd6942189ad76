"""What `score` and `calibrate` share: the scoring of a rule set, the thresholds in use, and requests to be scored."""

from __future__ import annotations

import argparse
from typing import Any

from rulec.commands.output import add_cache_option, add_format_option, add_rules_option, exists, rules_folder
from rulec.commands.requests import BadRequest
from rulec.records import field, record
from rulec.runtime.complexity import Scoring

_NO_TEXT = "a request is a JSON object with `messages`, `input` or `prompt`, or has a `body` or a `text`"


@record
class Scorer:
    """How requests are scored, and the virtual models with their thresholds."""

    scoring: Scoring
    thresholds: dict[str, float] = field(default_factory=dict)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_rules_option(parser)
    add_cache_option(parser)
    add_format_option(parser, help="how the answer and diagnostics are printed")


def load_scorer(options: argparse.Namespace) -> Scorer | None:
    """The scoring of the rules; the usual one where none are named and there is no folder `rules`; None on errors."""
    from rulec.commands.loading import load_tree
    from rulec.policy.model import VirtualTarget
    from rulec.syntax.ast import Exact

    if options.rules is None and not exists("rules"):
        return Scorer(Scoring({}))
    tree = load_tree(rules_folder(options), options.format, not options.no_cache)
    if tree is None:
        return None
    thresholds = {
        rule.match.model.text: float(rule.target.threshold)
        for rule in tree.policy.rules
        if isinstance(rule.target, VirtualTarget) and isinstance(rule.match, Exact)
    }
    return Scorer(Scoring(tree.policy.sections.get("complexity", {})), thresholds)


def body_of(found: Any) -> dict[str, Any]:
    """The body that a line describes: itself, its `body`, or a message with its `text`; raises BadRequest."""
    if not isinstance(found, dict):
        raise BadRequest(_NO_TEXT)
    if "body" in found:
        if "text" in found:
            raise BadRequest("`body` and `text` stand side by side: keep one of the two")
        if not isinstance(found["body"], dict):
            raise BadRequest("`body` is a JSON object")
        return found["body"]
    if "text" in found:
        if not isinstance(found["text"], str):
            raise BadRequest("`text` is a text")
        return of_text(found["text"])
    if not any(name in found for name in ("messages", "input", "prompt")):
        raise BadRequest(_NO_TEXT)
    return found


def of_text(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}
