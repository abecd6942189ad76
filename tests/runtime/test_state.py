"""The figures of deployments on a clock that the test turns."""

from __future__ import annotations

from rulec.runtime import state as of_state
from rulec.runtime.state import State


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def made() -> tuple[State, Clock]:
    clock = Clock()
    return State(clock, clock), clock


def busy(state: State) -> dict[str, int]:
    return {provider: state.in_flight(provider, "m") for provider in "abc" if state.in_flight(provider, "m")}


def test_every_end_of_an_attempt_leaves_nothing_under_way() -> None:
    for end in ("succeed", "fail", "close", "next"):
        state, _ = made()
        state.reserve("t", "a", "m")
        assert busy(state) == {"a": 1}
        state.begin("t", "a", "m")
        assert busy(state) == {"a": 1}, "the reservation became the attempt"
        if end == "next":
            state.begin("t", "b", "m")
            assert busy(state) == {"b": 1}
            state.succeed("t")
        elif end == "fail":
            state.fail("t", "timeout")
        else:
            getattr(state, end)("t")
        assert busy(state) == {}, end
        state.fail("t", "timeout")
        state.succeed("t")
        assert busy(state) == {}, "an end that is told twice counts once"
        assert not state.attempts and not state.reserved


def test_what_nothing_ends_is_swept() -> None:
    state, clock = made()
    state.begin("lost", "a", "m")
    clock.now += 10
    state.reserve("turned away", "b", "m")
    clock.now += of_state.RESERVED_SECONDS + 1
    state.begin("t", "c", "m")
    assert busy(state) == {"a": 1, "c": 1}
    clock.now += of_state.LONGEST_SECONDS
    state.begin("u", "c", "m")
    assert busy(state) == {"c": 2}


def test_everything_is_bounded() -> None:
    state, _ = made()
    for number in range(of_state.MOST_ATTEMPTS + 500):
        state.begin(f"t{number}", "a", f"m{number}")
    assert len(state.attempts) == of_state.MOST_ATTEMPTS
    assert len(state.deployments) == of_state.MOST_DEPLOYMENTS
    for number in range(of_state.MOST_ATTEMPTS + 500):
        state.succeed(f"t{number}")
    assert not state.attempts
    assert not any(one.open for one in state.deployments.values())


def test_figures_of_a_success() -> None:
    state, clock = made()
    state.begin("t", "a", "m")
    clock.now += 5  # the event comes late, by LiteLLM's queue
    state.succeed("t", 1002.0, 1000.5)
    found = state.get("a", "m")
    assert found is not None
    assert [value for _, value in found.latencies] == [2.0]
    assert [value for _, value in found.first_tokens] == [0.5]
    state.begin("t", "a", "m")
    clock.now += 3
    state.succeed("t", 900.0, None)  # the wall clock was set
    assert [value for _, value in found.latencies] == [2.0, 3.0]
    assert len(found.first_tokens) == 1


def test_old_figures_fade() -> None:
    state, clock = made()
    for _ in range(50):
        state.begin("t", "a", "m")
        state.fail("t", "server_error")
    found = state.get("a", "m")
    assert found is not None
    assert found.successes.trusting_mean(clock.now) < 0.1
    state.begin("t", "a", "m")
    state.fail("t", "bad_request")
    assert found.successes.weight <= of_state.MOST_WEIGHT
    clock.now += 20 * of_state.HALF_LIFE
    assert found.successes.trusting_mean(clock.now) > 0.9
    assert found.successes.mean(clock.now) is None


def test_a_fault_of_the_request_is_none_of_the_deployment() -> None:
    state, clock = made()
    state.begin("t", "a", "m")
    state.fail("t", "bad_request")
    found = state.get("a", "m")
    assert found is not None
    assert found.successes.trusting_mean(clock.now) == 1.0
    state.reserve("t", "a", "m")
    state.fail("t", "server_error")
    assert found.successes.trusting_mean(clock.now) == 1.0, "no attempt had begun"
