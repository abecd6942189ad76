"""What lints share: the policy, the analyser, and answers that several of them need, each worked out once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

from rulec.analysis.analysis import Analysis, Dead
from rulec.analysis.budget import Budget
from rulec.analysis.draft import Witness
from rulec.analysis.question import Region, Verdict, find
from rulec.analysis.readable import readable
from rulec.lints.dead import Cause, DeadRule, explained
from rulec.lints.settings import Settings
from rulec.lints.suppressions import Suppressions
from rulec.policy.model import Chain, Model, Policy, Provider, Rule
from rulec.policy.names import CatalogueNames
from rulec.records import record
from rulec.source import Source, Span

Shared = TypeVar("Shared")


@record
class Undecided:
    """A question that was not decided in the time that it may take."""

    question: str
    span: Span


class Context:
    """One policy under the eyes of all lints; `names` are model names that witnesses prefer beside the catalogue's."""

    def __init__(
        self, policy: Policy, settings: Settings | None = None, names: Iterable[str] = ()
    ) -> None:
        self.policy = policy
        self.settings = settings or Settings()
        self.analysis = Analysis(policy, names, seconds=self.settings.question_seconds)
        self.undecided: list[Undecided] = []
        self.running: frozenset[str] = frozenset()
        """The names of the lints that run."""
        self._ends = time.perf_counter() + self.settings.total_seconds
        self._verdicts: dict[int, Witness | Dead | Verdict] = {}
        self._dead: dict[int, DeadRule] = {}
        self._shared: dict[Callable[[Context], Any], Any] = {}

    @property
    def rules(self) -> Sequence[Rule]:
        return self.policy.rules

    def verdict(self, rule: Rule) -> Witness | Dead | Verdict:
        """A request that a rule decides; why none reaches it; or that this was not decided, which is told once."""
        found = self._verdicts.get(rule.position)
        if found is None:
            found = self.analysis.live(rule) if self.in_time() else Verdict.UNDECIDED
            if found is Verdict.UNDECIDED:
                self.not_decided(f"whether `{rule.name}` can match", rule.span)
            self._verdicts[rule.position] = found
        return found

    def live(self) -> Iterator[tuple[Rule, Witness]]:
        """Every rule that decides some request, with that request."""
        for rule in self.rules:
            verdict = self.verdict(rule)
            if isinstance(verdict, Witness):
                yield rule, verdict

    def decides(self, rule: Rule | None, question: str, *within: Region) -> Witness | None:
        """A request in some regions that a rule (None: no rule) decides; None also where that was not decided, which is told."""
        found = self.ask_of(rule, question, *within)
        return found if isinstance(found, Witness) else None

    def ask_of(self, rule: Rule | None, question: str, *within: Region) -> Witness | Verdict:
        """The same with the verdict, for who needs to know that there is none."""
        found = self.analysis.decides(rule, *within) if self.in_time() else Verdict.UNDECIDED
        if found is Verdict.UNDECIDED:
            self.not_decided(question, (rule or self.rules[-1]).span)
        return found

    def unserved(self, rule: Rule, question: str, *within: Region) -> Witness | None:
        """A request in some regions that comes to a rule and that nobody can serve for it; that it was not decided is told."""
        found = self.analysis.unserved(rule, *within) if self.in_time() else Verdict.UNDECIDED
        if found is Verdict.UNDECIDED:
            self.not_decided(question, rule.span)
        return found if isinstance(found, Witness) else None

    def witness(self, rule: Rule) -> Witness | None:
        """A request that a rule decides, if there is one."""
        found = self.verdict(rule)
        return found if isinstance(found, Witness) else None

    def find(
        self, question: str, span: Span, all_of: Iterable[Region], none_of: Iterable[Region] = ()
    ) -> Witness | None:
        """A request in all of some regions and in none of others; None also where that was not decided, which is told."""
        wanted, unwanted = list(all_of), list(none_of)
        found = self.ask(question, span, wanted, unwanted)
        if not isinstance(found, Witness):
            return None

        def stays(better: Witness) -> bool:
            return all(one.holds(better) for one in wanted) and not any(one.holds(better) for one in unwanted)

        return readable(found, self.analysis.space, stays)

    def proves_none(
        self, question: str, span: Span, all_of: Iterable[Region], none_of: Iterable[Region] = ()
    ) -> bool:
        """Whether it is proved that no request is in all of some regions and in none of others; if not decided, that is told."""
        return self.ask(question, span, all_of, none_of, replayed=False) is Verdict.NONE

    def ask(
        self, question: str, span: Span, all_of: Iterable[Region], none_of: Iterable[Region] = (), replayed: bool = True
    ) -> Witness | Verdict:
        """A request in all of some regions and in none of others, as it was found; that it was not decided is told."""
        found: Witness | Verdict = Verdict.UNDECIDED
        if self.in_time():
            found = find(all_of, none_of, Budget(self.settings.question_seconds), replayed)
        if found is Verdict.UNDECIDED:
            self.not_decided(question, span)
        return found

    def dead(self, *causes: Cause) -> Iterator[DeadRule]:
        """The rules that decide nothing for one of these reasons."""
        for rule in self.rules:
            verdict = self.verdict(rule)
            if not isinstance(verdict, Dead):
                continue
            found = self._dead.get(rule.position)
            if found is None:
                found = self._dead[rule.position] = explained(self, rule, verdict)
            if found.cause in causes:
                yield found

    def in_time(self) -> bool:
        """Whether the run may ask further questions."""
        return time.perf_counter() < self._ends

    def not_decided(self, question: str, span: Span) -> None:
        self.undecided.append(Undecided(question, span))

    def shared(self, make: Callable[[Context], Shared]) -> Shared:
        """What some lints share, made when the first of them asks."""
        if make not in self._shared:
            self._shared[make] = make(self)
        found: Shared = self._shared[make]
        return found

    @cached_property
    def suppressions(self) -> Suppressions:
        """The comments of the rule files that switch lints off."""
        return Suppressions(self.sources)

    @cached_property
    def names(self) -> CatalogueNames:
        return CatalogueNames(self.policy)

    @cached_property
    def sources(self) -> list[Source]:
        """The rule files that declare something, in the order of their paths."""
        policy = self.policy
        nouns: list[Rule | Provider | Model] = [*policy.rules, *policy.providers.values(), *policy.models.values()]
        spans: list[Span] = [*(one.span for one in nouns), *policy.places.values()]
        spans += [hop.span for chain in policy.chains.values() for hop in chain.hops]
        return sorted(dict.fromkeys(one.source for one in spans), key=lambda one: one.path)

    @cached_property
    def chains(self) -> list[tuple[Chain, list[Rule]]]:
        """Every chain that has hops, with the rules that use it; a chain that none uses has no rules."""
        users: dict[int, tuple[Chain, list[Rule]]] = {id(one): (one, []) for one in self.policy.chains.values()}
        for rule in self.rules:
            if rule.chain.hops:
                users.setdefault(id(rule.chain), (rule.chain, []))[1].append(rule)
        return list(users.values())
