"""What `rulec status` makes of the answers of several workers."""

from __future__ import annotations

from typing import Any

from rulec.commands.status import heading, table
from rulec.serving.status import is_troubled, merge


def figures(**more: Any) -> dict[str, Any]:
    nothing = {"in_flight": 0, "served": 0, "failed": {}, "error_rate": None, "idle": None, "latency": None}
    usual = {"provider": "a", "model": "m", "groups": ["m"], "strategies": {"round_robin": ["exact:m"]}}
    return {**usual, "health": {"level": "healthy", "out": False}, **nothing, "first_token": None, **more}


def worker(number: int, *deployments: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": 1,
        "worker": {"id": f"{number}", "pid": number, "since": 0.0, "uptime": 60.0 * number},
        "rulec": "0",
        "rules": {"module": "a" * 12, "config": "a" * 12},
        "under_way": number,
        "plans": number,
        "signals": [],
        "deployments": list(deployments),
    }


ONE = figures(
    in_flight=1,
    served=3,
    failed={"timeout": 1},
    error_rate=0.0,
    idle=5.0,
    latency={"mean": 1.0, "p50": 1.0, "p95": 4.0},
)
OTHER = figures(
    in_flight=2,
    served=9,
    failed={"timeout": 2, "quota": 1},
    error_rate=0.5,
    idle=2.0,
    latency={"mean": 2.0, "p50": 2.0, "p95": 3.0},
    health={"level": "limited", "out": False, "left": 30},
)


def test_workers_are_summed_and_the_worst_is_shown() -> None:
    degraded = figures(health={"level": "degraded", "out": True, "left": None})
    status = merge([worker(2, OTHER), worker(1, ONE), worker(3, figures()), worker(4, degraded)])
    [found] = status["deployments"]
    assert [one["pid"] for one in status["workers"]] == [1, 2, 3, 4]
    assert (found["in_flight"], found["served"], found["failed"]) == (3, 12, {"timeout": 3, "quota": 1})
    assert found["health"] == {"level": "limited", "out": True, "left": 30}
    assert is_troubled(found)
    assert found["error_rate"] == 0.5 * 12 / 16
    assert found["latency"] == {"mean": 1.75, "p50": 2.0, "p95": 4.0}
    assert found["idle"] == 2.0


def test_rows_stand_by_group_and_provider() -> None:
    rows = [figures(provider="b", model="*", groups=[]), figures(provider="b"), figures(groups=["k"]), figures()]
    order = [(one["groups"], one["provider"]) for one in merge([worker(1, *rows)])["deployments"]]
    assert order == [(["k"], "a"), (["m"], "b"), ([], "b")]


def test_a_table_fits_and_is_aligned() -> None:
    long = figures(groups=["a-model-with-a-very-long-name-" * 3], provider="a-provider-with-a-long-name-too")
    for width in (80, 100, 200):
        lines = table([ONE, OTHER, long], width)
        assert max(map(len, lines)) <= width, lines
        assert len({line.find("ealthy") for line in lines} - {-1}) == 1, lines
    assert "LIMITED" in lines[2]
    assert "25%" in table([figures(served=3, error_rate=0.25)], 100)[1]


def test_the_heading_tells_workers_and_a_config_of_other_rules() -> None:
    stale = worker(2)
    stale["rules"]["config"] = "b" * 12
    first, rules, config = heading("http://here", merge([worker(1), stale])["workers"])
    assert first == "http://here: 2 workers seen, each with its own figures; up 2 min, 3 requests under way"
    assert rules == "rules aaaaaaaaaaaa"
    assert "bbbbbbbbbbbb" in config


def test_the_heading_tells_the_signals_of_the_worker_that_knows_least() -> None:
    one, other = worker(1), worker(2)
    one["signals"] = [{"name": "load", "figures": 3, "age": 65.0, "trouble": None}]
    other["signals"] = [{"name": "load", "figures": 3, "age": 4.0, "trouble": "no JSON"}]
    assert heading("x", merge([one, other])["workers"])[-1] == "signal load: 3 figures, up to 1 min 5 s old; no JSON"
    other["signals"][0].update(figures=0, age=None)
    assert heading("x", merge([one, other])["workers"])[-1] == "signal load: NO FIGURES; no JSON"
