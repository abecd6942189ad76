"""Words of other gateways' configs are told what to write here."""

from __future__ import annotations

import pytest

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.source import Source

PROVIDER = 'providers: {p: {litellm: "openai/{model}", accepts: ".*", %s: 1}}\ndefault: {provider: p}\n'
DEPLOYMENT = 'providers: {p: {litellm: "openai/{model}"}}\nmodels: {m: {served_by: {p: {%s: 1}}}}\ndefault: {provider: p}\n'
SECTION = "%s: {}\ndefault: pass\n"
ROUTER = "litellm: {router_settings: {%s: 1}}\ndefault: pass\n"

HINTS = [
    (PROVIDER, "cooldown_time", "did you mean `cooldown`?"),
    (PROVIDER, "allowed_fails", "`error_based_routing"),
    (DEPLOYMENT, "fallback_models", "`fallback_chains`"),
    (DEPLOYMENT, "cache_enabled", "`cache_ttl`"),
    (DEPLOYMENT, "retry_attempts", "`num_retries`"),
    (SECTION, "model_list", "`providers` and `models`"),
    (SECTION, "router_config", "`litellm: {router_settings"),
    (SECTION, "connection_config", "redis_port"),
    (SECTION, "embedding_model", "write it in `models`"),
    (SECTION, "rerank_model", "write it in `models`"),
    (SECTION, "secrets_encrypted", "AZURE_API_KEY"),
    (SECTION, "cooldown_time", "`cooldown`"),
    (ROUTER, "embedding_model", "write it in `models`"),
    (ROUTER, "cooldown_time", "`cooldown`"),
    (ROUTER, "allowed_fails", "`error_based_routing"),
]


@pytest.mark.parametrize(("text", "word", "help"), HINTS)
def test_a_foreign_word_has_its_help(text: str, word: str, help: str) -> None:
    found = compile_sources([Source("a.yaml", text % word)], Diagnostics()).diagnostics
    told = [one for one in found if f"`{word}`" in one.message]
    assert told, found
    assert help in (told[0].help or ""), told[0].help
    assert "`p`" not in (told[0].help or "")


@pytest.mark.parametrize(
    ("number", "help"), [("high", None), ('"50"', "write it without quotes"), ('"high"', "write it without quotes")]
)
def test_what_has_no_quotes_is_not_told_to_lose_them(number: str, help: str | None) -> None:
    text = f"virtual_models: {{v: {{complexity: {{simple: a, complex: b, threshold: {number}}}}}}}\n"
    [found] = compile_sources([Source("a.yaml", text)], Diagnostics()).diagnostics
    assert found.help == help
