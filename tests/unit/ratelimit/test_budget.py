"""Law 37 and 38 as figures: never over the budget, hardly below it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsync.ratelimit.lanes import (
    Granted,
    LaneBudget,
    LaneState,
    Ok,
    Result,
    ThrottledFor,
    Wait,
    answered,
    ask,
    give_back,
    valid,
)
from tests.unit.ratelimit.simulated import drive, well


@pytest.mark.parametrize("per_minute", [30, 100, 600, 3000])
def test_a_known_budget_is_used_to_99_percent(per_minute: int) -> None:
    state = LaneState(LaneBudget(calls_at_once=8, per_minute=per_minute))

    run = drive(state, well, seconds=300, late_s=min(0.005, 15 / per_minute))

    assert len(run.sent) >= 0.99 * per_minute * 5


@settings(max_examples=40, deadline=None)
@given(
    per_minute=st.integers(1, 1500),
    seed=st.integers(0, 1000),
    late_s=st.floats(0, 0.4),
    call_s=st.floats(0.001, 2.0),
    at_once=st.integers(1, 32),
)
def test_no_second_and_no_minute_is_over_the_budget(
    per_minute: int, seed: int, late_s: float, call_s: float, at_once: int
) -> None:
    state = LaneState(LaneBudget(calls_at_once=at_once, per_minute=per_minute))

    run = drive(state, well, seconds=90, seed=seed, late_s=late_s, call_s=call_s)

    assert run.most_within(60) <= per_minute
    assert run.most_within(1) <= math.ceil(per_minute / 60)
    assert run.most_at_once <= at_once


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=80), st.integers(60, 3000))
def test_work_of_many_calls_is_charged_for_each(counts: list[int], per_minute: int) -> None:
    state, now, spent = LaneState(LaneBudget(per_minute=per_minute)), 0.0, 0
    for calls in counts:
        decision = ask(state, now)
        if isinstance(decision, Wait):
            assert decision.until is not None
            now = decision.until
            decision = ask(state, now)
        assert isinstance(decision, Granted)
        answered(state, decision.grant, Ok(0.1), now=now, rand=lambda: 0.0, calls=calls)
        spent += calls

    until = state.next_slot_at

    assert until >= (spent - 1) * 60 / per_minute
    assert state.calls == spent


def test_law_38_two_calls_at_once_without_configuration() -> None:
    run = drive(LaneState(), well, seconds=5)

    assert run.most_at_once == 2


def test_one_call_at_once_when_the_median_latency_doubled_within_a_minute() -> None:
    state = LaneState()
    drive(state, well, seconds=60)
    for _ in range(20):
        state.latency.note(0.06, 61.0)
    first, second = ask(state, 61.0), ask(state, 61.0)

    assert isinstance(first, Granted)
    assert second == Wait(None)


def test_a_system_that_stays_slow_gets_its_two_calls_back() -> None:
    state = LaneState()
    for second in range(180):
        latency_s = 0.1 if second < 60 else 0.3
        state.latency.note(latency_s, float(second))
        if second in (80, 100):
            assert state.latency.doubled(float(second))

    assert not state.latency.doubled(179.0)


def test_slots_are_booked_at_most_a_quarter_of_a_second_ahead() -> None:
    state = LaneState(LaneBudget(calls_at_once=9, per_minute=600))

    booked = [ask(state, 0.0, ahead_s=5.0) for _ in range(5)]

    starts = [one.grant.at for one in booked if isinstance(one, Granted)]
    assert starts == pytest.approx([0.0, 0.1005, 0.201])
    assert isinstance(booked[-1], Wait)
    assert booked[-1].until == pytest.approx(0.3015)


def test_a_throttle_voids_what_was_booked_before_it() -> None:
    state = LaneState(LaneBudget(calls_at_once=9, per_minute=600))
    grants = [
        one.grant
        for one in (ask(state, 0.0, ahead_s=0.25) for _ in range(3))
        if isinstance(one, Granted)
    ]

    answered(state, grants[0], ThrottledFor(1.0), now=0.05, rand=lambda: 0.0)

    assert not any(valid(state, one) for one in grants)
    for one in grants[1:]:
        give_back(state, one)
    assert state.in_flight == 0
    assert isinstance(ask(state, 1.05), Granted)


def test_a_grant_given_back_costs_no_slot() -> None:
    state = LaneState(LaneBudget(per_minute=60))
    first = ask(state, 10.0)
    assert isinstance(first, Granted)

    give_back(state, first.grant)

    assert isinstance(ask(state, 10.0), Granted)


def test_a_grant_whose_thread_died_does_not_hold_its_permit_for_ever() -> None:
    state = LaneState(LaneBudget(calls_at_once=1))
    ask(state, 0.0)

    assert ask(state, 500.0) == Wait(None)
    assert isinstance(ask(state, 601.0), Granted)


def test_an_unknown_limit_is_learnt() -> None:
    """A product that permits 10/s and tells no rate: few refusals, most of it used."""
    tokens, filled_at = 10.0, 0.0

    def product(now: float) -> Result:
        nonlocal tokens, filled_at
        tokens, filled_at = min(10.0, tokens + 10 * (now - filled_at)), now
        if tokens < 1:
            return ThrottledFor(1.0)
        tokens -= 1
        return Ok(0.02)

    run = drive(LaneState(), product, seconds=600)

    refused = sum(isinstance(result, ThrottledFor) for _, result in run.results)
    assert refused <= 0.01 * len(run.sent)
    assert len(run.sent) - refused >= 0.9 * 6000


def test_a_refusal_of_some_time_ago_holds_nothing_back() -> None:
    """Others took the quota and pushed us to 5 a minute; since then nobody is refused."""
    state = LaneState()
    state.rate, state.ceiling_seen = 5 / 60, 6 / 60

    run = drive(state, well, seconds=180)

    assert state.rate is None
    assert sum(at > 150 for at in run.sent) > 30 * 10
