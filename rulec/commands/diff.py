"""`rulec diff`: which requests two states of a rule set decide differently."""

from __future__ import annotations

import argparse
import gc
import sys
from typing import TYPE_CHECKING, Any

from rulec.commands.output import print_diagnostics

if TYPE_CHECKING:
    from rulec.comparing.report import Report
    from rulec.comparing.states import State
    from rulec.comparing.traffic import Traffic

FORMATS = ("text", "plain", "json", "markdown", "github")
GRADES = ("target", "chain", "strategy", "metadata")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = "rulec diff OLD NEW | REVISION..REVISION [RULES] | REVISION RULES  [options]"
    parser.add_argument(
        "states", nargs="+", metavar="STATE", help="two folders; or git revisions, then the rules folder (default: rules)"
    )
    parser.add_argument(
        "--fail-on",
        choices=(*GRADES, "never"),
        default="never",
        help="exit 1 where something this grave changes, or may: `target` is the gravest (default: never)",
    )
    parser.add_argument("--log", metavar="FILE", help="requests of the past, plain or as LiteLLM logs them: whom it concerns")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how the differences are printed")


def run(options: argparse.Namespace) -> int:
    from rulec.comparing.states import Misnamed, compiled, states

    if len(options.states) > 3:
        return complain("at most two revisions and the rules folder are named")
    try:
        old, new = states(options.states)
        sides = [compiled(one) for one in (old, new)]
    except Misnamed as problem:
        return complain(str(problem), problem.help)
    for side in sides:
        if side.tree is None:
            print(f"rulec: the rules in `{side.state.label}` are invalid", file=sys.stderr)
            print_diagnostics(side.diagnostics, options.format if options.format in ("json", "github") else "text")
    trees = [side.tree for side in sides if side.tree is not None]
    if len(trees) < 2:
        return 2
    from rulec.comparing.report import compare
    from rulec.compiler import garbage_collection_paused

    gc.freeze()  # both trees live as long as the command
    with garbage_collection_paused():
        report = compare(trees[0], trees[1])
    traffic = None
    if options.log is not None:
        from rulec.comparing.logs import Unreadable
        from rulec.comparing.traffic import weigh

        try:
            traffic = weigh(options.log, trees[0], trees[1])
        except Unreadable as problem:
            return complain(str(problem), problem.help)
    sys.stdout.write(rendered(options.format, report, (old, new), traffic))
    return 1 if report.fails(None if options.fail_on == "never" else options.fail_on) else 0


def rendered(form: str, report: Report, states: tuple[State, State], traffic: Traffic | None) -> str:
    labels = states[0].label, states[1].label
    rules = states[1].path
    if form == "json":
        import json

        from rulec.comparing.objects import to_object

        shown: Any = to_object(report, labels, None if traffic is None else traffic.to_object())
        return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
    told = [] if traffic is None else traffic.sentences()
    if form == "markdown":
        from rulec.comparing.markdown import render as markdown

        return markdown(report, labels, rules, told)
    if form == "github":
        from rulec.comparing.annotations import render as annotations

        return annotations(report, told)
    from rulec.comparing.text import render as text

    return text(report, rules) + "".join(f"{one}\n" for one in told)


def complain(message: str, help: str | None = None) -> int:
    print(f"rulec: {message}", file=sys.stderr)
    if help is not None:
        print(f"help: {help}", file=sys.stderr)
    return 2
