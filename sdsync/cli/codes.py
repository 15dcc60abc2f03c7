"""How a command ends: the exit codes, and the one exception that carries them."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Exit codes, for scripts as for people."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    NEEDS_YOU = 3
    CHANGES = 4


class CommandError(Exception):
    """A command cannot go on. The message is for a person.

    Args:
        message: What is wrong; several lines are allowed.
        cure: The command that mends it, or the next one to try.
        code: What the process ends with.
    """

    def __init__(self, message: str, *, cure: str | None = None, code: Code = Code.FAILED) -> None:
        super().__init__(message)
        self.cure = cure
        self.code = code
