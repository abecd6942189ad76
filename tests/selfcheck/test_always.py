"""A rule that takes every request stands last in the tables, whatever its phase; nothing may be tried behind it."""

from __future__ import annotations

from typing import Any

import pytest

from rulec.backends.python import generate_module
from rulec.compiler import Compilation, compile_sources
from rulec.diagnostics import Diagnostics
from rulec.selfcheck import check
from rulec.selfcheck.answers import ModuleDisagrees
from rulec.selfcheck.emitted import load_module
from rulec.source import Source

RULES = """
providers: {p: {litellm: "openai/{model}", accepts: ".*"}}
request_metadata_routing:
  gold: {condition: 'header.x == "1"', provider: p}
  all: {condition: CONDITION, OUTCOME}
exact_matches: {m: {provider: p}}
default: {provider: p}
"""


def compiled(condition: str = "always", outcome: str = 'refuse: "closed"') -> Compilation:
    made = compile_sources(
        [Source("rules.yaml", RULES.replace("CONDITION", condition).replace("OUTCOME", outcome))], Diagnostics(), emit=False
    )
    assert made.tree is not None, [one.message for one in made.diagnostics]
    return made


@pytest.mark.parametrize("outcome", ['refuse: "closed"', "pass: true", "provider: p"])
@pytest.mark.parametrize("condition", ["always", "stream or always", "not (not always)", "stream"])
def test_the_module_is_shown_to_mean_the_rules(condition: str, outcome: str) -> None:
    made = compiled(condition, outcome)
    check.check_module(generate_module(made.tree), made.policy)


def test_what_is_tried_before_it_and_stands_behind_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = compiled()
    module = generate_module(made.tree)
    namespace = load_module(module.text)
    tables: dict[str, Any] = namespace["TABLES"]
    exact = {"exact": {"m": tables["rules"]["when"][0][1]}}
    changed = {**tables, "rules": {**tables["rules"], **exact}}
    loaded = {**namespace, "TABLES": changed, "ENGINE": namespace["Engine"](changed)}
    monkeypatch.setattr(check, "load_module", lambda text: loaded)
    with pytest.raises(ModuleDisagrees, match="tried before `all`"):
        check.check_module(module, made.policy)
