"""``sdsync reload``: edited files put in force by the person who edited them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import sdsync
from sdsync.cli import reloading, rooms
from tests.acceptance.conftest import Desk
from tests.acceptance.test_run import PATIENCE_S, free_ports


@pytest.fixture
def daemon(empty_desk: Desk) -> Iterator[int]:
    """The number of its process; both systems are away."""
    toml = empty_desk.toml.read_text(encoding="utf-8")
    port = free_ports(1)[0]
    empty_desk.toml.write_text(toml.replace("server.port = 1\n", f"server.port = {port}\n"))
    home = str(Path(sdsync.__file__).resolve().parents[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "sdsync", "run"],
        cwd=empty_desk.folder, env={**os.environ, "PYTHONPATH": home}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    watchdog = threading.Timer(PATIENCE_S, process.kill)
    watchdog.start()
    try:
        assert process.stderr is not None
        for said in process.stderr:
            if "daemon.started" in said:
                break
        yield process.pid
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def test_edited_files_are_put_in_force_all_or_none(empty_desk: Desk, daemon: int) -> None:
    rested = empty_desk.type("reload")
    assert (rested.code, rested.out) == (0, "nothing is edited\n> sdsync status\n")

    whole = empty_desk.toml.read_text(encoding="utf-8")
    empty_desk.toml.write_text(f"log.level = 'debug'\n{whole}", encoding="utf-8")
    assert "> sdsync reload" in empty_desk.type("status").out
    taken = empty_desk.type("reload")
    assert (taken.code, taken.out) == (0, "sdsync runs on sdsync.toml now\n> sdsync status\n")
    assert "sdsync reload" not in empty_desk.type("status").out

    empty_desk.toml.write_text(f"log.level = 'loud'\n{whole}", encoding="utf-8")
    wrong = empty_desk.type("reload")
    assert wrong.code != 0
    assert "sdsync.toml:1:" in wrong.err

    empty_desk.toml.write_text(whole.partition("[systems")[0], encoding="utf-8")
    cut = empty_desk.type("reload")
    assert cut.code == 1
    assert "systems: found none" in cut.err

    empty_desk.toml.write_text(f"store.url = 'sqlite:///x.db'\n{whole}", encoding="utf-8")
    fixed = empty_desk.type("reload")
    assert fixed.code == 1
    assert "store changed, which needs a restart" in fixed.err
    os.kill(daemon, 0)  # it lives


def test_without_a_daemon_it_says_so(empty_desk: Desk) -> None:
    ran = empty_desk.type("reload")

    assert (ran.code, ran.err.splitlines()[-1]) == (1, "> sdsync status")


@pytest.mark.parametrize("of", [os.getppid, lambda: 2**22 + 1], ids=["a stranger's", "nobody's"])
def test_a_number_of_another_host_strikes_no_process_here(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch, of: Callable[[], int]
) -> None:
    struck = list[int]()
    monkeypatch.setattr(rooms, "daemon", lambda _config: {"pid": of(), "files": {"x": "y"}})
    monkeypatch.setattr(os, "kill", lambda pid, _number: struck.append(pid))
    monkeypatch.setattr(reloading, "_PROC", empty_desk.folder)
    (empty_desk.folder / str(os.getppid())).mkdir()
    (empty_desk.folder / str(os.getppid()) / "cmdline").write_bytes(b"bash\0-l\0")

    ran = empty_desk.type("reload")

    assert (ran.code, struck) == (1, [])
    assert "another host, or in a container" in ran.err
