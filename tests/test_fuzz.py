"""What fuzzing found stays found, and a short run of each target finds nothing new.

A target holds the assertions: it raises where what it promises is not so.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from tests.fuzz.mutations import mutate
from tests.fuzz.targets import TARGETS, seeds

FOUND = yaml.safe_load((Path(__file__).parent / "fuzz" / "found.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TARGETS)
def test_texts_are_handled(name: str) -> None:
    target = TARGETS[name]()
    texts = seeds(name)
    chosen = random.Random(9)
    for text in [*FOUND.get(name, ()), *(mutate(chosen.choice(texts), texts, chosen) for _ in range(150))]:
        target(text)


def test_findings_belong_to_targets() -> None:
    assert set(FOUND) <= set(TARGETS)
