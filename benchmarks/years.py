"""40,000 old records: what planning and carrying out a join and a backfill takes.

Each command is a process of its own. Its CPU time and its peak of memory are told, and no
time of the wall: most of that is the products'.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.scene import CONFIG, SECRETS, free_ports, process
from sdsync.sandbox.redmine.product import Tracker
from sdsync.sandbox.redmine.state import Issue
from sdsync.sandbox.rt.product import Desk
from sdsync.sandbox.rt.state import Attachment, CustomField, Ticket, Transaction
from sdsync.sandbox.server import serve
from sdsync.store.opening import open_store

RECORDS = 40_000
PAIRS = 300
#: Of the tickets that nobody joins; the rest is closed, as most that is old.
OPEN = 300
FIELD, FIELD_ID = "Order", 5
AUTHOR = 20
WAIT_S = 120.0
#: The same commands with 2,000 records take 85 MiB: of a record its key and title are kept.
CEILING_MIB = 150.0
SYNC = "escalations"
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command took."""

    cpu_s: float
    peak_mib: float


def measure() -> Iterator[Figure]:
    """The four commands, at 40,000 records."""
    with tempfile.TemporaryDirectory(prefix="sdsync-bench-") as name, serve() as pair:
        folder, (port,) = Path(name), free_ports(1)
        os.environ.update(SECRETS)
        text = CONFIG.format(daemon=port, desk=pair.desk.port, dev=pair.dev.port, poll="1h")
        (folder / "sdsync.toml").write_text(text.replace('"live"', '"observe"'))
        desk, dev = pair.desk.product, pair.dev.product
        assert isinstance(desk, Desk)
        assert isinstance(dev, Tracker)
        pair.desk.on_loop(lambda: _tickets(desk))
        pair.dev.on_loop(lambda: _issues(dev))
        _known(folder, port)
        for plan, how in (
            ("p-1", ("connect", SYNC, "--by", f"desk.CustomFields.{FIELD}")),
            ("p-2", ("backfill", SYNC, "--since", "500d")),
        ):
            planned = _run(folder, *how, code=4)
            _run(folder, "plan", "approve", plan)
            for step, ran in (("plan", planned), ("apply", _run(folder, "apply", plan))):
                name = f"{how[0]}: {step}"
                yield Figure(f"{name}, CPU", ran.cpu_s, "s")
                yield Figure(f"{name}, peak", ran.peak_mib, "MiB", ceiling=CEILING_MIB)


def _run(folder: Path, *words: str, code: int = 0) -> Ran:
    """``sdsync WORDS`` as a process.

    Raises:
        RuntimeError: It ended with another code.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "sdsync", *words], cwd=folder, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        told = child.stdout.read().decode()
        _, status, took = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != code:
        raise RuntimeError(f"sdsync {' '.join(words)} ended with {child.returncode}: {told}")
    return Ran(took.ru_utime + took.ru_stime, took.ru_maxrss / 1024)


def _known(folder: Path, port: int) -> None:
    """A daemon runs until both feeds have a cursor: what stands there is old then.

    Raises:
        RuntimeError: It does not get there.
    """
    with process(["-m", "sdsync", "run"], port, cwd=folder):
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            store = open_store(None, None, path=folder)
            try:
                if all(store.system(one).cursor is not None for one in ("desk", "dev")):
                    return
            finally:
                store.close()
            time.sleep(0.5)
    raise RuntimeError("the daemon does not see both products")


def _tickets(desk: Desk) -> None:
    """Half of the records: pairs first, then what is open, then what is closed."""
    state, made_at = desk.state, desk.world.clock.now() - YEAR
    state.keep_field(CustomField(FIELD_ID, FIELD))
    for n in range(1, RECORDS // 2 + 1):
        ticket = Ticket(n, n, 2, f"ticket {n} says more", "nora", made_at, updated=made_at)
        ticket.status = "open" if n <= PAIRS + OPEN else "resolved"
        ticket.people["Requestor"] = ["jo@customer.example"]
        ticket.fields = {FIELD_ID: [f"infra#{n}"]} if n <= PAIRS else {}
        state.keep_ticket(ticket)
        state.keep_transaction(Transaction(n, n, "Create", "nora", made_at))
        text = b"It broke, and nobody knows why."
        state.keep_attachment(
            Attachment(n, n, 0, ticket.subject, None, "text/plain", text, "nora", made_at)
        )


def _issues(dev: Tracker) -> None:
    """The other half."""
    state, made_at = dev.state, dev.world.clock.now() - YEAR
    for n in range(1, RECORDS // 2 + 1):
        state.keep_issue(Issue(n, 1, 1, AUTHOR, made_at, made_at, f"issue {n}", "It broke."))
    state.counter.issue = RECORDS // 2
