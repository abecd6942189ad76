"""What a decision is made of: immutable records that read as attributes and as keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PLAIN_ERROR_KINDS = frozenset(("rate_limit", "timeout", "connection", "server_error", "quota", "auth", "not_found"))
"""What a hop without `on_error` takes: not context_window, content_policy and bad_request."""


class Record:
    """Fields by attribute or by key; equal where all fields are."""

    __slots__: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        if name in self.shown:
            return getattr(self, name)
        raise KeyError(name)

    def keys(self) -> tuple[str, ...]:
        return self.shown

    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name) if name in self.shown else default

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(getattr(self, one) == getattr(other, one) for one in self.shown)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, one) for one in self.shown))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{one}={getattr(self, one)!r}' for one in self.shown)})"


class Candidate(Record):
    """One deployment that may serve: `model` is the upstream name, `group` the client-visible one.

    Of a decision's candidates those of a lower priority go first, and those of none last.
    """

    __slots__ = ("provider", "model", "litellm_model", "group", "weight", "priority")
    shown = __slots__

    def __init__(
        self,
        provider: str,
        model: str,
        litellm_model: str,
        group: str,
        weight: float | None = None,
        priority: int | None = None,
    ) -> None:
        self.provider = provider
        self.model = model
        self.litellm_model = litellm_model
        self.group = group
        self.weight = weight
        self.priority = priority


class Hop(Record):
    """One step of a fallback chain that is possible for the request; `when` is the part that is decided later."""

    __slots__ = ("provider", "model", "litellm_model", "group", "on_error", "when", "chain", "kinds", "test")
    shown = ("provider", "model", "litellm_model", "group", "on_error", "when", "chain")

    def __init__(
        self,
        place: Candidate | Hop,
        on_error: tuple[str, ...] | None,
        when: str | None,
        chain: str | None,
        test: Callable[[Any, frozenset[str]], bool] | None = None,
    ) -> None:
        self.provider: str = place.provider
        self.model: str = place.model
        self.litellm_model: str = place.litellm_model
        self.group: str = place.group
        self.on_error = on_error
        self.when = when
        self.chain = chain
        self.kinds = PLAIN_ERROR_KINDS if on_error is None else frozenset(on_error)
        self.test = test

    def takes(self, kind: str) -> bool:
        """Whether the hop is for errors of this kind."""
        return kind in self.kinds

    def allowed(self, request: Any, failed_providers: set[str] | frozenset[str] = frozenset()) -> bool:
        """Whether the hop's condition holds for the request now that these providers have failed."""
        return self.test is None or self.test(request, request.unavailable | failed_providers)


class Decision(Record):
    """What the rules say about one request.

    `leaf` knows the hops; `request` is None where all requests that come to this leaf have the same ones.
    """

    __slots__ = (
        "action",
        "rule",
        "phase",
        "candidates",
        "strategy",
        "sticky",
        "status",
        "text",
        "retry_attempts",
        "retry_delay_ms",
        "prefer_warm",
        "_fallbacks",
        "leaf",
        "request",
    )
    shown = (*__slots__[:6], "fallbacks", *__slots__[6:-3])

    def __init__(
        self,
        action: str,
        rule: str | None,
        phase: str | None,
        candidates: tuple[Candidate, ...] = (),
        strategy: str | None = None,
        sticky: str | None = None,
        fallbacks: tuple[Hop, ...] | None = (),
        status: int | None = None,
        text: str | None = None,
        retry_attempts: int = 0,
        retry_delay_ms: int = 0,
        prefer_warm: bool = False,
        leaf: Any = None,
        request: Any = None,
    ) -> None:
        self.action = action
        self.rule = rule
        self.phase = phase
        self.candidates = candidates
        self.strategy = strategy
        self.sticky = sticky
        self._fallbacks = fallbacks  # None: what `leaf` says while no candidate is picked
        self.status = status
        self.text = text
        self.retry_attempts = retry_attempts
        self.retry_delay_ms = retry_delay_ms
        self.prefer_warm = prefer_warm
        self.leaf = leaf
        self.request = request

    @property
    def fallbacks(self) -> tuple[Hop, ...]:
        """The hops that are possible while it is open which candidate is picked; few ask for them."""
        if self._fallbacks is None:
            self._fallbacks = () if self.leaf is None else self.leaf.hops(self.request, None)
        return self._fallbacks

    def hops(self, candidate: Candidate) -> tuple[Hop, ...]:
        """The hops that are possible once this candidate was picked, which itself is not among them."""
        if self.leaf is None or len(self.candidates) == 1:
            return self.fallbacks
        found: tuple[Hop, ...] = self.leaf.hops(self.request, candidate)
        return found
