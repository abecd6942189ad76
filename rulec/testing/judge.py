"""Runs routing tests against the meaning, the tree and the generated module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rulec.commands.answers import Answerer
from rulec.commands.requests import BadRequest, Described, describe
from rulec.compiler import Compilation
from rulec.diagnostics import Diagnostic
from rulec.ir.decide import Outcome
from rulec.ir.tree import Tree
from rulec.policy import meaning
from rulec.records import field, record
from rulec.runtime.records import Decision
from rulec.runtime.request import Request
from rulec.selfcheck.emitted import load_module, plain_answer, plain_decision
from rulec.testing.cases import Case
from rulec.testing.collection import Collection, collect
from rulec.testing.errors import Errors, NeverPicked, Player, Run, TooManyOrders
from rulec.testing.expectations import Difference, attempt_object, differences, differences_of_runs, numbers_picked


@record
class Failure:
    """A case whose decision was not the expected one."""

    case: Case
    differences: list[Difference]


@record(frozen=False)
class Report:
    passed: list[Case] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)


@record
class Asked:
    """A request, what the tree decides about it, and what becomes of it with the errors of a case."""

    described: Described
    request: Request
    outcome: Outcome
    runs: list[Run]


class Asker:
    """Asks one tree, and plays errors with the runtime's own plan."""

    def __init__(self, tree: Tree) -> None:
        self.policy = tree.policy
        self.answerer = Answerer(tree)
        self.walker = self.answerer.walker
        self.player = Player(tree.policy.sections, self.walker.catalogue)

    def ask(self, case: Case) -> Asked:
        """The answer to a case; raises BadRequest."""
        described = describe(case.request, self.policy.capability_header)
        request = self.walker.request(described.body, described.headers, **described.caller)
        outcome = self.walker.decide(request)
        return Asked(described, request, outcome, self.runs(case, request, outcome.decision))

    def runs(self, case: Case, request: Request, decision: Decision) -> list[Run]:
        """What may become of the request, if the case says anything of attempts."""
        if not case.plays:
            return []
        check_providers(case.errors, list(self.policy.providers))
        if decision.action == "pass":
            raise BadRequest("what LiteLLM tries by itself is not known here: `errors`, `tried` and `served_by` need a route")
        if decision.action == "refuse":
            return [Run(())]
        try:
            picked = numbers_picked(case, [self.answerer.candidate(one) for one in decision.candidates])
            return list(self.player.runs(decision, case.errors, frozenset(request.unavailable), picked))
        except LookupError as missing:
            raise BadRequest(f"`picked` has {missing.args[0]!r}, which is no candidate (or not so often)") from None
        except NeverPicked as problem:
            provider = decision.candidates[problem.args[0]].provider
            raise BadRequest(f"`picked` has `{provider}` where the strategy never puts it") from None
        except TooManyOrders:
            raise BadRequest(
                f"its {len(decision.candidates)} candidates may be tried in too many orders: say with `picked` who goes first"
            ) from None

    def differences(self, case: Case) -> list[Difference]:
        """Where the answer is not what the case expects; raises BadRequest."""
        return self.compared(case, self.ask(case))

    def compared(self, case: Case, asked: Asked) -> list[Difference]:
        answer = self.answerer.render(case.request, asked.outcome)
        return differences(case.expect, answer) + differences_of_runs(case, asked.runs)


def check_providers(errors: Errors, known: list[str]) -> None:
    """Refuse errors of a provider that does not exist."""
    for name in errors.providers:
        if name not in known:
            from rulec.diagnostics import suggest

            raise BadRequest(f"`errors` has no provider `{name}` ({suggest(name, known, 'provider')})")


class Judge(Asker):
    """Asks the meaning, the tree and the generated module for each case, and compares."""

    def __init__(self, compilation: Compilation) -> None:
        assert compilation.tree is not None
        super().__init__(compilation.tree)
        module = next(one for one in compilation.artifacts if one.path.endswith(".py"))
        self.decide: Callable[..., Any] = load_module(module.text)["decide"]

    def differences(self, case: Case) -> list[Difference]:
        """What differs: the answer from the expectation, or the meaning or the module from the answer."""
        asked = self.ask(case)
        found = self.compared(case, asked)
        tree = plain_decision(asked.outcome.decision)
        meant = plain_answer(meaning.decide(self.policy, asked.request))
        decided = self.decide(asked.described.body, asked.described.headers, **asked.described.caller)
        module = plain_decision(decided)
        for name, other in (("the meaning", meant), ("the generated module", module)):
            if other != tree:
                found.append((f"{name} (a bug in rulec)", tree, other))
        tried, again = ([_shown(run) for run in one] for one in (asked.runs, self.runs(case, asked.request, decided)))
        if again != tried:
            found.append(("the attempts of the generated module (a bug in rulec)", tried, again))
        return found


def _shown(run: Run) -> list[dict[str, Any]]:
    return [attempt_object(one) for one in run.attempts]


def run_files(files: list[Path], folder: Path) -> Report:
    """Runs the cases of all files; those without rules of their own are asked of the rules in `folder`."""
    return run_collection(collect(files, folder))


def run_collection(collection: Collection) -> Report:
    """Runs every case of a collection."""
    report = Report(problems=list(collection.problems))
    for group in collection.groups:
        judge = Judge(group.compilation)
        for case in group.cases:
            try:
                found = judge.differences(case)
            except BadRequest as problem:
                report.problems.append(Diagnostic("cases", "error", f"`{case.name}`: {problem}", case.span))
                continue
            if found:
                report.failures.append(Failure(case, found))
            else:
                report.passed.append(case)
    return report
