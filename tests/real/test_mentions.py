"""What texts name on the real products: each side shows its own number.

make real ARGS="tests/real/test_mentions.py"
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from sdsync.mappings.richtext.inert import GUARD
from tests.real.conftest import Product
from tests.real.people import Agent, Developer
from tests.real.rig import Daemon, until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def desk(request_tracker: Product) -> Iterator[Agent]:
    agent = Agent(request_tracker)
    yield agent
    agent.leaves()


@pytest.fixture(scope="module")
def dev(redmine: Product) -> Iterator[Developer]:
    developer = Developer(redmine, "agent1")
    yield developer
    developer.leaves()


@pytest.fixture(scope="module")
def daemon(
    request_tracker: Product, redmine: Product, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    one = Daemon(tmp_path_factory.mktemp("sdsync"), request_tracker, redmine)
    one.start()
    until(one.watches)
    yield one
    assert one.stop() == 0


def born(desk: Agent, dev: Developer, content: str) -> tuple[str, str]:
    """A ticket that says this, and the issue that is born of it."""
    subject = f"names {uuid4().hex[:8]}"
    ticket = desk.opens(subject, Content=content, ContentType="text/plain")

    def found() -> str:
        (issue,) = dev.called(subject) or [{}]
        assert issue, "no issue is born yet"
        return str(issue["id"])

    return ticket, until(found)


@pytest.mark.usefixtures("daemon")
def test_each_product_shows_its_own_number_of_what_both_have(desk: Agent, dev: Developer) -> None:
    known, copy = born(desk, dev, "the first")

    ticket, issue = born(desk, dev, f"As in #{known}, not in #999999.")
    desk.comments(ticket, f"said of ticket #{known}")
    dev.notes_down(issue, f"seen in #{copy}, not in #999998")

    def crossed() -> None:
        at_dev = " ".join(note.text for note in dev.notes(issue))
        at_desk = " ".join(note.text for note in desk.notes(ticket))
        assert f"said of ticket #{copy}" in at_dev
        assert f"seen in #{known}, not in dev#{GUARD}999998" in at_desk

    until(crossed)
    shown = dev.issue(issue)["description"]
    assert shown.endswith(f"As in #{copy}, not in desk#{GUARD}999999.")
