"""LiteLLM's own Router loads the config of every rule set of the conformance suite, with all deployments."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from rulec.backends.artifact import Artifact
from rulec.compiler import compile_folder, read_source
from rulec.diagnostics import Diagnostics
from rulec.testing.cases import case_files, read_suites
from rulec.testing.collection import compile_suite

pytestmark = pytest.mark.proxy

TESTS = Path(__file__).parent.parent
SUITES = case_files(TESTS / "conformance")


def configs(file: Path) -> list[dict[str, Any]]:
    found = []
    source = read_source(file, Diagnostics())
    assert source is not None
    for suite in read_suites(source, Diagnostics()):
        found.append(config_of(compile_suite(suite).artifacts))
    return found


def config_of(artifacts: list[Artifact]) -> dict[str, Any]:
    text = next(one.text for one in artifacts if one.path.endswith(".yaml"))
    config: dict[str, Any] = yaml.safe_load(text)
    return config


def assert_loads(config: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    from litellm import Router

    with caplog.at_level(logging.WARNING):
        router = Router(model_list=config["model_list"], **config["router_settings"])
    router.discard()  # LiteLLM keeps the callbacks of every Router, 100 at most
    wanted = [(one["model_name"], one["model_info"]["id"]) for one in config["model_list"]]
    loaded = [(one["model_name"], one["model_info"]["id"]) for one in router.model_list]
    assert loaded == wanted
    assert len(set(wanted)) == len(wanted)
    said = [one.getMessage() for one in caplog.records]
    assert [one for one in said if not one.startswith("register_model:")] == [], "but that a price has no cache price"


@pytest.mark.parametrize("file", SUITES, ids=lambda file: file.name.removesuffix(".cases.yaml"))
def test_router_loads_all_deployments(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    for config in configs(file):
        caplog.clear()
        assert_loads(config, caplog)


@pytest.mark.parametrize("rules", [TESTS.parent / "rules", Path(__file__).parent / "pair" / "rules.yaml"], ids=str)
def test_router_loads_the_shipped_rules(rules: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert_loads(config_of(compile_folder(rules).artifacts), caplog)
