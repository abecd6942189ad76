"""What all tests share: no trees left in the user's home, and proxies that only one of several workers starts."""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

os.environ["RULEC_CACHE"] = "off"

ALONE = {
    "tests/proxy/": "proxies",
    "tests/test_demo.py": "processes",
    "tests/test_serve.py": "processes",
    "tests/test_serve_background.py": "processes",
    "tests/editor/": "editor",
}
"""Tests that share something costly run one after the other, in one worker."""


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out tests one by one, those that run alone together."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for start, group in ALONE.items() if nodeid.startswith(start)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)
