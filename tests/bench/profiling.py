"""Where a proxied request spends its CPU: py-spy looks at a real proxy under load, and its stacks are read.

A stack with a frame of our module is ours, whatever that called; of the others, one with a frame of LiteLLM is LiteLLM's.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from rulec.backends.artifact import Artifact
from rulec.compiler import write
from tests.bench.compiling import compiled, text_of
from tests.bench.driving import MODULE
from tests.bench.everything import compiled_rules
from tests.bench.everything import requests as requests_for_everything
from tests.bench.measure import Note
from tests.bench.proxies import MASTER_KEY, PROVIDERS, Client, Providers, Proxy, cpu_seconds, named
from tests.bench.workload import PROVIDERS as PROVIDERS_OF_WORKLOAD
from tests.bench.workload import Sent, Workload, make_workload

MASTER_KEY_VARIABLE = "BENCH_MASTER_KEY"
CLIENTS, LOOKS_PER_SECOND, MOST_FRAMES = 8, 250, 12
Stacks = Counter[tuple[str, ...]]
"""How often each stack was seen: frames as `name (file)`, the outermost first."""


def lines(quick: bool) -> list[Note]:
    spy = shutil.which("py-spy", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    if spy is None:
        return [Note("profile of the proxy", "needs py-spy: pip install py-spy")]
    count = 200 if quick else 1_500
    return [*nothing_stateful(spy, count), *everything_on(spy, count)]


def nothing_stateful(spy: str, count: int) -> list[Note]:
    workload = make_workload(100)
    with closing(Fleet(*PROVIDERS_OF_WORKLOAD)) as fleet:
        artifacts = artifacts_of(workload, fleet.ports)
        sent = workload.requests(workload.known_names(), count)
        return profiled(spy, "100 rules, nothing stateful", artifacts, {MASTER_KEY_VARIABLE: MASTER_KEY}, sent)


def artifacts_of(workload: Workload, ports: dict[str, int]) -> Sequence[Artifact]:
    """The pair of a workload whose providers listen at these ports."""
    for name, port in ports.items():
        address = {"litellm": "openai/{model}", "api_base": f"http://127.0.0.1:{port}/v1", "api_key": "${NO_KEY:-none}"}
        workload.document["providers"][name].update(address)
    workload.document["litellm"] = {"general_settings": {"master_key": f"${{{MASTER_KEY_VARIABLE}}}"}}
    return compiled(text_of(workload), emit=True).artifacts


def everything_on(spy: str, count: int) -> list[Note]:
    with closing(Fleet(*PROVIDERS)) as fleet:
        environment = {name.upper(): f"127.0.0.1:{port}" for name, port in fleet.ports.items()}
        environment[MASTER_KEY_VARIABLE] = MASTER_KEY
        sent = named(requests_for_everything(count, 200))
        return profiled(spy, "everything on", compiled_rules().artifacts, environment, sent)


class Fleet(Providers):
    """Fake providers that can be closed."""

    def close(self) -> None:
        self.stop()


def profiled(
    spy: str, what: str, artifacts: Sequence[Artifact], environment: dict[str, str], sent: Sequence[Sent]
) -> list[Note]:
    with tempfile.TemporaryDirectory() as folder:
        write(artifacts, Path(folder))
        proxy = Proxy(Path(folder), environment)
        try:
            proxy.wait()
            drive(proxy, sent[: len(sent) // 10])
            pid, raw = proxy.process.pid, Path(folder) / "stacks"
            command = [spy, "record", "--gil", "--format", "raw", "--rate", str(LOOKS_PER_SECOND), "--duration", "3600"]
            command += ["--output", str(raw), "--pid", str(pid)]
            before = cpu_seconds(pid)
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as looking:
                try:
                    drive(proxy, sent)
                finally:
                    looking.send_signal(signal.SIGINT)
            used = cpu_seconds(pid) - before
            return read(what, stacks_of(raw.read_text("utf-8")), used / len(sent))
        finally:
            proxy.stop()


def drive(proxy: Proxy, sent: Sequence[Sent]) -> None:
    """Send these requests, some at a time."""

    def send(part: Sequence[Sent]) -> None:
        client = Client(proxy)
        for one in part:
            assert client.send(one) == 200, one

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(send, [sent[number::CLIENTS] for number in range(CLIENTS)]))


def stacks_of(raw: str) -> Stacks:
    found: Stacks = Counter()
    for line in raw.splitlines():
        stack, _, times = line.rpartition(" ")
        found[tuple(without_line(frame) for frame in stack.split(";"))] += int(times)
    return found


def without_line(frame: str) -> str:
    """`name (file:line)` without the line."""
    place, colon, _ = frame.rpartition(":")
    return f"{place})" if colon and frame.endswith(")") else frame


def read(what: str, stacks: Stacks, cpu: float) -> list[Note]:
    """Who the time belongs to, and which of our functions have most of it."""
    total = sum(stacks.values())
    owners: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for stack, times in stacks.items():
        owner = owner_of(stack)
        owners[owner] += times
        if owner == "ours":
            functions.update(dict.fromkeys({frame.partition(" (")[0] for frame in stack if MODULE in frame}, times))
    shares = ", ".join(f"{owner} {times / total:.1%}" for owner, times in owners.most_common())
    most = ", ".join(f"{name} {times / total:.2%}" for name, times in functions.most_common(MOST_FRAMES))
    return [
        Note(f"{what}: CPU of a request", f"{cpu * 1e3:.2f} ms, {CLIENTS} clients, {total:,} stacks"),
        Note("  of it", shares),
        Note("  our functions, with what they call", most),
    ]


def owner_of(stack: tuple[str, ...]) -> str:
    if any(MODULE in frame for frame in stack):
        return "ours"
    return "LiteLLM" if any("litellm/" in frame and "proxy_cli" not in frame for frame in stack) else "server and loop"
