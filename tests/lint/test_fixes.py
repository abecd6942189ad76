"""Fixes: what is removed is one entry and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rulec.commands.fixing import edited
from rulec.lints.removal import removal
from rulec.source import Source, Span

REMOVALS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "removals.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", REMOVALS, ids=lambda case: case["what"])
def test_an_entry_is_removed(case: dict[str, Any]) -> None:
    text = case["before"]
    at = text.index(case["name"])
    edits = removal(Span(Source("rules/a.yaml", text), at, at + len(case["name"])))
    assert (edited(text, edits) if edits else None) == case["after"]
