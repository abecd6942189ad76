"""What all tests share: no trees left in the user's home, and proxies that only one of several workers starts."""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

os.environ["RULEC_CACHE"] = "off"

PROXIES_OF_THEIR_OWN = ("deployments", "large", "lists_and_retrieval", "live", "outage", "pair", "router", "seeds", "virtual")
TOGETHER = {
    **{f"tests/proxy/test_{name}.py": name for name in PROXIES_OF_THEIR_OWN},
    "tests/proxy/": "the shared proxy",
    "tests/editor/": "editor",
}
"""Tests that share something costly run one after the other, in one worker; the largest of these groups begin."""


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out tests one by one, those that share something together."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for start, group in TOGETHER.items() if nodeid.startswith(start)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins, and what is quick fills the gaps in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
