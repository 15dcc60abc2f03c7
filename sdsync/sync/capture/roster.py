"""A system's people and teams: read, kept, and whoever waited for one of them tried again."""

from __future__ import annotations

from functools import partial

from sdsync.connectors.contract import Connector
from sdsync.store.records import Change, GroupState, PersonRow, SystemRow
from sdsync.sync.core import Core
from sdsync.sync.deliver.compute import NOBODY
from sdsync.sync.draft import Draft
from sdsync.sync.meter import Meter
from sdsync.sync.policy import is_failure
from sdsync.sync.systems import System

SLICE = 500  # at a time in memory; each record has a commit of its own
NEWS = "people changed"  # in the system's row until all who waited were tried, which a crash cuts


class Roster:
    """Of one engine's systems."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def read(self, system: System, connector: Connector, meter: Meter) -> list[PersonRow]:
        """Ask for all; of those that the system does not tell, none."""
        people, teams = meter.note(connector.people()), meter.note(connector.teams())
        rows: list[PersonRow] = []
        if not is_failure(people):
            rows += [
                PersonRow(
                    system=system.name,
                    native_id=one.native_id,
                    key=_key(one.email if one.email_verified else None, one.login, one.native_id),
                    login=one.login,
                    email=one.email,
                    email_verified=one.email_verified,
                    name=one.name,
                    human=one.human,
                    active=one.active,
                )
                for one in people
            ]
        if not is_failure(teams):
            rows += [
                PersonRow(
                    system=system.name,
                    native_id=one.native_id,
                    key="",  # by its name, or by the site's table
                    name=one.name,
                    human=False,
                    team=True,
                    members=None if one.members is None else list(one.members),
                )
                for one in teams
            ]
        return rows

    def keep(self, row: SystemRow, people: list[PersonRow], change: Change) -> None:
        """Note who they are, and in the system's row whether they differ from who they were.

        Who is gone keeps a row, since history names them: that alone is no change.
        """
        known = {one.native_id: one for one in self._core.store.people(row.system)}
        change.people = people
        if any(known.get(one.native_id) != one for one in people):
            row.info[NEWS] = True

    def try_again(self, system: System) -> None:
        """Try assignments that found nobody with the people as they are now, if they changed."""
        core, last = self._core, None
        if NEWS not in core.store.system(system.name).info:
            return
        core.people.forget()
        while found := core.store.replicas_with_state(
            GroupState.DIFFERS, system=system.name, after=last, limit=SLICE
        ):
            last = found[-1]
            for hub, replica, group in found:
                if replica.groups[group].note == NOBODY:
                    core.commit(partial(self._undecided, hub.id, replica.id, group))
        core.commit(partial(self._no_news, system.name))

    def _undecided(self, hub_id: str, replica_id: str, group: str) -> Change | None:
        share = self._core.store.share(hub_id)
        if share is None:
            return None
        draft = Draft(share, self._core.context())
        replica = share.replica(replica_id)
        draft.mark(replica, group, GroupState.DIRTY)
        draft.deliver(replica)
        return draft.change

    def _no_news(self, name: str) -> Change:
        row = self._core.store.system(name)
        row.info.pop(NEWS, None)
        return Change(systems=[row])


def _key(email: str | None, login: str | None, native_id: str) -> str:
    """The key that joins a person across systems: verified e-mail, else login."""
    if email:
        return email.lower()
    return f"login:{login}" if login else f"id:{native_id}"
