"""What the rules say of single deployments: weight, priority, retries and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOTHING_SAID: Mapping[str, Any] = {}


class Tuned:
    """Who knows it; `deployments` is by (client-visible name, provider), and the name `*` is any other."""

    deployments: Mapping[tuple[str, str], Mapping[str, Any]]

    def deployment(self, place: Any) -> Mapping[str, Any]:
        """What the rules say of a candidate or hop, where they say anything."""
        found = self.deployments.get((place.group, place.provider))
        return self.deployments.get(("*", place.provider), NOTHING_SAID) if found is None else found
