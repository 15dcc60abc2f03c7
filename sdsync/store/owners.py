"""Whose a new file is: what root makes beside the daemon's files belongs to its account."""

from __future__ import annotations

import os
from pathlib import Path


def new_file(path: Path, like: Path | None = None, *, mode: int = 0o600) -> int:
    """A file that was not there, open for writing; no link is followed.

    Args:
        path: Of it.
        like: The file or folder whose owner it gets where root makes it; its folder.
        mode: Who may read it.

    Raises:
        FileExistsError: Something has that name.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, mode)
    try:
        hand_over(handle, like or path.parent)
    except OSError:
        os.close(handle)
        path.unlink()
        raise
    return handle


def hand_over(handle: int, like: Path) -> None:
    """Give a file that is ours to the owner of another; only root can, and others need not."""
    owner = like.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(handle, owner.st_uid, owner.st_gid)
