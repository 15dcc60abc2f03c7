"""The tables. Clear columns are what a statement looks for; the rest is one encrypted ``doc``.

Instants are whole microseconds since 1970. ``digest`` tells, without reading a
``doc``, whether a row changed. Every change here is a migration, and expands
first: a column is dropped one release after the last program that reads it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    UniqueConstraint,
    column,
)

from sdsync.store.dialect import AUTO, TEXT

#: The newest migration: what this program writes and expects.
REVISION = "0004"
#: The oldest program that may work with it; a migration that contracts raises it.
SERVES = "0001"

#: A partial index names its part for SQLite; :meth:`PostgresDialect.adopt` copies it.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, TEXT, nullable=optional)


def _number(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


def _flag(name: str) -> Column[int]:
    return Column(name, SmallInteger, nullable=False)


def _bytes(name: str, *, optional: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=optional)


def _table(
    name: str,
    *parts: Column[str] | Column[int] | Column[bytes],
    key: str,
    clustered: bool = False,
) -> Table:
    """A table; ``clustered`` keeps narrow rows in the order of their key in SQLite."""
    primary = PrimaryKeyConstraint(*key.split())
    return Table(name, metadata, *parts, primary, sqlite_with_rowid=not clustered)


meta = _table("meta", _text("name"), _bytes("value"), key="name")

hubs = _table(
    "hubs",
    _text("id"),
    _text("kind"),
    _text("correlation"),
    _text("state"),
    _number("human_at", optional=True),
    _number("version"),
    _bytes("doc"),
    key="id",
)
Index("uq_hubs_kind", hubs.c.kind, hubs.c.correlation, unique=True)
Index(
    "ix_hubs_human_at",
    hubs.c.human_at,
    sqlite_where=column("human_at").is_not(None),
)

hub_syncs = _table("hub_syncs", _text("sync"), _text("hub_id"), key="sync hub_id", clustered=True)
Index("ix_hub_syncs_hub_id", hub_syncs.c.hub_id)

#: Keyed digests of hub values, for `match` keys: values themselves stay encrypted.
hub_values = _table(
    "hub_values",
    _text("hub_id"),
    _text("field"),
    _text("kind"),
    _bytes("digest"),
    key="hub_id field",
    clustered=True,
)
Index("ix_hub_values_kind", hub_values.c.kind, hub_values.c.field, hub_values.c.digest)

replicas = _table(
    "replicas",
    _text("id"),
    _text("hub_id"),
    _text("system"),
    _text("kind"),
    _text("native_id", optional=True),
    _number("read_at", optional=True),  # None: not to be read again by itself
    _bytes("digest"),
    _bytes("doc"),
    key="id",
)
Index("ix_replicas_hub_id", replicas.c.hub_id)
Index("ix_replicas_read_at", replicas.c.system, replicas.c.read_at)
Index("uq_replicas_system", replicas.c.system, replicas.c.kind, replicas.c.native_id, unique=True)

replica_groups = _table(
    "replica_groups",
    _text("replica_id"),
    _text("name"),
    _text("hub_id"),
    _text("state"),
    _text("cause", optional=True),
    _number("since"),
    key="replica_id name",
    clustered=True,
)
Index("ix_replica_groups_state", replica_groups.c.state, replica_groups.c.since)
Index("ix_replica_groups_cause", replica_groups.c.cause)

elements = _table(
    "elements", _text("id"), _text("hub_id"), _bytes("digest"), _bytes("doc"), key="id"
)
Index("ix_elements_hub_id", elements.c.hub_id)

placements = _table(
    "placements",
    _text("element_id"),
    _text("replica_id"),
    _text("hub_id"),
    _bytes("digest"),
    _bytes("doc"),
    key="element_id replica_id",
)
Index("ix_placements_hub_id", placements.c.hub_id)

intents = _table(
    "intents",
    _text("id"),
    _text("hub_id"),
    _text("element"),
    _text("target"),
    _text("system"),
    _text("kind"),
    _text("place"),
    _number("generation"),
    _text("mark", optional=True),
    _flag("ended"),
    _bytes("digest"),
    _bytes("doc"),
    key="id",
)
Index(
    "uq_intents_hub_id",
    *(intents.c[name] for name in ["hub_id", "element", "target", "kind", "place", "generation"]),
    unique=True,
)
Index("uq_intents_mark", intents.c.mark, unique=True)
Index(
    "ix_intents_open",
    intents.c.system,
    intents.c.kind,
    sqlite_where=column("ended") == 0,
)

attempts = _table(
    "attempts", _text("id"), _text("hub_id"), _bytes("digest"), _bytes("doc"), key="id"
)
Index("ix_attempts_hub_id", attempts.c.hub_id)

versions = Table(
    "versions",
    metadata,
    Column("n", AUTO, primary_key=True, autoincrement=True),
    _text("hub_id"),
    _text("field"),
    _number("version"),
    _bytes("doc"),
    UniqueConstraint("hub_id", "field", "version"),
)

#: Claimed in the order of ``ix_work_lane``: deadline first, no sort (law 36).
work = _table(
    "work",
    _text("lane"),
    _text("kind"),
    _text("target"),
    _number("priority"),
    _number("since"),
    _number("due_at"),
    _number("deadline_at"),
    _number("generation"),
    _number("starts"),
    _bytes("doc", optional=True),
    key="lane kind target",
    clustered=True,
)
Index(
    "ix_work_lane",
    *(work.c[name] for name in ["lane", "deadline_at", "kind", "target", "due_at"]),
)
Index("ix_work_due", work.c.lane, work.c.due_at)

inbox = Table(
    "inbox",
    metadata,
    Column("n", AUTO, primary_key=True, autoincrement=True),
    _text("system"),
    _text("digest"),
    _number("received_at"),
    _bytes("doc"),
    UniqueConstraint("system", "digest"),
)

causes = _table(
    "causes",
    _text("id"),
    _text("fingerprint"),
    _number("since"),
    _number("closed_at", optional=True),
    _bytes("doc"),
    key="id",
)
Index(
    "uq_causes_open",
    causes.c.fingerprint,
    unique=True,
    sqlite_where=column("closed_at").is_(None),
)

systems = _table("systems", _text("system"), _bytes("doc"), key="system")
syncs = _table("syncs", _text("sync"), _bytes("doc"), key="sync")
pauses = _table("pauses", _text("scope"), _bytes("doc"), key="scope")
people = _table(
    "people", _text("system"), _text("native_id"), _bytes("doc"), key="system native_id"
)
blobs = Table(
    "blobs", metadata, _text("element_id"), _bytes("body"), PrimaryKeyConstraint("element_id")
)

#: ``n`` is the number in the plan's name: two that are made at once do not share it.
plans = _table("plans", _number("n"), _number("version"), _bytes("doc"), key="n")
plan_lines = _table(
    "plan_lines",
    _number("plan_n"),
    _number("n"),
    _text("state"),
    _bytes("doc"),
    key="plan_n n",
)
Index(
    "ix_plan_lines_state",
    *(plan_lines.c[name] for name in ["plan_n", "state", "n"]),
)

mapping_versions = _table(
    "mapping_versions", _text("mapping"), _number("n"), _bytes("doc"), key="mapping n"
)

alarms = _table("alarms", _text("id"), _number("began_at"), _flag("ended"), _bytes("doc"), key="id")
Index("ix_alarms_began_at", alarms.c.began_at)
Index("ix_alarms_open", alarms.c.began_at, sqlite_where=column("ended") == 0)

lanes = _table(
    "lanes",
    _text("lane"),
    _text("holder", optional=True),
    _number("lease_until", optional=True),
    _number("fence"),
    _flag("rung"),
    _bytes("checkpoint", optional=True),
    key="lane",
)

#: ``digest`` is salted, of the two encrypted parts; the chain covers it, so that
#: ``words`` and ``vals`` can be erased with the chain intact.
audit = Table(
    "audit",
    metadata,
    Column("seq", AUTO, primary_key=True, autoincrement=False),
    _number("at"),
    _text("action"),
    _text("source"),
    _text("hub_id", optional=True),
    _text("system", optional=True),
    _text("ref", optional=True),
    _text("field", optional=True),
    _number("duration_ms", optional=True),
    _bytes("digest"),
    _bytes("words", optional=True),
    _bytes("vals", optional=True),
)
Index("ix_audit_hub_id", audit.c.hub_id, audit.c.seq)
#: Few rows: how many records of a system went lately (law 41).
Index("ix_audit_gone", audit.c.system, audit.c.at, sqlite_where=column("action") == "gone")

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("seq", AUTO, primary_key=True, autoincrement=False),
    _bytes("chain"),
)
