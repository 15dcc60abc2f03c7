"""A stock Redmine 5 and notes in their authors' names: by an administrator's key alone.

make real ARGS="tests/real/test_names.py"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sdsync.config.clock import SystemClock
from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors.contract import (
    AddElement,
    Create,
    Description,
    Done,
    Find,
    Found,
    Leave,
    NativeRecord,
)
from sdsync.connectors.redmine import Redmine
from sdsync.store.records import Ref
from tests.real.conftest import Product

pytestmark = pytest.mark.real

Connect = Callable[[str], Redmine]


@pytest.fixture
def connect(redmine: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """The connector with somebody's key; notes may be written in their authors' names."""
    with ExitStack() as opened:

        def connected(who: str) -> Redmine:
            monkeypatch.setenv("SDSYNC_TEST_DEV", redmine.facts[f"{who}_TOKEN"])
            token = SecretRef.parse("env:SDSYNC_TEST_DEV")
            made = Redmine(
                "dev",
                SystemConfig(
                    name="dev", connector="redmine", url=redmine.base_url, token=token,
                    deadline_s=30.0, impersonate=True,
                ),
                clock=SystemClock(),
            )  # fmt: skip
            assert isinstance(made.describe(), Description)  # the key is read now
            return opened.enter_context(closing(made))

        yield connected


def test_a_name_is_used_where_redmine_proves_it(connect: Connect) -> None:
    admin, ours = connect("ADMIN"), connect("SDSYNC")
    people = admin.people()
    assert isinstance(people, tuple)
    ids = {one.login: one.native_id for one in people}
    (born,) = admin.apply([Create("ticket", "infra", {"subject": "named", "tracker": "Bug"},
                                  uuid4().hex, "i")])  # fmt: skip
    assert isinstance(born, Done)
    ref, since = Ref("dev", "ticket", born.native_id or ""), datetime.now(UTC)

    def leave(of: Redmine, login: str, *, internal: bool = True) -> Leave:
        answer = of.leave(ref, ids[login], internal=internal)
        assert isinstance(answer, Leave), answer
        return answer

    assert leave(admin, "agent1").given
    assert not leave(admin, "reporter").given  # a private note of theirs would be public (M1)
    assert leave(ours, "agent1").ignored

    values = {"body": f"said elsewhere {uuid4().hex}", "internal": True}
    note = AddElement(ref, "note", values, "mark", "intent", author=ids["agent1"])
    (done,) = admin.apply([note])

    assert isinstance(done, Done), done
    record = admin.fetch(ref)
    assert isinstance(record, NativeRecord)
    (shown,) = record.notes or ()
    assert (shown.native_id, shown.author) == (done.native_id, ids["agent1"])
    assert shown.values["internal"] is True
    query = Find("note", "infra", "mark", since, ref, values, author=ids["agent1"])
    assert admin.find(query) == Found((shown.native_id,))
