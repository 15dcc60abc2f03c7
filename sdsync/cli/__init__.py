"""The command line: what people type, and the four screens they read.

``main`` is the console script. Commands live in ``commands``, what a screen
says in ``looks`` (plain data, also the ``--json`` form), how it is laid out in
``screens``. Heavy imports happen inside commands, so that ``--help`` is quick.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the process's own arguments when ``argv`` is None."""
    from sdsync.cli.app import run

    return run(argv)
