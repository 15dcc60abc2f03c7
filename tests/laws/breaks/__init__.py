"""Breaks each law on purpose, in a copy of the package; the law's tests must go red.

``python -m tests.laws.breaks`` does all, ``--law 12`` one. The changes are in
``breaks.toml``; a change whose old text is no longer found counts as failed.
"""
