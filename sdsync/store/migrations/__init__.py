"""Migrations of the store, by Alembic; ``sdsync store upgrade`` runs them.

Expand first, contract one release later. A migration that an older program could
not live with raises ``serves`` in ``meta`` to the oldest revision that can.
"""
