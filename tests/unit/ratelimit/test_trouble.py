"""Laws 37 and 39: a lane pauses itself, is probed by one call, and comes back."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsync.ratelimit.lanes import (
    Broken,
    Down,
    Grant,
    Granted,
    LaneBudget,
    LaneState,
    Ok,
    Result,
    ThrottledFor,
    Unauthorised,
    Wait,
    answered,
    ask,
    checkpoint,
    describe,
    nudge,
    restore,
)
from tests.unit.ratelimit.simulated import drive, well

WALL = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def granted(state: LaneState, now: float) -> Grant:
    decision = ask(state, now)
    assert isinstance(decision, Granted), decision
    return decision.grant


def tell(state: LaneState, grant: Grant, result: Result, now: float) -> None:
    answered(state, grant, result, now=now, rand=lambda: 0.5)


troubles = st.one_of(
    st.builds(ThrottledFor, st.floats(0, 30), st.booleans()),
    st.just(Down()),
    st.just(Unauthorised()),
    st.just(Broken()),
    st.just(Ok(0.02)),
)


@settings(max_examples=60, deadline=None)
@given(
    script=st.lists(troubles, max_size=30),
    per_minute=st.one_of(st.none(), st.integers(30, 1200)),
    at_once=st.integers(1, 6),
    seed=st.integers(0, 1000),
)
def test_never_inside_a_retry_after_and_always_back_again(
    script: list[Result], per_minute: int | None, at_once: int, seed: int
) -> None:
    state = LaneState(LaneBudget(at_once, per_minute))
    answers, after = list(reversed(script)), 0

    def product(_now: float) -> Result:
        nonlocal after
        after += not answers
        return answers.pop() if answers else Ok(0.02)

    run = drive(
        state,
        product,
        seconds=20_000,
        seed=seed,
        call_s=0.2,
        enough=lambda: after > at_once and state.cause is None,
    )

    for told_at, result in run.results:
        if isinstance(result, ThrottledFor):
            inside = [at for at in run.sent if told_at < at < told_at + result.after_s - 1e-9]
            assert not inside
    assert not answers, "the lane stopped before the trouble was over"
    assert state.cause is None


def test_the_latest_resume_wins_and_one_epoch_has_one_rate_cut() -> None:
    state = LaneState(LaneBudget(per_minute=600))
    first, second = granted(state, 0.0), granted(state, 0.2)

    tell(state, first, ThrottledFor(10.0), 0.3)
    rate_after_one = state.rate
    tell(state, second, ThrottledFor(60.0), 0.4)

    assert state.rate == rate_after_one
    assert state.epoch == 1
    wait = ask(state, 11.5)
    assert isinstance(wait, Wait)
    assert wait.until == pytest.approx(61.4)


def test_a_shorter_wait_does_not_shorten_a_longer_one() -> None:
    state = LaneState()
    first, second = granted(state, 0.0), granted(state, 0.0)

    tell(state, first, ThrottledFor(60.0), 0.1)
    tell(state, second, ThrottledFor(1.0), 0.2)

    assert isinstance(ask(state, 59.0), Wait)


def test_a_success_of_an_earlier_epoch_lifts_nothing() -> None:
    state = LaneState()
    first, second = granted(state, 0.0), granted(state, 0.0)

    tell(state, first, ThrottledFor(10.0), 0.1)
    tell(state, second, Ok(0.1), 0.2)

    assert describe(state, 0.3).state == "throttled"
    assert isinstance(ask(state, 5.0), Wait)


def test_a_late_refusal_of_an_earlier_epoch_is_still_obeyed() -> None:
    state = LaneState()
    first, second = granted(state, 0.0), granted(state, 0.0)
    tell(state, first, ThrottledFor(1.0), 0.1)
    tell(state, second, ThrottledFor(30.0), 0.2)

    assert isinstance(ask(state, 29.0), Wait)
    assert describe(state, 29.0).state == "throttled"


def test_one_probe_then_a_ramp() -> None:
    state = LaneState(LaneBudget(calls_at_once=3))
    tell(state, granted(state, 0.0), ThrottledFor(1.0), 0.1)

    probe = granted(state, 2.0)
    assert probe.probe
    assert ask(state, 2.0) == Wait(None)
    tell(state, probe, Ok(0.1), 2.1)

    widths = []
    now = 10.0
    for _ in range(3):
        out = []
        while isinstance(one := ask(state, now), Granted):
            out.append(one.grant)
            now += 2.0
        widths.append(len(out))
        tell(state, out[0], Ok(0.1), now)
        for grant in out[1:]:
            tell(state, grant, Ok(0.1), now)
    assert widths == [1, 2, 3]


def test_a_throttle_without_a_hint_backs_off_further_each_time() -> None:
    state, now, waits = LaneState(), 0.0, []
    for _ in range(12):
        tell(state, granted(state, now), ThrottledFor(2.0, hinted=False), now)
        waits.append(state.resume_at - now)
        now = state.resume_at + 100.0

    assert waits[:4] == pytest.approx([2.1, 4.2, 8.4, 16.8])
    assert max(waits) <= 302.0


@pytest.mark.parametrize("trouble", [Down(), Unauthorised()])
def test_a_system_that_is_away_is_asked_once_per_interval(trouble: Result) -> None:
    run = drive(LaneState(LaneBudget(8)), lambda _: trouble, seconds=1200, seed=7)

    # 8 calls were out when it went; from then on 5 s, 10, 20, 40, then each minute
    probes = run.sent[8:]
    gaps = [b - a for a, b in itertools.pairwise(probes)]
    assert probes[0] - run.sent[7] >= 5.0
    assert gaps[0] >= 10.0
    assert all(gap >= 59.9 for gap in gaps[3:])
    assert all(gap <= 61.0 for gap in gaps)


def test_three_broken_answers_in_a_row_are_the_system_one_is_its_record() -> None:
    state, now = LaneState(), 0.0
    for result in (Broken(), Broken(), Ok(0.1), Broken(), Broken()):
        tell(state, granted(state, now), result, now)
    assert describe(state, now).state == "ok"

    tell(state, granted(state, now), Broken(), now)

    assert describe(state, now).state == "unreachable"


def test_a_new_credential_is_tried_at_once_but_not_inside_a_retry_after() -> None:
    state = LaneState()
    first, second = granted(state, 0.0), granted(state, 0.0)
    tell(state, first, Unauthorised(), 0.1)
    tell(state, second, ThrottledFor(3.0), 0.2)
    assert describe(state, 1.0).state == "unauthorised"

    nudge(state, 1.0)

    assert isinstance(ask(state, 1.0), Wait)
    assert granted(state, 3.2).probe


def test_a_wait_of_years_is_cut_to_a_day() -> None:
    state = LaneState()

    tell(state, granted(state, 0.0), ThrottledFor(float("inf")), 0.0)

    assert granted(state, 86_400.0 + 2.1).probe


def test_an_answer_told_twice_counts_once() -> None:
    state = LaneState()
    grant = granted(state, 0.0)

    tell(state, grant, Ok(0.1), 0.1)
    tell(state, grant, Down(), 0.2)

    assert describe(state, 0.3).state == "ok"
    assert state.calls == 1


@given(
    after_s=st.floats(0, 86_400),
    other_clock=st.floats(-1e6, 1e6),
    gap_s=st.floats(0, 100_000),
    rate=st.one_of(st.none(), st.integers(1, 6000)),
)
def test_a_checkpoint_keeps_the_wait_over_another_clock(
    after_s: float, other_clock: float, gap_s: float, rate: int | None
) -> None:
    state = LaneState(LaneBudget(per_minute=rate))
    tell(state, granted(state, 50.0), ThrottledFor(after_s), 50.0)

    saved = checkpoint(state, now=50.0, wall=WALL)
    back = restore(state.budget, saved, now=other_clock, wall=WALL + timedelta(seconds=gap_s))

    left_s = after_s - gap_s
    if left_s > 0.01:
        assert isinstance(ask(back, other_clock + left_s - 0.01), Wait)
    assert back.epoch > state.epoch
    assert back.probing


@given(st.dictionaries(st.text(), st.one_of(st.none(), st.integers(), st.text())))
def test_a_foreign_checkpoint_gives_a_new_lane(saved: dict[str, object]) -> None:
    state = restore(LaneBudget(), saved, now=5.0, wall=WALL)

    assert isinstance(ask(state, 5.0), Granted)


def test_the_screen_tells_budget_and_next() -> None:
    paced = LaneState(LaneBudget(per_minute=600))
    drive(paced, well, seconds=120)
    assert describe(LaneState(), 0.0).budget == "2 at once"
    used, of = describe(paced, 119.9).budget.split("/")
    assert 580 <= int(used) <= 600
    assert of == "600 min"

    rand = random.Random(1)
    answered(paced, granted(paced, 121.0), ThrottledFor(30.0), now=121.0, rand=rand.random)
    view = describe(paced, 122.0)
    assert (view.state, view.next) == ("throttled", "again")
    assert view.next_in_s == pytest.approx(30.0, abs=1.5)
