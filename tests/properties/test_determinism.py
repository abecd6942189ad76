"""One rule set gives one pair to the byte, and one fingerprint for as long as it means the same."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from drawn_rules import rule_sets
from hypothesis import HealthCheck, given, settings
from profiles import FEW
from three_ways import as_yaml, compiled

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "fingerprint.yaml").read_text(encoding="utf-8"))
PROCESSES = 2


def fingerprint(text: str) -> str:
    compilation = compiled(text)
    assert not compilation.failed, [one.message for one in compilation.diagnostics if one.severity == "error"]
    return compilation.policy.fingerprint()


def edited(edit: list[str]) -> str:
    old, new = edit
    assert CASES["rules"].count(old) == 1, f"`{old}` must stand there once"
    return str(CASES["rules"]).replace(old, new)


@pytest.mark.parametrize("edit", CASES["nothing"].values(), ids=CASES["nothing"])
def test_fingerprint_stays(edit: list[str]) -> None:
    assert fingerprint(edited(edit)) == fingerprint(CASES["rules"])


@pytest.mark.parametrize("edit", CASES["something"].values(), ids=CASES["something"])
def test_fingerprint_changes(edit: list[str]) -> None:
    assert fingerprint(edited(edit)) != fingerprint(CASES["rules"])


def test_edits_have_fingerprints_of_their_own() -> None:
    found = [fingerprint(edited(edit)) for edit in CASES["something"].values()]
    assert len(set(found)) == len(found)


@FEW
@given(rule_sets())
def test_layout_means_nothing(document: dict[str, Any]) -> None:
    """The same rules in flow style, on narrow lines, with the keys of every rule in another order."""
    plain = compiled(as_yaml(document))
    if plain.failed:
        return
    shuffled = {section: with_shuffled_rules(section, value) for section, value in document.items()}
    flow = yaml.safe_dump(shuffled, default_flow_style=True, width=40, sort_keys=False, allow_unicode=True)
    assert fingerprint(f"# comment\n{flow}# end\n") == plain.policy.fingerprint()


def with_shuffled_rules(section: str, value: Any) -> Any:
    if isinstance(value, list):
        return [shuffled(one) for one in value]
    if not isinstance(value, dict) or section in ("load_balancing", "signals", "litellm"):
        return value
    if section == "default":
        return shuffled(value)
    return {name: shuffled(one) for name, one in value.items()}


def shuffled(rule: Any) -> Any:
    if not isinstance(rule, dict):
        return rule
    keys = list(rule)
    random.Random(len(keys)).shuffle(keys)
    return {key: rule[key] for key in keys}


@FEW
@given(rule_sets())
def test_compiling_again_gives_the_same_bytes(document: dict[str, Any]) -> None:
    text = as_yaml(document)
    assert pair(text) == pair(text)


def test_other_processes_give_the_same_bytes(tmp_path: Path) -> None:
    """Hash seeds differ between processes, and so does the order of every set."""
    drawn: list[str] = []

    @settings(max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rule_sets())
    def draw(document: dict[str, Any]) -> None:
        drawn.append(as_yaml(document))

    draw()
    texts = [CASES["rules"], *drawn]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
    told = [digests_of_process(tmp_path, len(texts), seed) for seed in range(PROCESSES)]
    assert told[0].strip() and all(one == told[0] for one in told)


def digests_of_process(folder: Path, count: int, seed: int) -> str:
    command = [sys.executable, str(HERE / "digests.py"), str(folder), str(count)]
    root = str(HERE.parent.parent)
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join((root, str(HERE)))}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def pair(text: str) -> list[tuple[str, str]]:
    return [(one.path, hashlib.sha256(one.text.encode()).hexdigest()) for one in compiled(text, emit=True).artifacts]
