"""Plans and their lines. It only adds: an older program serves the store as before."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "plans",
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_plans"),
    )
    op.create_table(
        "plan_lines",
        sa.Column("plan_n", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("plan_n", "n", name="pk_plan_lines"),
    )
    op.create_index("ix_plan_lines_state", "plan_lines", ["plan_n", "state", "n"])
