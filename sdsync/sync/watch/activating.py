"""Which version of a mapping is in force since when, and who put it there.

Mappings are read when a process starts and are in force until another start reads
something else: that is a version. The site's file stays the truth; the store keeps what
it said, so that a former version can be put back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.store.contract import Store
from sdsync.store.records import AuditRow, Change, MappingVersion

if TYPE_CHECKING:  # the screens ask for names and versions alone
    from sdsync.mappings.contract import Mapping
    from sdsync.sync.systems import System

SAME_FILE = "its pack or a table changed"


def name_of(system: str, kind: str) -> str:
    """What people call a mapping: ``dev-ticket``."""
    return f"{system}-{kind}"


def activated(store: Store, systems: Iterable[System], now: datetime) -> Change | None:
    """Note each mapping that is another than the one in force so far; None: all are the same."""
    change = Change()
    for system in systems:
        for kind, mapping in system.mappings.items():
            _note(store, name_of(system.name, kind), mapping, change, now)
    return change if change.mappings else None


def _note(store: Store, name: str, mapping: Mapping, change: Change, now: datetime) -> None:
    newest = in_force(store.mapping_versions(name, limit=1))
    if newest is not None and newest.digest == mapping.version:
        return
    made = MappingVersion(name, newest.n + 1 if newest else 1, mapping.version, now, None)
    if mapping.written is not None:
        made.text, made.by = mapping.written.text, mapping.written.by
    asked = put_in_place(store.mapping_versions(name))
    if asked is not None and newest is not None and asked.at < newest.at:
        asked = None  # that came into force, or was edited before it could
    if asked is not None and (asked.digest, asked.text) == (made.digest, made.text):
        made.by, made.why = asked.by, asked.why
    elif newest is not None and newest.text == made.text:
        made.by, made.why = None, SAME_FILE
    change.mappings.append(made)
    if newest is None:
        return  # nothing was in force: nothing changed
    text = f"{name} v{made.n}" + (f", {made.why}" if made.why else "")
    change.audit.append(
        AuditRow(now, "activated", "sdsync", system=mapping.system, actor=made.by, text=text,
                 before=newest.digest, after=made.digest)
    )  # fmt: skip


def in_force(versions: Sequence[MappingVersion]) -> MappingVersion | None:
    """The newest that came into force, of versions as the store tells them."""
    return versions[0] if versions and versions[0].n else None


def put_in_place(versions: Sequence[MappingVersion]) -> MappingVersion | None:
    """What a command put in place last, in force by now or not."""
    return versions[-1] if versions and not versions[-1].n else None


def put_back(
    store: Store, version: MappingVersion, digest: str, by: str, now: datetime
) -> MappingVersion:
    """Note who puts a former version in place: the next start or reload reads it from its file.

    Args:
        digest: What it reads as with the packs and tables of now.
    """
    why = f"v{version.n} again"
    asked = MappingVersion(version.mapping, 0, digest, now, version.text, by, why)
    system = version.mapping.rpartition("-")[0]
    row = AuditRow(now, "put_back", f"person:{by}", system=system, actor=by,
                   text=f"{version.mapping} {why}")  # fmt: skip
    store.commit(Change(mappings=[asked], audit=[row]))
    return asked
