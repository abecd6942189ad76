"""What all tests share: no trees left in the user's home, and proxies that only one of several workers starts."""

import os
from pathlib import Path

import pytest

os.environ["RULEC_CACHE"] = "off"

ALONE = {
    "proxy": "proxies",
    "test_demo.py": "processes",
    "test_serve.py": "processes",
    "test_serve_background.py": "processes",
    "editor": "editor",
}
"""Tests that share something costly run one after the other, in one worker."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        group = ALONE.get(item.path.relative_to(here).parts[0]) if item.path.is_relative_to(here) else None
        if group is not None:
            item.add_marker(pytest.mark.xdist_group(group))
