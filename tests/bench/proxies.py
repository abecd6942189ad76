"""Two real proxies over the same fake providers: one with our callback, one with the same config without it."""

from __future__ import annotations

import http.client as http_client
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from rulec.backends.artifact import Artifact
from rulec.backends.deployments import PLACEHOLDER
from rulec.backends.litellm import CONFIG_NAME
from rulec.compiler import write
from tests.bench.everything import compiled_rules
from tests.bench.workload import Sent

sys.path.insert(0, str(Path(__file__).parents[1] / "proxy"))  # where the harness of the proxy tests lies

from harness import Providers, Proxy, Reply, http

MASTER_KEY = "sk-bench-master-key-0000000001"
IDLE_SECONDS = 3  # the proxy closes connections that are idle for five
PROVIDERS = ("alpha", "beta", "gamma")


@contextmanager
def fake_providers(*names: str) -> Iterator[Providers]:
    running = Providers(*names)
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def pair_of_proxies() -> Iterator[tuple[Proxy, Proxy]]:
    """The proxy with our callback, and the one without, over everything that rules can say."""
    with fake_providers(*PROVIDERS) as providers:
        environment = {name.upper(): f"127.0.0.1:{providers.ports[name]}" for name in PROVIDERS}
        with proxies_of(compiled_rules().artifacts, environment, providers.ports) as (ours, theirs):
            yield ours.wait(), theirs.wait()


@contextmanager
def proxies_of(
    artifacts: Sequence[Artifact], environment: dict[str, str], ports: dict[str, int]
) -> Iterator[tuple[Proxy, Proxy]]:
    """The proxy of a pair, and the one of its config without our callback, both just begun."""
    with ExitStack() as stack:
        started = []
        for ours in (True, False):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            write(artifacts, folder)
            if not ours:
                leave_alone(folder / CONFIG_NAME, ports)
            started.append(Proxy(folder, {**environment, "BENCH_MASTER_KEY": MASTER_KEY}))
            stack.callback(started[-1].stop)
        yield started[0], started[1]


def leave_alone(config: Path, ports: dict[str, int]) -> None:
    """The config without our callback: what that puts in while requests fly is there from the start."""
    settings = yaml.load(config.read_text("utf-8"), yaml.CSafeLoader)
    settings["litellm_settings"]["callbacks"] = []
    for one in settings["model_list"]:
        parameters = one["litellm_params"]
        parameters["model"] = parameters["model"].replace(PLACEHOLDER, "*")
        provider = one["model_info"].get("rulec", {}).get("provider")
        if provider in ports:
            parameters["api_base"] = f"http://127.0.0.1:{ports[provider]}/v1"
    config.write_text(yaml.dump(settings, Dumper=yaml.CSafeDumper, sort_keys=False), "utf-8")


class Client:
    """One connection that is kept alive."""

    def __init__(self, proxy: Proxy) -> None:
        self.connection = http_client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
        self.used = 0.0

    def send(self, sent: Sent) -> int:
        """The status of the answer, which is read to its end."""
        body, headers = sent
        if time.monotonic() - self.used > IDLE_SECONDS:
            self.connection.close()  # the next request opens it again
        own = {name: value for name, value in headers.items() if name.startswith("x-")}
        fixed = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"}
        self.connection.request("POST", "/v1/chat/completions", json.dumps(body), {**own, **fixed})
        answer = self.connection.getresponse()
        answer.read()
        self.used = time.monotonic()
        return answer.status


def got(proxy: Proxy, path: str) -> Reply:
    return http("GET", proxy.url(path), None, {"authorization": f"Bearer {MASTER_KEY}"})


def named(requests: list[Sent], model: str = "small") -> list[Sent]:
    """The requests that both proxies can serve: those without a model get one."""
    return [({"model": model, **body}, headers) for body, headers in requests]


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no process {pid}")


def cpu_seconds(pid: int) -> float:
    """What the process has used, in its own code and in the kernel's."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(count: int | float) -> str:
    return f"{count / 2**20:.1f} MB"


def curve(samples: list[tuple[int, int]]) -> str:
    return ", ".join(f"{done:,}: {megabytes(used)}" for done, used in samples)
