"""Measuring on a busy machine: alternately, with the garbage collector off, medians and their spread."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median, quantiles
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A median in seconds with its quartiles, and what all but one of a hundred stay below."""

    middle: float
    low: float
    high: float
    p99: float

    @classmethod
    def of(cls, samples: list[float]) -> Figure:
        shares = quantiles(samples, n=100) if len(samples) > 1 else samples * 99
        return cls(median(samples), shares[24], shares[74], shares[98])

    @property
    def text(self) -> str:
        return f"{seconds(self.middle)} ({seconds(self.low)} to {seconds(self.high)})"


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    figure: Figure
    than: str = ""
    other: Figure | None = None

    def cells(self) -> tuple[str, str, str]:
        if self.other is None:
            return self.what, self.figure.text, self.than
        return self.what, self.figure.text, f"{self.figure.middle / self.other.middle:.1f} × {self.than}, {self.other.text}"


@dataclass(frozen=True)
class Note:
    """One line of the table that is told in words."""

    what: str
    text: str

    def cells(self) -> tuple[str, str, str]:
        return self.what, self.text, ""


def seconds(value: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.0f} ns"


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def per_call(call: Callable[[Any], Any], inputs: list[Any]) -> float:
    """Seconds of CPU for one call, on the average over these inputs; what else the machine does is not counted."""
    begin = time.process_time()
    for one in inputs:
        call(one)
    return (time.process_time() - begin) / len(inputs)


def once(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def alternately(rounds: int, *measured: Callable[[], float]) -> list[Figure]:
    """Each in turn, `rounds` times, so that a busy moment meets all of them."""
    samples: list[list[float]] = [[] for _ in measured]
    with no_garbage_collection():
        for _ in range(rounds):
            for number, one in enumerate(measured):
                samples[number].append(one())
    return [Figure.of(one) for one in samples]


def machine() -> str:
    """What was measured, and how busy the machine was."""
    packages = []
    for name in ("rulec", "litellm", "pydantic", "PyYAML"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            packages.append(f"{name} not installed")
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {', '.join(packages)}; {os.cpu_count()} cores, load {load}"
