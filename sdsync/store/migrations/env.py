"""Alembic's entry: runs on the connection that :mod:`sdsync.store.upgrading` hands over."""

from alembic import context

from sdsync.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
