"""A secret that stands under its key is never told, in no format, however broken the text around it is."""

from __future__ import annotations

import pytest

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.diagnostics.rendering import FORMATS, render
from rulec.lints.run import lint
from rulec.source import Source

SECRET = "hunter2PassPhrase77"
IN_THE_DSL = """\
api_key env "S"
api_key abc:S
api_key 77S
api_key "S
api_key ["S"]
api_key abc, S
api_key { value "S" }
api_key {\n  value "S" }
api_key "x${A}S"
api_key "${A:-S"
api_key "S" extra
api_key "S" "b"
api_key env("A", "S" }
api_key 'S' foo: 1
api_key env("A") api_key "S"
api_key "S" api_key env("A")
accepts /a/ }\nprovidr q { api_key "S"
accepts /a/ }\nlitellm { general_setings { master_key "S" }
accepts /a/ }\ndefaults { api_key "S" """
IN_YAML = """\
api_key: {value: S}
api_key: [a, S]
api_key:\n      - S
api_key:\n      value: S
api_key: S
api_key: S: b
api_key: "${A:-S"
OPENAI_API_KEY: S
api_base: "redis://:S@host"
api_base: "redis://:S@${HOST:-h}/0"
api_base: "https://user:S@host/v1"
api_base: https://host/v1?b=1&token=S&c=2
api_base: https://host/v1?api-version=1&key=S
litellm_params: {base_url: "https://host/?access_token=S"}"""


def lines(text: str) -> list[str]:
    """The lines; a line break within one is written `\\n`."""
    return [line.replace("\\n", "\n").replace("S", SECRET, 1) for line in text.replace("\n  ", "\\n  ").split("\n")]


def told(path: str, text: str) -> dict[str, str]:
    found = compile_sources([Source(path, text)], Diagnostics(), emit=False).diagnostics
    assert found, "something is wrong with it"
    return {form: render(form, found) for form in FORMATS}


@pytest.mark.parametrize(
    "setting",
    lines(
        IN_THE_DSL.replace("\nprovidr", "\\nprovidr")
        .replace("\nlitellm", "\\nlitellm")
        .replace("\ndefaults", "\\ndefaults")
    ),
)
def test_no_secret_of_the_dsl_is_told(setting: str) -> None:
    assert SECRET in setting
    for form, shown in told(
        "a.rules", f'provider p {{ litellm "openai/{{model}}" {setting} }}\ndefault -> p\n'
    ).items():
        assert SECRET not in shown, form


@pytest.mark.parametrize("setting", lines(IN_YAML))
def test_no_secret_of_yaml_is_told(setting: str) -> None:
    assert SECRET in setting
    text = f'providers:\n  p:\n    litellm: "openai/{{model}}"\n    {setting}\ndefault: {{provider: p}}\n'
    for form, shown in told("a.yaml", text).items():
        assert SECRET not in shown, form


@pytest.mark.parametrize(
    "address",
    [
        "redis://:${PASSWORD}@host:6379/0",
        "https://host/v1?token=${TOKEN}",
        "http://127.0.0.1:8000/v1",
        "https://host/?api-version=2024-02-01",
        "{api_base}",
    ],
)
def test_addresses_without_a_secret_stay(address: str) -> None:
    text = f'litellm: {{litellm_settings: {{cache_params: {{type: redis, url: "{address}"}}}}}}\ndefault: pass\n'
    assert not compile_sources([Source("a.yaml", text)], Diagnostics(), emit=False).failed


def test_rules_that_are_called_like_keys_are_told() -> None:
    shown = told("a.yaml", "request_metadata_routing:\n  by_key: {condition: key = 'ops-team', provider: p}\n")
    assert "ops-team" in shown["text"]


def test_no_secret_in_a_condition_is_told() -> None:
    """The request that proves a finding has the secret in it."""
    rules = f"""\
providers: {{a: {{litellm: "openai/{{model}}", accepts: "."}}, b: {{litellm: "openai/{{model}}", accepts: "."}}}}
request_metadata_routing:
  ops: {{condition: 'team == "ops"', provider: b}}
  inside: {{condition: 'header.x-inside-token == "{SECRET}"', provider: b}}
default: {{provider: a}}
"""
    found = lint(compile_sources([Source("a.yaml", rules)], Diagnostics(), emit=False).policy)
    assert {"privileged-header", "secret-in-text"} <= {one.code for one in found}
    for form in FORMATS:
        assert SECRET not in render(form, found), form
