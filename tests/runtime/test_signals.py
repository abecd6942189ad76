"""What feeds say and how long it counts; the cases of documents are in figures.yaml."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from rulec.runtime.fetch import FetchError, json_of
from rulec.runtime.records import Candidate, Decision
from rulec.runtime.signals import ID_KEYS, Signal, read_figures, search
from rulec.runtime.state import State
from rulec.runtime.strategies import Balancer

CASES = yaml.safe_load((Path(__file__).parent / "figures.yaml").read_text("utf-8"))


def octets(case: dict[str, Any]) -> bytes:
    document = str(case["document"]) if isinstance(case["document"], int) else case["document"]
    whole = document if isinstance(document, bytes) else document.encode()
    return bytes(whole * case.get("times", 1))


@pytest.mark.parametrize("case", [*CASES["shapes"], *CASES["values"], *CASES["paths"]], ids=lambda case: case["name"])
def test_figures(case: dict[str, Any]) -> None:
    document = json_of(200, lambda: octets(case))
    if "path" in case:
        document = search(case["path"], document)
    found = read_figures(document, (case.get("id_key", ID_KEYS[0]), *ID_KEYS))
    usable = {name: figure for name, figure in found.items() if math.isfinite(figure)}
    assert usable == case["figures"]
    assert len(found) - len(usable) == case.get("dropped", 0)


@pytest.mark.parametrize("case", CASES["errors"], ids=lambda case: case["name"])
def test_what_is_no_document(case: dict[str, Any]) -> None:
    with pytest.raises(FetchError, match=case["error"]):
        json_of(case.get("status", 200), lambda: octets(case))


class Desk:
    """Three candidates of one rule by the figures that a test sets, on a clock that it turns."""

    def __init__(self, **signal: Any) -> None:
        self.now = 1000.0
        self.signal = Signal("gpu", {"url": ("http://127.0.0.1:9/",), **signal}, lambda: self.now)
        tables = {
            "providers": dict.fromkeys("abc", ("openai/{model}", (), None, None)),
            "strategies": {"least_utilized": {"signal": "gpu"}},
            "deployments": {("m", "c"): {"signal_id": "chute-c"}},
            "signals": {"gpu": {"url": ("http://127.0.0.1:9/",)}},
        }
        self.balancer = Balancer(tables)
        self.balancer.watchers["signals"].by_name["gpu"] = self.signal
        self.state = State(lambda: self.now, lambda: self.now)
        candidates = tuple(Candidate(name, "m", f"openai/{name}", "m") for name in "abc")
        self.decision = Decision("route", "r", "exact", candidates, "least_utilized")

    def figures(self, **figures: float) -> None:
        self.signal.figures = {name: (self.now, figure) for name, figure in figures.items()}

    def order(self) -> str:
        found = self.balancer.order(self.decision, None, self.balancer, self.state)
        return "".join("abc"[one] for one in found)


def test_the_least_utilized_goes_first() -> None:
    desk = Desk()
    desk.figures(a=0.5, b=0.1, **{"chute-c": 0.3})
    assert [desk.order() for _ in range(3)] == ["bca"] * 3


def test_one_without_a_figure_goes_last() -> None:
    desk = Desk()
    desk.figures(a=0.9, **{"chute-c": 0.99})
    assert {desk.order() for _ in range(3)} == {"acb"}


def test_among_equals_the_one_with_the_fewest_requests() -> None:
    desk = Desk()
    desk.figures(a=0.301, b=0.299, **{"chute-c": 0.3})
    assert sorted(desk.order()[0] for _ in range(3)) == ["a", "b", "c"]
    desk.state.begin("1", "a", "m")
    desk.state.begin("2", "b", "m")
    assert {desk.order()[0] for _ in range(3)} == {"c"}


def test_without_figures_it_is_least_loaded() -> None:
    desk = Desk()
    assert sorted(desk.order()[0] for _ in range(3)) == ["a", "b", "c"]
    desk.state.begin("1", "a", "m")
    assert {desk.order()[0] for _ in range(3)} == {"b", "c"}


def test_one_figure_is_for_everybody() -> None:
    desk = Desk()
    desk.signal.figures = {None: (desk.now, 0.5)}
    assert sorted(desk.order()[0] for _ in range(3)) == ["a", "b", "c"]


@pytest.mark.parametrize(("ttl", "counts"), [(1, 300), (30, 300), (60, 600)])
def test_old_figures_count_for_a_while(ttl: float, counts: float) -> None:
    desk = Desk(ttl_seconds=ttl)
    desk.figures(b=0.1)
    desk.now += counts
    assert desk.order()[0] == "b"
    desk.now += 1
    assert sorted(desk.order()[0] for _ in range(3)) == ["a", "b", "c"]


def test_pauses_grow_to_a_limit() -> None:
    for ttl, first, last in ((0.2, 0.2, 1.6), (1, 1, 8), (30, 3, 240), (60, 6, 300), (600, 60, 300)):
        signal = Desk(ttl_seconds=ttl).signal
        pauses = [signal.pause(failures) for failures in range(1, 30)]
        assert signal.pause(0) == ttl
        assert pauses[0] == pytest.approx(first)
        assert pauses[-1] == pytest.approx(last)
        assert pauses == sorted(pauses)


def test_a_trouble_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    lines: list[str] = []
    monkeypatch.setattr("rulec.runtime.signals.log.warning", lambda text, *values: lines.append(text % values))

    def told() -> int:
        found = len(lines)
        lines.clear()
        return found

    for _ in range(5):
        desk.signal.tell("HTTP 401")
        desk.now += 1000
    assert told() == 1
    desk.signal.tell("no JSON")
    assert told() == 1, "another kind"
    desk.signal.trouble = None
    desk.signal.tell("no JSON")
    assert told() == 0, "it is back at once"
    desk.signal.trouble = None
    desk.now += 301
    desk.signal.tell("no JSON")
    assert told() == 1


def test_a_reload_keeps_the_figures_of_the_same_source() -> None:
    old, same, other = Desk(), Desk(ttl_seconds=5), Desk(path="x")
    old.figures(a=0.1)
    for new, kept in ((same, 0.1), (other, None)):
        new.balancer.take_over(old.balancer)
        assert new.signal.figure("a") == kept


def test_ids_that_requests_ask_for_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rulec.runtime.signals.MOST_IDS", 3)
    signal = Desk(url=("http://127.0.0.1:9/{id}",)).signal
    for number in range(10):
        assert signal.figure(str(number)) is None
    assert list(signal.asked) == ["0", "1", "2"]
