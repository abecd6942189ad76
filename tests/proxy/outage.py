"""A real proxy at full load while its providers die, limit, fail, hang and return; one of three always serves.

Which one that is changes only after a while in which all serve: a request under way has time to end. Providers are
processes that are killed and started again on the same port.
"""

from __future__ import annotations

import contextlib
import http.client as http_client
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from harness import ROOT, Proxy, http

from rulec.compiler import compile_sources, write
from rulec.diagnostics import Diagnostics
from rulec.source import Source

CLIENTS = 32
TROUBLE_SECONDS, CALM_SECONDS = 7.0, 6.0  # a walk along the chain with two time-outs takes less than the calm
TROUBLES = ("kill", "kill", "rate_limit", "server_error", "overloaded", "timeout", "connection", "auth")
NAMES = ("alpha", "beta", "gamma")
MASTER_KEY = "sk-outage-test-master-key-0001"
RULES = """
providers:
  alpha: {litellm: "openai/{model}", api_base: "http://${ALPHA:-127.0.0.1:9}/v1", api_key: "${NO_KEY:-none}", accepts: '^.'}
  beta: {litellm: "openai/{model}", api_base: "http://${BETA:-127.0.0.1:9}/v1", api_key: "${NO_KEY:-none}", accepts: '^.'}
  gamma: {litellm: "hosted_vllm/{model}", api_base: "http://${GAMMA:-127.0.0.1:9}/v1", api_key: "${NO_KEY:-none}", accepts: '^.'}
models:
  large: {served_by: [beta]}
exact_matches:
  chained: {provider: alpha, fallback: [beta, gamma]}
  changed: {provider: gamma, fallback: [{model: large}, {provider: alpha}]}
  weighted: {providers: [{provider: alpha, weight: 8}, {provider: beta, weight: 1}, {provider: gamma, weight: 1}]}
patterns:
  - {pattern: '^turn', providers: [alpha, beta, gamma], routing_strategy: round_robin}
  - {pattern: '^least', providers: [alpha, beta, gamma], routing_strategy: least_loaded}
  - {pattern: '^usage', providers: [alpha, beta, gamma], routing_strategy: usage_based}
  - {pattern: '^fast', providers: [alpha, beta, gamma], routing_strategy: fastest_response}
litellm:
  router_settings: {timeout: 2}
  general_settings: {master_key: "${OUTAGE_MASTER_KEY}"}
"""
HEALTH = """
rate_limited_fallback: {enabled: true, fallback_duration_seconds: 2}
error_based_routing: {enabled: true, error_threshold: 3, window_seconds: 5, cooldown_seconds: 2}
"""
MODELS = ("chained", "changed", "weighted", "turn-1", "least-1", "usage-1", "fast-1")


class DyingProvider:
    """A fake provider in a process of its own, always on the same port."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "rulec.demo.providers", f"{self.name}:{self.port}"]
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = json.loads(self.process.stdout.readline())[self.name]

    def trouble(self, kind: str) -> None:
        if kind == "kill":
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
        else:
            self.script(kind)

    def recover(self) -> None:
        if self.process.poll() is not None:
            self.start()
        else:
            self.script(None)

    def script(self, always: str | None) -> None:
        http("POST", f"http://127.0.0.1:{self.port}/_admin/script", {"steps": [], "model": None, "always": always})

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)


@dataclass
class Report:
    """What the clients saw. `cut` are streams that broke after their first content: nobody can save those."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    cut: int = 0
    streams: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    failovers: int = 0

    def lines(self) -> list[str]:
        shares = quantiles(self.latencies, n=100)
        seen = f"median {shares[49] * 1000:.0f} ms, p99 {shares[98] * 1000:.0f} ms, worst {max(self.latencies) * 1000:.0f} ms"
        return [
            f"{len(self.latencies):,} requests ({self.streams:,} streams) in {self.seconds:.0f} s by {CLIENTS} clients, "
            f"{len(self.latencies) / self.seconds:.0f} a second",
            f"lost: {len(self.lost)}; streams cut after their first content: {self.cut}",
            f"latency: {seen}",
            f"failovers: {self.failovers:,}, {self.failovers / len(self.latencies):.2f} for each request",
            f"troubles: {', '.join(f'{kind} {count}' for kind, count in sorted(self.troubles.items()))}",
            *self.lost[:10],
        ]


class Outage:
    """Clients and troubles for one proxy."""

    def __init__(self, proxy: Proxy, providers: list[DyingProvider], seconds: float, seed: int = 1) -> None:
        self.proxy = proxy
        self.providers = providers
        self.report = Report(seconds)
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.end = time.monotonic() + seconds

    def run(self) -> Report:
        clients = [threading.Thread(target=self.client, args=(number,)) for number in range(CLIENTS)]
        for one in clients:
            one.start()
        while time.monotonic() < self.end - TROUBLE_SECONDS - CALM_SECONDS:
            self.trouble()
        for one in clients:
            one.join()
        self.report.failovers = self.proxy.output().count("[ROUTER] Fallback triggered")
        return self.report

    def trouble(self) -> None:
        """Two of three providers have troubles, each its own, at its own times; then all are well for a while."""
        hit = self.random.sample(self.providers, 2)
        until = time.monotonic() + TROUBLE_SECONDS
        threads = [threading.Thread(target=self.hit, args=(one, until, self.random.random())) for one in hit]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        time.sleep(CALM_SECONDS)

    def hit(self, provider: DyingProvider, until: float, seed: float) -> None:
        chosen = random.Random(seed)
        while (left := until - time.monotonic()) > 0.5:
            kind = chosen.choice(TROUBLES)
            self.report.troubles[kind] += 1
            provider.trouble(kind)
            time.sleep(min(left, chosen.uniform(0.5, 4.0)))
            provider.recover()
            time.sleep(chosen.uniform(0, 0.5))

    def client(self, seed: int) -> None:
        """One request after the other over one connection, as long as it lasts."""
        chosen = random.Random(seed)
        connection = http_client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=60)
        while time.monotonic() < self.end:
            model, stream = chosen.choice(MODELS), chosen.random() < 0.3
            begin = time.monotonic()
            trouble = self.send(connection, model, stream)
            with self.lock:
                self.report.latencies.append(time.monotonic() - begin)
                self.report.streams += stream
                if trouble == "cut":
                    self.report.cut += 1
                elif trouble:
                    self.report.lost.append(f"{model}{' stream' if stream else ''} after {time.monotonic() - begin:.2f} s: {trouble}")
        connection.close()

    def send(self, connection: http_client.HTTPConnection, model: str, stream: bool) -> str:
        """What went wrong, an empty text if nothing did."""
        body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "hello"}]}
        headers = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"}
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http_client.HTTPException) as error:
            connection.close()
            return f"{type(error).__name__}: {error}"
        if answer.status != 200:
            return f"{answer.status} {text[:300]}"
        if stream:
            if '"error"' not in text and text.rstrip().endswith("[DONE]"):
                return ""
            return "cut" if '"content":"' in text else f"stream without content: {text[:300]}"
        return "" if "served by" in text else f"no answer: {text[:300]}"


def run_outage(folder: Path, seconds: float, health: bool = True) -> Report:
    """Start three providers and a proxy, play an outage, and end them."""
    compilation = compile_sources([Source("rules.yaml", RULES + HEALTH * health)], Diagnostics())
    assert not compilation.failed, compilation.diagnostics
    write(compilation.artifacts, folder)
    with contextlib.ExitStack() as stack:
        providers = [DyingProvider(name) for name in NAMES]
        for one in providers:
            stack.callback(one.stop)
        addresses: dict[str, Any] = {one.name.upper(): f"127.0.0.1:{one.port}" for one in providers}
        proxy = Proxy(folder, {**addresses, "OUTAGE_MASTER_KEY": MASTER_KEY})
        stack.callback(proxy.stop)
        return Outage(proxy.wait(), providers, seconds).run()
