"""A command asks a system like a guest: never while it told us to wait, at its pace, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from sdsync.cli.asking import Asking, Silent
from sdsync.connectors import registry
from sdsync.connectors.contract import Connector, NativeRecord
from sdsync.connectors.failures import Failure, Forbidden, Missing, Transient
from sdsync.connectors.http import Permit
from sdsync.store.contract import Store
from sdsync.store.records import Ref, Replica
from tests.unit.cli import scenes


class Fake:
    """A connector that asks its permit twice for a record, as products need it."""

    def __init__(self, permit: Permit, answer: Failure | NativeRecord) -> None:
        self.permit, self.answer = permit, answer
        self.fetched, self.closed = 0, False

    def fetch(self, ref: Ref) -> object:
        self.fetched += 1
        for _ in range(2):
            assert self.permit() is None
        return self.answer

    def close(self) -> None:
        self.closed = True


Make = Callable[[Failure], tuple[Asking, list[Fake], list[float]]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    def build(
        answer: Failure, *, store: Store | None = None, offline: bool = False
    ) -> tuple[Asking, list[Fake], list[float]]:
        made, rests = list[Fake](), list[float]()

        def create(_name: str, _config: object, *, permit: Permit) -> Connector:
            made.append(Fake(permit, answer))
            return cast("Connector", made[-1])

        monkeypatch.setattr(registry, "create", create)
        asking = Asking(
            scenes.config(), store or scenes.busy(), scenes.NOW, offline=offline, rest=rests.append
        )
        return asking, made, rests

    return build


def dev() -> Replica:
    return scenes.disk_full().replicas[1]


def test_calls_keep_the_configured_pace(make: Make) -> None:
    asking, (), rests = make(Missing())

    with asking:
        asking.record(dev())
        asking.record(dev())

    assert rests == [0.1] * 3  # 600 a minute; the first one waits for nobody


def test_who_did_not_answer_is_not_asked_again_and_is_closed(make: Make) -> None:
    asking, made, _ = make(Transient("no route"))

    with asking:
        first, second = asking.record(dev()), asking.record(dev())

    assert first == second == Silent("does not answer: no route")
    assert [(one.fetched, one.closed) for one in made] == [(1, True)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Missing(), "does not find it any more"),
        (Forbidden(), "does not show it to our account"),
    ],
)
def test_one_record_that_is_not_shown_silences_nobody(
    make: Make, answer: Failure, why: str
) -> None:
    asking, made, _ = make(answer)

    assert [asking.record(dev()) for _ in range(2)] == [Silent(why)] * 2
    assert made[0].fetched == 2


def test_a_system_that_told_us_to_wait_is_left_alone(make: Any) -> None:
    store = scenes.busy()
    store.lease("dev", "d1", now=scenes.NOW, until=scenes.NOW)
    told = {"cause": "throttled", "resume_at": scenes.NOW.replace(minute=9).isoformat()}
    store.checkpoint("dev", "d1", told)
    asking, made, _ = make(Missing(), store=store)

    answer = asking.record(dev())

    assert isinstance(answer, Silent)
    assert answer.why.startswith("told us to wait, 120 s")
    assert made == []


def test_offline_asks_nobody(make: Any) -> None:
    asking, made, _ = make(Missing(), offline=True)

    assert asking.record(dev()) == Silent("was not asked")
    assert made == []
