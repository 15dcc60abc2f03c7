"""Where events come in: on disk with the look that each rings, before anybody acts on them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sdsync.connectors.contract import ChangeEvent
from sdsync.store.records import Change, InboxEvent
from sdsync.sync.core import Core


class Inbox:
    """The inbox of one process: its feeds and its web server write to it."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def capture(
        self,
        system: str,
        events: Sequence[ChangeEvent],
        *,
        via: str,
        body: bytes = b"",
        extra: Change | None = None,
    ) -> None:
        """Commit change events and ring a look for each record they name.

        Returns when they are on disk. What is known by its content is not kept again and
        leaves a look that waits as it is. Once that look is over, it rings another one: a
        product that came back from its backup gives its numbers out anew, so that what is
        known may be another change, and a look too many changes nothing.
        """
        change = extra or Change()
        self._note(change, system, events, via, body)
        self._captured(change, (system,))

    def capture_together(self, told: Sequence[tuple[str, Sequence[ChangeEvent]]]) -> None:
        """Commit what webhooks of several systems told, all or nothing, as :meth:`capture` does."""
        change = Change()
        for system, events in told:
            self._note(change, system, events, "webhook", b"")
        self._captured(change, {system for system, _ in told})

    def _note(
        self, change: Change, system: str, events: Sequence[ChangeEvent], via: str, body: bytes
    ) -> None:
        core, now = self._core, self._core.clock.now()
        for event in events:
            change.events.append(
                InboxEvent(system, event.kind, event.native_id, via, now, event.digest, body)
            )
            urgency_of = core.urgent.get((system, event.native_id), 3)
            look = core.work_for(system, "look", event.native_id, due=now, priority=urgency_of)
            look.hint = {"kind": event.kind, "deleted": event.deleted}
            change.ring.append(look)

    def _captured(self, change: Change, lanes: Collection[str]) -> None:
        core = self._core
        core.step("capture")
        core.store.commit(change)
        core.step("captured")
        for lane in lanes:
            core.ring(lane)
