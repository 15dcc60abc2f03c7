"""What people were told of, and what not yet. It only adds: an older program works as before."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alarms",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.SmallInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
    )
    op.create_index("ix_alarms_began_at", "alarms", ["began_at"])
    is_open = sa.text("ended = 0")
    op.create_index(
        "ix_alarms_open",
        "alarms",
        ["began_at"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
