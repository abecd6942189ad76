"""A policy as the plain data that the runtime reads: tuples of texts and numbers, names kept, patterns numbered."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

from rulec.patterns.compiled import CompiledPattern, Spec
from rulec.policy.model import Chain, ModelsTarget, NativeTarget, Pass, Policy, ProvidersTarget, Refuse, Rule, Target
from rulec.policy.signals import signal_id_key
from rulec.syntax import conditions as when
from rulec.syntax.ast import Tuning
from rulec.syntax.conditions import Condition

Row = tuple[Any, ...]

_FIRST_YEAR, _LAST_YEAR = 2020, 2060


class Rows:
    """The rows of one policy: `providers`, `models`, `rules` and `chains` for `runtime.catalogue` and `runtime.engine`."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.patterns: list[Spec] = []
        self._pattern_numbers: dict[Spec, int] = {}
        self.zones: list[tuple[tuple[int, int], ...]] = []
        self._zone_numbers: dict[str, int] = {}
        self.known_chains: list[Row] = []
        """Those of the rules whose rows were made."""
        self._chain_numbers: dict[int, int] = {}
        self._chain_rows: dict[str, int] = {}
        self.providers: dict[str, Row] = {
            one.name: (one.template, tuple(self.pattern(p) for p in one.accepts), one.default_model, one.context)
            for one in policy.providers.values()
        }
        self.models = policy.once("model rows", model_rows)
        self.deployments = policy.once("deployment rows", deployment_rows)

    @cached_property
    def rules(self) -> list[Row]:
        """The rows of all rules."""
        return [self.rule(one) for one in self.policy.rules]

    @property
    def chains(self) -> list[Row]:
        """The chains of all rules."""
        return self.known_chains if self.rules else []

    def pattern(self, pattern: CompiledPattern) -> int:
        """The number of a pattern; patterns with one matcher share it."""
        number = self._pattern_numbers.get(pattern.spec)
        if number is None:
            number = self._pattern_numbers[pattern.spec] = len(self.patterns)
            self.patterns.append(pattern.spec)
        return number

    def zone(self, name: str) -> int:
        if name not in self._zone_numbers:
            self._zone_numbers[name] = len(self.zones)
            self.zones.append(zone_offsets(name))
        return self._zone_numbers[name]

    def rule(self, rule: Rule) -> Row:
        strategy = None if rule.strategy == "random" and not rule.strategy_fixed else rule.strategy
        target, chain = self.target(rule.target), self.chain(rule.chain)
        return (rule.name, rule.phase, target, chain, strategy, rule.sticky, rule.prefer_warm)

    def target(self, target: Target) -> Row:
        if isinstance(target, ProvidersTarget):
            return ("providers", target.providers, target.substitute)
        if isinstance(target, ModelsTarget):
            narrow = target.narrowing
            return ("models", target.models, target.providers, target.min_size, target.min_context, narrow)
        if isinstance(target, Refuse):
            return ("refuse", target.text, target.status)
        if isinstance(target, Pass):
            return ("pass",)
        if isinstance(target, NativeTarget):
            return ("native", target.simple, target.complex)
        return ("virtual", target.simple, target.complex, target.threshold)

    def chain(self, chain: Chain) -> int:
        number = self._chain_numbers.get(id(chain))
        if number is None:
            hops = tuple(
                (
                    hop.provider,
                    hop.model,
                    hop.on_error,
                    hop.when.text if hop.when is not None else None,
                    self.condition(hop.when.condition) if hop.when is not None else None,
                    tuple(dict.fromkeys(one.text for one in hop.when.providers)) if hop.when is not None else (),
                )
                for hop in chain.hops
            )
            row = (chain.name, hops, chain.retry_attempts, chain.retry_delay_ms)
            number = self._chain_rows.setdefault(repr(row), len(self.known_chains))  # in which 1 is not 1.0, nor true
            self._chain_numbers[id(chain)] = number
            if number == len(self.known_chains):
                self.known_chains.append(row)
        return number

    def condition(self, condition: Condition) -> Row:
        """A condition as the data of `runtime.conditions.build_test`."""
        if isinstance(condition, when.Always):
            return ("always",)
        if isinstance(condition, when.And):
            return ("and", tuple(self.condition(one) for one in condition.items))
        if isinstance(condition, when.Or):
            return ("or", tuple(self.condition(one) for one in condition.items))
        if isinstance(condition, when.Not):
            return ("not", self.condition(condition.item))
        if isinstance(condition, when.Unavailable):
            return ("unavailable", condition.provider)
        if isinstance(condition, when.Between):
            return ("between", condition.start, condition.end, self.zone(condition.zone))
        if isinstance(condition, when.OnDays):
            return ("days", condition.days, self.zone(condition.zone))
        if isinstance(condition, when.Tagged):
            return ("tag", condition.tag)
        field = (condition.field.name, condition.field.argument)
        if isinstance(condition, when.Present):
            return ("present", *field)
        if isinstance(condition, when.Flag):
            return ("flag", *field)
        if isinstance(condition, when.Matches):
            return ("matches", *field, self.pattern(condition.pattern))
        if isinstance(condition, when.Among):
            return ("among", *field, condition.literals)
        return ("compare", *field, condition.operator, condition.literal)


_HANDLING = {
    "weight": "weight",
    "priority": "priority",
    "num_retries": "retries",
    "retry_after": "retry_delay",
    "cooldown": "cooldown",
    "cache_ttl": "cache_ttl",
}
"""What the runtime calls what the rules say of a deployment."""


def model_rows(policy: Policy) -> dict[str, Row | None]:
    """What the runtime knows of models; None is for those that LiteLLM splits itself."""
    rows: dict[str, Row | None] = {
        one.name: (one.served_by, one.size, one.context) for one in policy.models.values()
    }
    return {**rows, **dict.fromkeys(sorted(policy.native))}


def deployment_rows(policy: Policy) -> dict[tuple[str, str], dict[str, Any]]:
    """What is said of deployments, by (client-visible name, provider); (`*`, provider) is for all other names."""
    id_key = signal_id_key(policy)
    found = {("*", name): _deployment_row(policy.deployment(name, None), id_key) for name in policy.providers}
    for model in policy.models.values():
        for provider in policy.providers if model.handling else model.deployments:
            found[model.name, provider] = _deployment_row(policy.deployment(provider, model.name), id_key)
    return {place: row for place, row in found.items() if row}


def _deployment_row(deployment: Tuning, id_key: str | None) -> dict[str, Any]:
    handling = deployment.handling
    row = {word: handling[key] for key, word in _HANDLING.items() if key in handling}
    signal_id = handling.get("model_info", {}).get(id_key)
    return {**row, "signal_id": str(signal_id)} if isinstance(signal_id, (str, int)) else row


@lru_cache(maxsize=64)
def zone_offsets(name: str) -> tuple[tuple[int, int], ...]:
    """A zone's offsets from UTC as (seconds since 1970, offset in seconds), so that no tzdata is needed at run time.

    They cover the years 2020 to 2060; before and after, the first and the last one hold.
    """
    from datetime import datetime, timedelta, timezone
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(name)

    def offset(moment: datetime) -> int:
        return int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds())

    at = datetime(_FIRST_YEAR, 1, 1, tzinfo=timezone.utc)
    end = datetime(_LAST_YEAR, 1, 1, tzinfo=timezone.utc)
    offsets = [(0, offset(at))]
    while at < end:
        following = at + timedelta(days=7)
        if offset(following) != offsets[-1][1]:
            low, high = int(at.timestamp()), int(following.timestamp())
            while high - low > 1:
                middle = (low + high) // 2
                if offset(datetime.fromtimestamp(middle, timezone.utc)) == offsets[-1][1]:
                    low = middle
                else:
                    high = middle
            offsets.append((high, offset(datetime.fromtimestamp(high, timezone.utc))))
        at = following
    return tuple(offsets)
