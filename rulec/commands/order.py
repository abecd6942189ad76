"""`rulec order`: the one list that counts."""

from __future__ import annotations

import argparse

from rulec.commands.output import add_cache_option, add_format_option, add_rules_argument, rules_folder
from rulec.policy.model import NativeTarget, Pass, ProvidersTarget, Refuse, Rule, Target, VirtualTarget
from rulec.syntax import ast


def configure(parser: argparse.ArgumentParser) -> None:
    add_rules_argument(parser)
    add_cache_option(parser)
    add_format_option(parser, help="how the answer and diagnostics are printed")


def run(options: argparse.Namespace) -> int:
    from rulec.commands.answers import rule_object
    from rulec.commands.loading import load_tree

    tree = load_tree(rules_folder(options), options.format, not options.no_cache)
    if tree is None:
        return 2
    rules = tree.policy.rules
    if options.format == "json":
        import json

        objects = [{**rule_object(one), "matches": match_text(one), "target": target_text(one.target)} for one in rules]
        print(json.dumps(objects, indent=2, ensure_ascii=False))
        return 0
    names = max((len(one.name) for one in rules), default=0)
    for rule in rules:
        place = f"{rule.span.source.path}:{rule.span.line}"
        print(
            f"{rule.position:>4}  {rule.phase:<10}  {rule.name:<{min(names, 40)}}  -> {target_text(rule.target)}  ({place})"
        )
    return 0


def match_text(rule: Rule) -> str:
    """What a rule asks for, in a few words."""
    match = rule.match
    if isinstance(match, ast.When):
        return match.condition.text
    if isinstance(match, ast.Exact):
        return f"model is {match.model.text}"
    if isinstance(match, ast.Patterns):
        return " or ".join(f"/{one.text}/" for one in match.patterns)
    if isinstance(match, ast.Capability):
        return f"capability is {match.name}"
    if isinstance(match, ast.SizeTier):
        return f"size {rule.name.removeprefix('size:')}"
    return "everything"


def target_text(target: Target) -> str:
    """Where a rule sends requests, in a few words."""
    if isinstance(target, Pass):
        return "pass"
    if isinstance(target, Refuse):
        return f"refuse {target.status}"
    if isinstance(target, VirtualTarget):
        return f"{target.simple} or {target.complex}"
    if isinstance(target, NativeTarget):
        return f"{target.simple} or {target.complex} (LiteLLM decides)"
    if isinstance(target, ProvidersTarget):
        named = [name if weight is None else f"{name} ({weight:g})" for name, weight in target.providers]
        return " or ".join(named) + (" (substitute)" if target.substitute else "")
    models = ", ".join(target.models[:3]) + (" …" if len(target.models) > 3 else "")
    return models + (f" on {' or '.join(name for name, _ in target.providers)}" if target.providers else "")
