"""One writer per process: short functions, grouped into durable commits.

Who comes while nobody writes does so in its own thread: two changes of threads cost
more than a small commit. Who comes meanwhile waits for the writer's thread, which
commits all that wait together.

Functions wait in two lines, intake before work, each in its order. A group is one
transaction with a savepoint per function, so that one failure is one caller's.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from sdsync.store.contract import Stale, StoreFull
from sdsync.store.dialect import Dialect, Link, Trouble

T = TypeVar("T")

#: Functions of work per group: more would keep intake waiting (p99 47 ms at 200).
_WORK_AT_ONCE = 25
_INTAKE_AT_ONCE = 200


class Unsure(Stale):
    """The connection broke during the commit: it may stand or not. Load and look again."""


class StoreClosed(Exception):  # noqa: N818 - named as the state it reports
    """The store was closed; nothing more is taken."""


class StoreDamaged(Exception):  # noqa: N818 - named as the state it reports
    """The database is not sound. Nothing is repaired by guessing."""


class Tx:
    """What a function gets: the group's connection, and the audit rows it adds."""

    __slots__ = ("audit", "link")

    def __init__(self, link: Link) -> None:
        self.link = link
        self.audit: list[Mapping[str, Any]] = []


class _Job:
    __slots__ = ("_done", "error", "function", "lasting", "result")

    def __init__(self, function: Callable[[Tx], object], *, lasting: bool) -> None:
        self.function, self.lasting = function, lasting
        self.result: object = None
        self.error: BaseException | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def finish(self) -> None:
        self._done.release()

    def wait(self) -> None:
        self._done.acquire()


class Writer:
    """Runs functions on the one connection that writes.

    Args:
        dialect: Where to connect, and what its errors mean.
        number_audit: Writes a group's audit rows; called last before the commit.
    """

    def __init__(
        self, dialect: Dialect, number_audit: Callable[[Link, list[Mapping[str, Any]]], None]
    ) -> None:
        self._dialect = dialect
        self._number_audit = number_audit
        self._intake: deque[_Job] = deque()
        self._work: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._busy = False  # somebody uses the connection: the thread, or a caller
        self._closing = False
        self._link: Link | None = None
        self._thread = threading.Thread(target=self._drive, name="sdsync-writer", daemon=True)
        self._thread.start()

    def run(self, function: Callable[[Tx], T], *, intake: bool = False, lasting: bool = True) -> T:
        """Run ``function`` in a write transaction; returns when it is on disk.

        ``function`` may run again when the group failed for a reason of its own.

        Args:
            intake: Go before the work that waits.
            lasting: False for what may be forgotten when the machine loses power, and
                outlives the death of this process all the same.

        Raises:
            Stale: A unique key was taken, or ``function`` said so.
            StoreFull: The store cannot be written now.
        """
        job = _Job(function, lasting=lasting)
        with self._wake:
            if self._closing:
                raise StoreClosed("the store is closed")
            # The main thread may be interrupted (Ctrl-C), and would leave it taken.
            alone = not (self._busy or self._intake or self._work or _is_main())
            if alone:
                self._busy = True
            else:
                (self._intake if intake else self._work).append(job)
                self._pass_on()
        if alone:
            self._commit([job])
        else:
            job.wait()
        if job.error is not None:
            raise job.error
        return cast(T, job.result)

    def close(self) -> None:
        """Take nothing more, finish what waits, close the connection."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _drive(self) -> None:
        while group := self._next_group():
            self._commit(group)
        self._drop_link()

    def _next_group(self) -> list[_Job]:
        with self._wake:
            while self._busy or not (self._intake or self._work or self._closing):
                self._wake.wait()
            group = _take(self._intake, _INTAKE_AT_ONCE) + _take(self._work, _WORK_AT_ONCE)
            self._busy = bool(group)
            return group

    def _commit(self, group: list[_Job]) -> None:
        """Write a group with the connection that was taken, and pass it on."""
        try:
            self._write(group)
        except BaseException as error:
            for job in group:
                job.error = job.error or error
            self._drop_link()
        with self._wake:
            self._busy = False
            self._pass_on()
        for job in group:
            job.finish()

    def _pass_on(self) -> None:
        """Wake the thread if it has something to do; with the lock held."""
        if not self._busy and (self._intake or self._work or self._closing):
            self._wake.notify()

    def _write(self, group: list[_Job]) -> None:
        trouble = self._attempt(group)
        if trouble is None:
            return
        # One at a time: whoever cannot be written fails alone.
        for job in group:
            job.error = None
            if self._attempt([job]) is not None:
                job.error = StoreFull("the store cannot be reached; nothing was written")

    def _attempt(self, group: list[_Job]) -> Trouble | None:
        """Run a group; the trouble when it is worth another try."""
        committing = False
        try:
            link = self._link = self._link or self._dialect.connect()
            link.begin_write(lasting=any(job.lasting for job in group))
            audit = _run_all(link, group, self._dialect)
            self._number_audit(link, audit)
            committing = True
            link.command("COMMIT")
        except Exception as error:
            return self._failed(group, error, committing=committing)
        return None

    def _failed(self, group: list[_Job], error: Exception, *, committing: bool) -> Trouble | None:
        trouble = self._dialect.trouble(error)
        if trouble is None or trouble is Trouble.GONE:
            self._drop_link()
        else:
            self._roll_back()
        if trouble is Trouble.AGAIN or (trouble is Trouble.GONE and not committing):
            return trouble
        for job in group:
            job.error = for_caller(trouble, error)
        return None

    def _roll_back(self) -> None:
        if self._link is None:
            return
        try:
            # On a full disk SQLite has rolled back already, and then says so.
            with contextlib.suppress(Exception):
                self._link.command("ROLLBACK")
        finally:
            self._drop_link()

    def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(Exception):  # it is broken: that is why it goes
                link.close()


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _take(line: deque[_Job], limit: int) -> list[_Job]:
    return [line.popleft() for _ in range(min(limit, len(line)))]


def _run_all(link: Link, group: list[_Job], dialect: Dialect) -> list[Mapping[str, Any]]:
    """Run each function in its savepoint; the audit rows of those that went well."""
    audit: list[Mapping[str, Any]] = []
    alone = len(group) == 1  # nobody beside it has to be spared
    for job in group:
        tx = Tx(link)
        if not alone:
            link.command("SAVEPOINT one")
        try:
            job.result = job.function(tx)
        except Exception as error:
            trouble = dialect.trouble(error)
            if trouble not in (None, Trouble.CONFLICT):
                raise
            job.error = error if trouble is None else for_caller(trouble, error)
            link.command("ROLLBACK" if alone else "ROLLBACK TO SAVEPOINT one")
            if alone:  # to be committed like every other group
                link.begin_write()
        if not alone:
            link.command("RELEASE SAVEPOINT one")
        if job.error is None:
            audit += tx.audit
    return audit


def for_caller(
    trouble: Trouble | None, error: BaseException, *, reading: bool = False
) -> BaseException:
    """The driver's error in the words of the contract."""
    inner = getattr(error, "orig", None) or error
    match trouble:
        case Trouble.CONFLICT:
            return Stale(f"somebody was faster: {inner}")
        case Trouble.FULL:
            what = "read" if reading else "written, nothing was committed"
            return StoreFull(f"the store cannot be {what}: {inner}")
        case Trouble.GONE if reading:
            return StoreFull(f"the store cannot be reached: {inner}")
        case Trouble.GONE:
            return Unsure("the connection to the store broke while it committed")
        case Trouble.DAMAGED:
            return StoreDamaged(f"the database is damaged ({inner}); stop, keep a copy, restore")
        case _:
            return error
