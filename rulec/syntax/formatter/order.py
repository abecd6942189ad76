"""The order of sections: what exists, the rules as they are tried, what follows when a target fails, the rest."""

from __future__ import annotations

EXISTS = ("version", "x-", "request", "complexity", "providers", "models")
TRIED = (
    "request_metadata_routing",
    # Exact rules are tried as one phase: the order between these three is the author's.
    ("exact_matches", "virtual_models", "redundant_models"),
    "patterns",
    "capabilities",
    "model_size_routing",
    "default",
)
REST = (
    "fallback_chains",
    "load_balancing",
    "first_request_routing",
    "rate_limited_fallback",
    "error_based_routing",
    "signals",
    "defaults",
    "litellm",
)

_RANKS = {
    name: rank
    for rank, names in enumerate((*EXISTS, *TRIED, *REST))
    for name in (names if isinstance(names, tuple) else (names,))
}
_UNKNOWN = len(_RANKS)


def rank(section: str) -> int:
    """The place of a section; sections of one rank, and those that nobody knows, stay in the order of the text."""
    return _RANKS["x-"] if section.startswith("x-") else _RANKS.get(section, _UNKNOWN)
