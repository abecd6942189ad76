"""What the adapter logs, and how it follows a change of its file."""

from __future__ import annotations

import os
from pathlib import Path

import estate
import pytest
from harness import Providers, Proxy, eventually

pytestmark = pytest.mark.proxy

LITELLMS_OWN = ("trusted_proxy_ranges", "gc.freeze")  # on its sign-in page, on its memory

CHAT = {"messages": [{"role": "user", "content": "a secret prompt"}]}


def chat(proxy: Proxy, model: str) -> str:
    reply = proxy.send("/v1/chat/completions", {**CHAT, "model": model}, estate.MASTER_KEY)
    return reply.headers["x-rulec-version"]


def replace(path: Path, text: str) -> None:
    path.with_suffix(".new").write_text(text, "utf-8")
    os.replace(path.with_suffix(".new"), path)


def test_one_line_per_decision_and_per_fallback(proxy: Proxy, providers: Providers) -> None:
    before = len(proxy.output())
    providers.fail("alpha", "rate_limit")
    chat(proxy, "m")
    chat(proxy, "pat-x")
    proxy.send("/v1/chat/completions", {**CHAT, "model": "a\n[ROUTER] forged"}, estate.MASTER_KEY)

    def lines() -> list[str]:
        told = [line.partition("[ROUTER] ")[2] for line in proxy.output()[before:].splitlines()]
        ours = [one for one in told if one.startswith(("Model", "Fallback"))]
        return [one for one in ours if not one.startswith("Model: recover ")]  # the fixture's own, which may come late

    assert eventually(lambda: len(lines()) >= 4)
    assert lines() == [
        "Model: m -> Provider: alpha (exact match)",
        "Fallback triggered: alpha -> beta",
        "Model: pat-x -> Provider: gamma (pattern match)",
        "Model: a\\n[ROUTER] forged -> refuse (no rule)",
    ]


def test_no_log_line_holds_a_prompt_or_a_key(proxy: Proxy) -> None:
    chat(proxy, "m")
    assert eventually(lambda: "[ROUTER] Model" in proxy.output())
    ours = "\n".join(line for line in proxy.output().splitlines() if "[ROUTER]" in line)
    assert ours
    assert "secret prompt" not in ours
    assert estate.MASTER_KEY not in ours


def test_the_proxy_starts_without_a_warning_of_ours(proxy: Proxy) -> None:
    start = proxy.output().split("Uvicorn running")[0]
    warnings = [line for line in start.splitlines() if "WARNING" in line or "ERROR" in line]
    assert not [line for line in warnings if not any(own in line for own in LITELLMS_OWN)]


def test_a_changed_file_is_followed_and_a_broken_one_is_not(proxy: Proxy) -> None:
    path = proxy.folder / "routing_strategy.py"
    try:
        assert chat(proxy, "m") == estate.FINGERPRINT
        replace(path, estate.module_text("abcdefabcdef"))
        assert eventually(lambda: chat(proxy, "m") == "abcdefabcdef")
        replace(path, estate.module_text("111111111111") + "\nthis is no python")
        assert eventually(lambda: "is broken (SyntaxError); rules abcdefabcdef stay" in proxy.output())
        replace(path, "FINGERPRINT = '222222222222'\n")
        assert eventually(lambda: "is broken (KeyError); rules abcdefabcdef stay" in proxy.output())
        replace(path, "raise SystemExit(3)\n")
        assert eventually(lambda: "is broken (ValueError); rules abcdefabcdef stay" in proxy.output())
        assert chat(proxy, "m") == "abcdefabcdef"
        assert "the config is of rules 0123456789ab, the module of abcdefabcdef" in proxy.output()
    finally:
        replace(path, estate.module_text())
    assert eventually(lambda: chat(proxy, "m") == estate.FINGERPRINT)
