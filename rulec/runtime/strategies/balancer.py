"""Which candidate goes first: the order in which the candidates of a decision are tried."""

from __future__ import annotations

import random
import sys
from itertools import groupby
from typing import Any

from rulec.runtime.strategies.drawn import drawn_fairly, random_order, stable_share, weighted_order
from rulec.runtime.strategies.ranking import STRATEGIES, WATCHERS
from rulec.runtime.tuned import Tuned

MOST_COUNTERS = 10_000
INPUT_SHARE = 0.75  # of the tokens that are paid for; prompts are longer than answers
MOST_PRICES = 10_000


class Facts(Tuned):
    """What strategies know of candidates without having seen them serve: context and price."""

    def __init__(self, tables: dict[str, Any], watchers: dict[str, Any] | None = None) -> None:
        self.watchers = watchers or {}
        self.providers = tables.get("providers", {})
        self.models = tables.get("models", {})
        self.costs = tables.get("costs", {})
        self.deployments = tables.get("deployments", {})
        self.keeps_answers = any(one.get("cache_ttl") for one in self.deployments.values())
        self.prices: dict[tuple[str, str], float | None] = {}

    def context(self, candidate: Any) -> int | None:
        """The context of the model, else of the provider."""
        entry = self.models.get(candidate.group)
        context: int | None = entry[2] if entry is not None else None
        return self.providers[candidate.provider][3] if context is None else context

    def figure(self, signal: str, candidate: Any) -> float | None:
        """What a signal says of a candidate, by the id that it has there, else by the provider's name."""
        signals = self.watchers.get("signals")
        if signals is None:
            return None
        figure: float | None = signals.figure(signal, self.deployment(candidate).get("signal_id", candidate.provider))
        return figure

    def price(self, candidate: Any) -> float | None:
        """Per million tokens, three of four of them input: the catalogue's, else that of LiteLLM's price map."""
        key = (candidate.group, candidate.litellm_model)
        if key not in self.prices:
            if len(self.prices) >= MOST_PRICES:
                self.prices.clear()
            cost = self.costs.get(candidate.group) or cost_by_litellm(candidate.litellm_model)
            self.prices[key] = None if cost is None else INPUT_SHARE * cost[0] + (1 - INPUT_SHARE) * cost[1]
        return self.prices[key]


def cost_by_litellm(model: str) -> tuple[float, float] | None:
    """Input and output per million tokens by the price map that LiteLLM holds in memory."""
    known = getattr(sys.modules.get("litellm"), "model_cost", None) or {}
    entry = known.get(model) or known.get(model.partition("/")[2]) or {}
    paid, made = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not isinstance(paid, (int, float)) or not isinstance(made, (int, float)):
        return None
    return paid * 1_000_000, made * 1_000_000


class Tier:
    """The candidates of a decision that have one priority; for strategies a decision of its own."""

    __slots__ = ("candidates", "prefer_warm", "rule", "sticky", "strategy")

    def __init__(self, decision: Any, priority: int | None, candidates: tuple[Any, ...]) -> None:
        self.rule = f"{decision.rule} (priority {priority})"
        self.strategy = decision.strategy
        self.sticky = decision.sticky
        self.prefer_warm = decision.prefer_warm
        self.candidates = candidates


class Balancer:
    """The strategies of one rule set with their settings, and whose turn it is."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self.watchers = {name: make(tables) for name, make in WATCHERS.items()}
        self.facts = Facts(tables, self.watchers)
        self.warmth = self.watchers.get("warm")
        self.turns: dict[str, int] = {}
        settings = tables.get("strategies", {})
        self.ranking = {name: make(settings.get(name, {})) for name, make in STRATEGIES.items()}

    def order(
        self, decision: Any, identity: str | None, rng: Any = random, state: Any = None, health: Any = None
    ) -> list[int]:
        """The candidates' numbers in the order to try them.

        `identity` is who a sticky decision sticks to, `health` who is in trouble, where anybody is.
        """
        candidates = decision.candidates
        if len(candidates) == 1:
            return [0]
        if not candidates or candidates[0].priority == candidates[-1].priority:
            return self.among_equals(decision, identity, rng, state, health)
        order: list[int] = []
        for priority, equals in groupby(candidates, key=lambda one: one.priority):
            tier = Tier(decision, priority, tuple(equals))
            begin = len(order)
            order += [begin + number for number in self.among_equals(tier, identity, rng, state, health)]
        return order

    def among_equals(self, decision: Any, identity: str | None, rng: Any, state: Any, health: Any) -> list[int]:
        """The order among candidates of one priority, by the strategy; warm ones first, where that is asked."""
        if len(decision.candidates) < 2:
            return list(range(len(decision.candidates)))
        order = self.by_strategy(decision, identity, rng, state, health)
        return order if self.warmth is None or state is None else self.warmth.first_ones(decision, order, state)

    def by_strategy(self, decision: Any, identity: str | None, rng: Any, state: Any, health: Any) -> list[int]:
        """The order by the strategy alone; a degraded candidate has half of its share."""
        candidates = decision.candidates
        count = len(candidates)
        halved = set() if health is None else health.degraded(candidates)
        if decision.strategy == "weighted":
            if decision.sticky is not None and identity is not None:
                return weighted_order(candidates, stable_share(f"{decision.rule}\n{identity}"), rng)
            return drawn_fairly(lambda: weighted_order(candidates, None, rng), halved, rng)
        ranking = self.ranking.get(decision.strategy) if state is not None else None
        if ranking is None and decision.strategy != "round_robin":
            return drawn_fairly(lambda: random_order(count, rng), halved, rng)
        ready = list(range(count))
        if health is not None:
            out = health.passed_over(candidates)
            ready = [number for number in ready if number not in out] or ready
        order = self.in_turn(decision.rule or "", ready)
        if ranking is not None:
            order.sort(key=ranking.ranks(decision, state, self.facts).__getitem__)  # equal ones stay in turn
        if order[0] in halved and health.gives_way(candidates[order[0]]):
            order.append(order.pop(0))
        return order if len(order) == count else order + sorted(set(range(count)).difference(order))

    def in_turn(self, name: str, numbers: list[int]) -> list[int]:
        """The next of these in turn, then those after it; each rule and worker keeps a turn of its own."""
        if len(self.turns) >= MOST_COUNTERS:
            self.turns.clear()
        turn = self.turns.get(name, 0)
        self.turns[name] = turn + 1
        first = turn % len(numbers)
        return numbers[first:] + numbers[:first]

    def take_over(self, old: Any) -> None:
        """Go on where the old rules were in turn, with what was seen in the background."""
        self.turns.update(old.turns)
        for name, watcher in self.watchers.items():
            if name in old.watchers:
                watcher.take_over(old.watchers[name])

    def tasks(self, state: Any) -> list[Any]:
        """What is to run in the background, as awaitables."""
        return [task for watcher in self.watchers.values() for task in watcher.tasks(state)]
