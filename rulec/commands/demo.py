"""`rulec demo`: real requests through a real proxy, each to the provider that `rulec explain` predicted."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from rulec.compiler import Compilation
    from rulec.demo.examples import Example
    from rulec.demo.prediction import Prediction
    from rulec.demo.stage import Outcome, Stage

HELP = "send example requests through a real proxy and compare with what explain predicts"


def configure(parser: argparse.ArgumentParser) -> None:
    """The demo takes no options."""


def run(arguments: argparse.Namespace) -> int:
    from rulec.demo.stage import StageFailed
    from rulec.proxy import CannotServe, require_proxy

    try:
        with ended_by_signals():
            require_proxy()
            return _show()
    except (CannotServe, StageFailed) as reason:
        print(f"rulec: {reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nrulec: interrupted; nothing is left running", file=sys.stderr)
        return 130


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Turn the signals that end a program into an exception, once, so that everything is taken down on the way out."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show() -> int:
    from rulec.commands.explain import explain_request
    from rulec.demo.examples import EXAMPLES
    from rulec.demo.prediction import predict
    from rulec.demo.stage import StageFailed, set_up
    from rulec.diagnostics import render_text
    from rulec.resources import resource_folder

    rules = resource_folder("rules")
    compilation = _compiled(rules)
    if compilation.failed:
        raise StageFailed(f"the example rules do not compile:\n{render_text(compilation.diagnostics)}")
    predictions = [
        predict(explain_request(rules, {**one.request, "unavailable": sorted(one.failing)}), one.failing)
        for one in EXAMPLES
    ]
    print("Starting four fake providers and the LiteLLM proxy with the compiled rules ...", flush=True)
    with set_up(compilation) as stage:
        wrong = _play(stage, list(zip(EXAMPLES, predictions, strict=True)))
    if wrong:
        print(f"\n{wrong} of {len(EXAMPLES)} requests did not go where `rulec explain` said.")
        return 1
    print(f"\nAll {len(EXAMPLES)} requests went where `rulec explain` said.")
    return 0


def _compiled(rules: Path) -> Compilation:
    """The example rules without health: a provider that failed in one example is not passed over in the next."""
    from rulec.compiler import compile_rule_set, read_rules, read_sources
    from rulec.diagnostics import Diagnostics
    from rulec.syntax.ast import RuleSet

    diagnostics, rule_set = Diagnostics(), RuleSet()
    for source in read_sources(rules, diagnostics):
        read_rules(source, rule_set, diagnostics)
    health = ("rate_limited_fallback", "error_based_routing", "first_request_routing")
    rule_set.sections = [one for one in rule_set.sections if one.name not in health]
    return compile_rule_set(rule_set, diagnostics)


def _play(stage: Stage, scenes: list[tuple[Example, Prediction]]) -> int:
    """Send every example and print a line for each; returns how many went elsewhere."""
    widths = (
        max(len(example.label) for example, _ in scenes),
        max(len(prediction.rule or "-") for _, prediction in scenes),
        max(len(prediction.text()) for _, prediction in scenes),
    )

    def line(mark: str, *cells: str) -> None:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
        print("  ".join([mark.ljust(5), *padded, *cells[len(widths) :]]).rstrip(), flush=True)

    print()
    line("", "request", "rule", "predicted by explain", "served by")
    wrong = 0
    for example, prediction in scenes:
        outcome = stage.send(example)
        agrees = _agrees(prediction, outcome)
        wrong += not agrees
        line("ok" if agrees else "WRONG", example.label, prediction.rule or "-", prediction.text(), _served(outcome))
        if not agrees:
            _print_difference(prediction, outcome)
    return wrong


def _agrees(prediction: Prediction, outcome: Outcome) -> bool:
    if not prediction.steps:
        return outcome.status >= 400 and not outcome.served_by
    one_of_them = len(outcome.served_by) == 1 and outcome.served_by[0] in prediction.steps
    return outcome.status == 200 and outcome.rule == prediction.rule and one_of_them


def _served(outcome: Outcome) -> str:
    if not outcome.served_by:
        return f"nobody ({outcome.status})"
    return ", ".join(f"{provider} as {model}" for provider, model in outcome.served_by)


def _print_difference(prediction: Prediction, outcome: Outcome) -> None:
    def told(steps: Any) -> str:
        return ", ".join(f"{provider} as {model}" for provider, model in steps) or "nobody"

    print(f"      expected rule {prediction.rule}, served by one of: {told(prediction.steps)}")
    print(f"      got status {outcome.status}, rule {outcome.rule}, served by: {told(outcome.served_by)}")
    if outcome.error:
        print(f"      {outcome.error[:300]}")
