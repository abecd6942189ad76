"""What exists: providers and models as plain data, and who serves what by which name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rulec.runtime.matching import build_matcher
from rulec.runtime.records import Candidate
from rulec.runtime.sizes import is_regular_name, size_from_name
from rulec.runtime.tuned import Tuned

MOST_REMEMBERED = 32_768
NOBODY: frozenset[str] = frozenset()


class Catalogue(Tuned):
    """Providers are (template, accepted patterns, default model, context), models (served by, size, context).

    A model that is None is LiteLLM's own business: nobody serves it.

    `patterns` are the matchers of the rule set as data; rules, providers and conditions name them by number.
    """

    def __init__(
        self,
        providers: Mapping[str, Sequence[Any]],
        models: Mapping[str, Sequence[Any] | None],
        patterns: Sequence[Sequence[Any]],
        deployments: Mapping[tuple[str, str], Mapping[str, Any]],
    ) -> None:
        self.providers = providers
        self.models = models
        self.patterns = patterns
        self.deployments = deployments
        self.matchers: list[Callable[[str], bool] | None] = [None] * len(patterns)
        self.fixed = {name: None if "{model}" in one[0] else one[0].rpartition("/")[2] for name, one in providers.items()}
        self.accepting: dict[str, frozenset[str]] = {}
        self.open = frozenset(name for name, one in providers.items() if any(patterns[at][0] == "any" for at in one[1]))
        self.choosing = [(name, one[1]) for name, one in providers.items() if one[1] and name not in self.open]

    def matches(self, pattern: int, text: str) -> bool:
        """Whether a pattern matches."""
        return self.matcher(pattern)(text)

    def matcher(self, pattern: int) -> Callable[[str], bool]:
        """The test of a pattern, built when it is first needed."""
        found = self.matchers[pattern]
        if found is None:
            found = self.matchers[pattern] = build_matcher(self.patterns[pattern])
        return found

    def accepts(self, model: str) -> frozenset[str]:
        """The providers whose patterns take this name, remembered for the names asked last where patterns choose."""
        if not is_regular_name(model) or self.models.get(model, ()) is None:
            return NOBODY
        if not self.choosing:
            return self.open
        found = self.accepting.get(model)
        if found is None:
            if len(self.accepting) >= MOST_REMEMBERED:
                self.accepting.clear()
            found = self.accepting[model] = self.open.union(
                name for name, patterns in self.choosing if any(self.matches(one, model) for one in patterns)
            )
        return found

    def size(self, model: str | None) -> int | None:
        """The parameters of a requested model: the catalogue's, else read from its name."""
        if model is None:
            return None
        entry = self.models.get(model)
        if entry is None or entry[1] is None:
            return size_from_name(model)
        size: int = entry[1]
        return size if is_regular_name(model) else None

    def serving(self, model: str) -> list[str]:
        """The providers that serve a model, in the catalogue's order, else in the order they are declared."""
        entry = self.models.get(model)
        if entry is not None and entry[0] is not None:
            return [name for name, _ in entry[0]]
        accepting = self.accepts(model)
        return [name for name in self.providers if name in accepting]

    def candidates(self, providers: Iterable[tuple[str, float | None]], model: str) -> list[Candidate]:
        """The places where these providers, each with its weight, serve a model; of those that can."""
        entry = self.models.get(model)
        served = dict(entry[0]) if entry is not None and entry[0] is not None else {}
        accepting = self.accepts(model)
        return [
            self.place(provider, self.fixed[provider] or served.get(provider, model), model, weight)
            for provider, weight in providers
            if provider in served or provider in accepting
        ]

    def candidate(self, provider: str, model: str) -> Candidate | None:
        """The place where a provider serves a model, None where it cannot."""
        return next(iter(self.candidates([(provider, None)], model)), None)

    def place(self, provider: str, upstream: str, model: str, weight: float | None = None) -> Candidate:
        litellm_model = self.providers[provider][0].replace("{model}", upstream)
        return Candidate(provider, upstream, litellm_model, model, weight)

    def arranged(
        self, candidates: tuple[Candidate, ...], strategy: str | None
    ) -> tuple[tuple[Candidate, ...], str | None]:
        """The candidates of a rule by priority, and the strategy among equal ones.

        Where the rule gives no weights and no other strategy, those of the deployments count.
        """
        if len(candidates) < 2:
            return candidates, None
        told = [self.deployment(one) for one in candidates] if self.deployments else []
        own_weights = any(one.weight is not None for one in candidates)
        weigh = strategy in (None, "weighted") and not own_weights and any("weight" in one for one in told)
        if weigh or any("priority" in one for one in told):
            candidates = tuple(
                Candidate(
                    one.provider,
                    one.model,
                    one.litellm_model,
                    one.group,
                    said.get("weight", 1.0) if weigh else one.weight,
                    said.get("priority"),
                )
                for one, said in zip(candidates, told, strict=True)
            )
            candidates = tuple(sorted(candidates, key=_by_priority))
        return candidates, "weighted" if weigh else strategy or "random"

    def stand_in(self, provider: str, weight: float | None = None) -> Candidate | None:
        """A provider's default model, which stands in where the rules say so."""
        default = self.providers[provider][2]
        if default is None:
            return None
        served = self.candidates([(provider, weight)], default)
        return served[0] if served else self.place(provider, self.fixed[provider] or default, default, weight)

    def fits(self, place: Candidate, min_size: int | None, min_context: int | None) -> bool:
        """Whether a candidate is large enough; an unknown size or context is not."""
        entry = self.models.get(place.group)
        if min_size is not None:
            size = entry[1] if entry is not None else None
            if size is None:
                size = size_from_name(place.group)
            if size is None:
                size = size_from_name(place.model)
            if size is None or size < min_size:
                return False
        if min_context is not None:
            context = entry[2] if entry is not None else None
            if context is None:
                context = self.providers[place.provider][3]
            if context is None or context < min_context:
                return False
        return True


def _by_priority(candidate: Candidate) -> float:
    return math.inf if candidate.priority is None else candidate.priority
