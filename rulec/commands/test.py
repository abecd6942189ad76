"""`rulec test`: routing tests against the meaning, the tree and the generated module, and how much they cover."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rulec.commands.output import add_format_option, add_rules_option, exists, print_diagnostics

if TYPE_CHECKING:
    from rulec.commands.tested import Tested
    from rulec.testing.cases import Case
    from rulec.testing.collection import Collection, Group
    from rulec.testing.judge import Asker
    from rulec.testing.live import Live

CASES = (".cases.yaml", ".cases.yml")
MUTANT = "mutant"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="cases files or folders of them (default: the rules folder)"
    )
    add_rules_option(parser)
    add_format_option(parser, "junit", help="how the result and diagnostics are printed")
    parser.add_argument("--verbose", action="store_true", help="name every case, not only those that fail")
    parser.add_argument(
        "--live", nargs="?", const="", metavar="URL", help="play the cases on this proxy, or on one that is started with fake providers"
    )
    parser.add_argument("--key-env", metavar="NAME", help="with --live URL: the variable with the key (that of the master key)")
    parser.add_argument("--env-file", metavar="FILE", help="with --live URL: file with NAME=value lines (.env, where there is one)")
    parser.add_argument("--coverage", action="store_true", help="say which rules, branches and hops no case reaches")
    parser.add_argument(
        "--generate", nargs="?", const="", metavar="FILE", help="write cases for all rules, edges and hops; with --coverage for the rest"
    )
    parser.add_argument("--mutate", action="store_true", help="say which small changes of the rules no case notices")
    parser.add_argument("--seconds", type=seconds, metavar="N", help="for --mutate: what is left then is not decided (120)")
    parser.add_argument("--fail-under", metavar="PERCENT", help="exit with 1 below it: 80, or rule=100,branch=80,hop=100,mutant=100")


def run(options: argparse.Namespace) -> int:
    from rulec.testing.wanted import WrongShare

    try:
        collection, wanted = prepare(options)
    except (Unusable, WrongShare) as reason:
        return unusable(*reason.args)
    if options.generate is not None:
        return generate(collection, options)
    return judge(collection, wanted, options)


class Unusable(Exception):
    """Why nothing can be run, and what helps."""


def prepare(options: argparse.Namespace) -> tuple[Collection, dict[str, float]]:
    """The cases with their rules, and the shares that are wanted; raises Unusable or WrongShare."""
    from rulec.testing.cases import case_files
    from rulec.testing.collection import collect
    from rulec.testing.goals import KINDS
    from rulec.testing.wanted import wanted_shares

    if options.live and not options.live.startswith(("http://", "https://")):  # `--live rules/`
        options.paths, options.live = [options.live, *options.paths], ""
    if options.generate and not options.generate.endswith(CASES):  # `--generate rules/`
        options.paths, options.generate = [options.generate, *options.paths], ""
    if options.generate and exists(options.generate):
        reason = f"there is a `{options.generate}` already; it is not overwritten"
        raise Unusable(reason, "name another file, or remove it first")
    paths = [Path(one) for one in options.paths] or [Path(options.rules or "rules")]
    missing = next((path for path in paths if not exists(path)), None)
    if missing is not None:
        raise Unusable(f"there is no `{missing}`")
    kinds = [*(KINDS if options.coverage else ()), *((MUTANT,) if options.mutate else ())]
    if options.fail_under is not None and not kinds:
        raise Unusable("--fail-under goes with --coverage or --mutate")
    wanted = wanted_shares(options.fail_under, kinds) if options.fail_under is not None else {}
    folder = Path(options.rules) if options.rules else rules_for(paths)
    of_folder = options.coverage or options.mutate or options.generate is not None
    return collect([file for path in paths for file in case_files(path)], folder, of_folder), wanted


def judge(collection: Collection, wanted: dict[str, float], options: argparse.Namespace) -> int:
    """Runs the cases, then what else is asked about those of the rules folder."""
    from rulec.commands.tested import Tested, print_result
    from rulec.demo.stage import StageFailed
    from rulec.proxy import CannotServe
    from rulec.testing.judge import run_collection

    tested = Tested(run_collection(collection))
    if collection.shared is not None and not tested.report.problems:
        try:
            examine(tested, collection.shared, wanted, options)
        except (CannotServe, StageFailed) as reason:
            return unusable(str(reason))
    print_result(tested, options.format, options.verbose)
    if tested.report.problems:
        return 2
    if not (options.coverage or options.mutate or any(group.cases for group in collection.groups)):
        where = ", ".join(f"`{path}`" for path in options.paths) or f"`{options.rules or 'rules'}`"
        return unusable(f"there are no cases in {where}", "write some into a file that ends in .cases.yaml")
    return 1 if tested.failures or tested.shortfalls else 0


def examine(tested: Tested, group: Group, wanted: dict[str, float], options: argparse.Namespace) -> None:
    """Coverage, mutants and a real proxy, each where it is asked for; mutants need cases that hold."""
    from rulec.ir.lower import lower
    from rulec.testing.coverage import measure, shortfalls
    from rulec.testing.judge import Asker
    from rulec.testing.mutation import SECONDS, mutate, shortfall

    policy = group.compilation.policy
    asker = Asker(lower(policy))
    if options.coverage:
        tested.coverage = measure(asker, group.cases)
        tested.shortfalls += shortfalls(tested.coverage, wanted)
    if options.mutate and not tested.report.failures:
        tested.mutation = mutate(policy, group.cases, options.seconds or SECONDS)
        tested.shortfalls += shortfall(tested.mutation, wanted.get(MUTANT, 0.0))
    if options.live is not None:
        passed = set(map(id, tested.report.passed))
        tested.live = play(asker, [one for one in group.cases if id(one) in passed], options)


def generate(collection: Collection, options: argparse.Namespace) -> int:
    """Writes cases to a file, or to standard output."""
    from rulec.testing.coverage import measure, names_in
    from rulec.testing.generation import as_file
    from rulec.testing.generation import generate as generated_for
    from rulec.testing.judge import Asker

    shared = collection.shared
    if collection.problems or shared is None or shared.compilation.tree is None:
        print_diagnostics(collection.problems, options.format)
        return 2
    only = None
    if options.coverage:
        only = [goal for goal, _ in measure(Asker(shared.compilation.tree), shared.cases).missing]
    found = generated_for(shared.compilation.policy, names_in(shared.cases), only)
    for goal in found.undecided:
        print(f"rulec: not decided in time, so without a case: {goal.what}", file=sys.stderr)
    if not options.generate:
        print(as_file(found), end="")
        return 0
    with open(options.generate, "x", encoding="utf-8") as file:
        file.write(as_file(found))
    print(f"wrote {len(found.cases)} cases to {options.generate}")
    return 0


def play(asker: Asker, cases: list[Case], options: argparse.Namespace) -> Live:
    """Plays cases on the proxy that is named, or on one that is started for them."""
    from rulec.commands.demo import ended_by_signals
    from rulec.commands.serve_background import client_for
    from rulec.proxy import require_proxy
    from rulec.testing.live import play_all
    from rulec.testing.playground import RunningProxy, playground

    if options.live:
        options.port, options.run_dir = None, None
        return play_all(asker, cases, RunningProxy(client_for(options, options.live), asker.policy.fingerprint()))
    require_proxy()
    print("Starting fake providers and the LiteLLM proxy with the compiled rules ...", file=sys.stderr, flush=True)
    with ended_by_signals(), playground(asker.policy) as proxy:
        return play_all(asker, cases, proxy)


def seconds(text: str) -> float:
    """A number of seconds, for argparse."""
    if text.isascii() and text.isdigit() and 0 < int(text[:6]) <= 86400:
        return float(text)
    raise argparse.ArgumentTypeError(f"`{text}` is no number of seconds from 1 to 86400")


def unusable(reason: str, help: str | None = None) -> int:
    """Says why nothing could be run."""
    print(f"rulec: {reason}", file=sys.stderr)
    if help is not None:
        print(f"help: {help}", file=sys.stderr)
    return 2


def rules_for(paths: list[Path]) -> Path:
    """The rules that cases without rules of their own are asked of: a named folder that holds some, else `rules`."""
    from rulec.compiler import is_rule_file

    def holds_rules(folder: Path) -> bool:
        return folder.is_dir() and any(is_rule_file(one.name) for one in folder.iterdir() if one.is_file())

    named = next((path for path in paths if holds_rules(path)), None)
    if named is not None or Path("rules").is_dir():
        return named or Path("rules")
    return next((path.parent for path in paths if holds_rules(path.parent)), Path("rules"))
