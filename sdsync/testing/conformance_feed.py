"""What must hold of every feed."""

from __future__ import annotations

import json
from typing import Any

from sdsync.connectors.contract import (
    Changes,
    Connector,
)
from sdsync.connectors.failures import (
    FAILURES,
)
from sdsync.testing.rig import MOST_PAGES, Rig, RiggedTests


class FeedConformance(RiggedTests):
    """A cursor loses nothing, repeats nothing after its commit, and ends."""

    def test_the_first_cursor_means_now(self, rig: Rig) -> None:
        """No events, and a cursor that can be stored."""
        connector, _ = self.over(rig, rig.behaved)

        first = connector.changes(None)

        assert isinstance(first, Changes), first
        assert first.events == ()
        assert json.loads(json.dumps(first.cursor)) == first.cursor

    def test_a_cursor_can_be_used_twice(self, rig: Rig) -> None:
        """A crash before the commit reads the same again; after it, nothing is repeated."""
        connector, _ = self.over(rig, rig.behaved)
        first = connector.changes(None)
        assert isinstance(first, Changes), first

        once = self.all_changes(connector, first.cursor)
        twice = self.all_changes(self.over(rig, rig.behaved)[0], first.cursor)
        after = self.all_changes(connector, once[1])

        assert [one.digest for one in once[0]] == [one.digest for one in twice[0]]
        assert {one.digest for one in after[0]}.isdisjoint(one.digest for one in once[0])

    def test_pages_that_repeat_come_to_an_end(self, rig: Rig) -> None:
        """The same page for every question: some proxies ignore what page is asked for."""
        connector, watching = self.over(rig, rig.behaved)
        first = connector.changes(None)
        assert isinstance(first, Changes), first

        self.all_changes(connector, first.cursor)
        people, teams = connector.people(), connector.teams()

        assert not isinstance(people, FAILURES)
        assert len({one.native_id for one in people}) == len(people)
        assert not isinstance(teams, FAILURES)
        assert len({one.native_id for one in teams}) == len(teams)
        assert len(watching.requests) < MOST_PAGES

    def all_changes(self, connector: Connector, cursor: object) -> tuple[list[Any], object]:
        """Ask until there is no more; fails when that does not end."""
        events: list[Any] = []
        for _ in range(MOST_PAGES):
            changes = connector.changes(cursor)
            assert isinstance(changes, Changes), changes
            events += changes.events
            cursor = json.loads(json.dumps(changes.cursor))
            if not changes.more:
                return events, cursor
        raise AssertionError("the feed never ends")
