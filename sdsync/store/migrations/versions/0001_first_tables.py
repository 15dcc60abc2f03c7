"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
AUTO = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make everything; ``serves`` says that this program is the oldest that may come."""
    _make_hub_records()
    _make_replicas()
    _make_elements()
    _make_intents()
    _make_work()
    _make_known()
    _make_history()
    _make_meta()
    meta = sa.table("meta", sa.column("name", TEXT), sa.column("value", sa.LargeBinary()))
    op.bulk_insert(meta, [{"name": "serves", "value": revision.encode()}])


def _make_hub_records() -> None:
    op.create_table(
        "hubs",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("correlation", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("human_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hubs"),
    )
    op.create_index(
        "ix_hubs_human_at",
        "hubs",
        ["human_at"],
        unique=False,
        sqlite_where=sa.text("human_at IS NOT NULL"),
        postgresql_where=sa.text("human_at IS NOT NULL"),
    )
    op.create_index("uq_hubs_kind", "hubs", ["kind", "correlation"], unique=True)
    op.create_table(
        "hub_syncs",
        sa.Column("sync", TEXT, nullable=False),
        sa.Column("hub_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("sync", "hub_id", name="pk_hub_syncs"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hub_syncs_hub_id", "hub_syncs", ["hub_id"], unique=False)
    op.create_table(
        "hub_values",
        sa.Column("hub_id", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hub_id", "field", name="pk_hub_values"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hub_values_kind", "hub_values", ["kind", "field", "digest"], unique=False)


def _make_replicas() -> None:
    op.create_table(
        "replicas",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("hub_id", TEXT, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("native_id", TEXT, nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replicas"),
    )
    op.create_index("ix_replicas_hub_id", "replicas", ["hub_id"], unique=False)
    op.create_index("ix_replicas_read_at", "replicas", ["system", "read_at"], unique=False)
    op.create_index("uq_replicas_system", "replicas", ["system", "kind", "native_id"], unique=True)
    op.create_table(
        "replica_groups",
        sa.Column("replica_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("hub_id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("cause", TEXT, nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("replica_id", "name", name="pk_replica_groups"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_replica_groups_cause", "replica_groups", ["cause"], unique=False)
    op.create_index("ix_replica_groups_state", "replica_groups", ["state", "since"], unique=False)


def _make_elements() -> None:
    op.create_table(
        "elements",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("hub_id", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_elements"),
    )
    op.create_index("ix_elements_hub_id", "elements", ["hub_id"], unique=False)
    op.create_table(
        "placements",
        sa.Column("element_id", TEXT, nullable=False),
        sa.Column("replica_id", TEXT, nullable=False),
        sa.Column("hub_id", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("element_id", "replica_id", name="pk_placements"),
    )
    op.create_index("ix_placements_hub_id", "placements", ["hub_id"], unique=False)
    op.create_table(
        "blobs",
        sa.Column("element_id", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("element_id", name="pk_blobs"),
    )


def _make_intents() -> None:
    op.create_table(
        "intents",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("hub_id", TEXT, nullable=False),
        sa.Column("element", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("mark", TEXT, nullable=True),
        sa.Column("ended", sa.SmallInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_intents"),
    )
    op.create_index(
        "ix_intents_open",
        "intents",
        ["system", "kind"],
        unique=False,
        sqlite_where=sa.text("ended = 0"),
        postgresql_where=sa.text("ended = 0"),
    )
    op.create_index(
        "uq_intents_hub_id",
        "intents",
        ["hub_id", "element", "target", "kind", "place", "generation"],
        unique=True,
    )
    op.create_index("uq_intents_mark", "intents", ["mark"], unique=True)
    op.create_table(
        "attempts",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("hub_id", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_hub_id", "attempts", ["hub_id"], unique=False)


def _make_work() -> None:
    op.create_table(
        "work",
        sa.Column("lane", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("lane", "kind", "target", name="pk_work"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_work_due", "work", ["lane", "due_at"], unique=False)
    op.create_index(
        "ix_work_lane", "work", ["lane", "deadline_at", "kind", "target", "due_at"], unique=False
    )

    op.create_table(
        "lanes",
        sa.Column("lane", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("rung", sa.SmallInteger(), nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("lane", name="pk_lanes"),
    )
    op.create_table(
        "inbox",
        sa.Column("n", AUTO, autoincrement=True, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_inbox"),
        sa.UniqueConstraint("system", "digest", name="uq_inbox_system"),
    )


def _make_known() -> None:
    op.create_table(
        "systems",
        sa.Column("system", TEXT, nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("system", name="pk_systems"),
    )
    op.create_table(
        "syncs",
        sa.Column("sync", TEXT, nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sync", name="pk_syncs"),
    )
    op.create_table(
        "pauses",
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_pauses"),
    )
    op.create_table(
        "people",
        sa.Column("system", TEXT, nullable=False),
        sa.Column("native_id", TEXT, nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("system", "native_id", name="pk_people"),
    )
    op.create_table(
        "causes",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_causes"),
    )
    op.create_index(
        "uq_causes_open",
        "causes",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _make_history() -> None:
    op.create_table(
        "versions",
        sa.Column("n", AUTO, autoincrement=True, nullable=False),
        sa.Column("hub_id", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_versions"),
        sa.UniqueConstraint("hub_id", "field", "version", name="uq_versions_hub_id"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", AUTO, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("hub_id", TEXT, nullable=True),
        sa.Column("system", TEXT, nullable=True),
        sa.Column("ref", TEXT, nullable=True),
        sa.Column("field", TEXT, nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("vals", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_index("ix_audit_hub_id", "audit", ["hub_id", "seq"], unique=False)
    op.create_index(
        "ix_audit_gone",
        "audit",
        ["system", "at"],
        unique=False,
        sqlite_where=sa.text("action = 'gone'"),
        postgresql_where=sa.text("action = 'gone'"),
    )
    op.create_table(
        "audit_seals",
        sa.Column("seq", AUTO, autoincrement=False, nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_seals"),
    )


def _make_meta() -> None:
    op.create_table(
        "meta",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
