"""The audit trail, or a part of it, into a file that proves itself (:mod:`sdsync.store.proof`).

Read page by page, each in a transaction of its own: nobody who writes waits, and memory
does not grow. What does not fit the store's chain is exported all the same, and says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import bindparam, select

from sdsync.store import tables
from sdsync.store.anchoring import Anchoring
from sdsync.store.audit import link_of
from sdsync.store.codec import micros
from sdsync.store.contract import StoreFull
from sdsync.store.crypto import KeyProblem, Unreadable
from sdsync.store.dialect import Row
from sdsync.store.plainfiles import told_of
from sdsync.store.proof import FORM, SUFFIX, WHAT, Chained, Signer, dumped
from sdsync.store.records import AuditRow
from sdsync.store.statements import Statement
from sdsync.store.trail import check_part, holds, read_audit

_PAGE = 1000
_audit = tables.audit
_seal, _before = tables.audit_seals.alias("seal"), tables.audit_seals.alias("seal_before")
_CLEAR = len(_audit.columns) - 2  # columns that the chain covers

_rows = (
    select(*_audit.columns, _seal.c.chain, _before.c.chain)
    .select_from(
        _audit.outerjoin(_seal, _seal.c.seq == _audit.c.seq).outerjoin(
            _before, _before.c.seq == _audit.c.seq - 1
        )
    )
    .where(_audit.c.seq > bindparam("after"), _audit.c.seq <= bindparam("upto"))
    .order_by(_audit.c.seq)
    .limit(bindparam("count"))
)
ROWS = Statement(_rows)
ROWS_OF_HUB = Statement(_rows.where(_audit.c.hub_id == bindparam("hub_id")))
FIRST_SINCE = Statement(
    select(_audit.c.seq)
    .where(_audit.c.at >= bindparam("at"), _audit.c.seq <= bindparam("upto"))
    .order_by(_audit.c.seq)
    .limit(1)
)
LAST_UNTIL = Statement(
    select(_audit.c.seq)
    .where(_audit.c.at < bindparam("at"), _audit.c.seq <= bindparam("upto"))
    .order_by(_audit.c.seq.desc())
    .limit(1)
)


class ExportProblem(Exception):  # noqa: N818 - named as what it reports
    """Nothing was exported; the text says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part, for whom. ``until`` is exclusive; ``hub_id`` None: all records."""

    by: str
    now: datetime
    since: datetime | None = None
    until: datetime | None = None
    hub_id: str | None = None
    record: str | None = None  # what ``hub_id`` was called
    values: bool = True


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    path: Path
    records: int
    first: int | None
    last: int | None
    left_out: int
    unsound: int  # records that do not fit the chain, or do not open
    key: str | None  # that it was signed with
    link: str  # of the last line: names this export among all


@dataclass(slots=True)
class _Run:
    """What was counted while lines were written."""

    records: int = 0
    first: int | None = None
    last: int | None = None
    left_out: int = 0
    unsound: int = 0


class Exporting(Anchoring):
    """The part of a store that hands its trail out."""

    def export_audit(
        self,
        to: Path,
        wanted: Wanted,
        signer: Signer | None = None,
        told: Callable[[int], None] = lambda _records: None,
    ) -> Exported:
        """Write the trail into a file that only its owner may read.

        Killed, nothing of that name is there, or all of it with its signature. No link is
        followed. Whoever calls commits an audit row that says so.

        Raises:
            ExportProblem: A file of that name, or of its signature's, is there already.
            FileProblem: It cannot be written.
        """
        beside = to.with_name(to.name + SUFFIX)
        if os.path.lexists(to):
            raise ExportProblem(f"{to} is there already")
        if os.path.lexists(beside):
            why = "without its file: an export was killed, or the file was moved; take another name"
            raise ExportProblem(f"{beside} is there already, {why}")
        with suppress(StoreFull):  # what is on a full disk can be read all the same
            self.seal()
        run = _Run()
        with ExitStack() as undo, told_of(to):
            with _new(to) as file:
                chained = Chained(file)
                self._write(chained, wanted, signer, run, told)
                if signer is not None:
                    # There before what it is of: alone it is taken for nothing.
                    with _new(beside) as signature:
                        signature.write(signer.sign(chained.last))
                    undo.callback(beside.unlink)
            undo.pop_all()
        return Exported(
            to, run.records, run.first, run.last, run.left_out, run.unsound,
            None if signer is None else signer.name, chained.link,
        )  # fmt: skip

    def _write(
        self,
        chained: Chained,
        wanted: Wanted,
        signer: Signer | None,
        run: _Run,
        told: Callable[[int], None],
    ) -> None:
        with self._reading() as link:
            known = self._known(link)
            upto, seal = self._sealed_to(link)
            cut = self._cut(link)
        head = {
            "what": WHAT,
            "form": FORM,
            "store": known.store_id,
            "epoch": known.epoch,
            "at": wanted.now.isoformat(timespec="seconds"),
            "by": wanted.by,
            "since": _iso(wanted.since),
            "until": _iso(wanted.until),
            "record": wanted.record,
            "cut": None if cut.seq == 0 else {"seq": cut.seq, "at": cut.at, "plan": cut.plan},
            "sealed": {"seq": upto, "seal": seal},
            "key": None if signer is None else signer.name,
        }
        chained.line(dumped(head))
        for row in self._rows(wanted, upto):
            self._record(chained, row, wanted, run)
            if run.records % _PAGE == 0:
                told(run.records)
        end = {"records": run.records, "first": run.first, "last": run.last}
        chained.line(dumped({"end": {**end, "left_out": run.left_out}}))

    def _rows(self, wanted: Wanted, upto: int) -> Iterator[Row]:
        asked: dict[str, Any] = {"count": _PAGE, "after": 0, "upto": upto}
        with self._reading() as link:
            if wanted.since is not None:
                found = link.row(FIRST_SINCE, {"at": micros(wanted.since), "upto": upto})
                asked["after"] = upto if found is None else found[0] - 1
            if wanted.until is not None:
                found = link.row(LAST_UNTIL, {"at": micros(wanted.until), "upto": upto})
                asked["upto"] = 0 if found is None else found[0]
        statement = ROWS
        if wanted.hub_id is not None:
            statement, asked["hub_id"] = ROWS_OF_HUB, wanted.hub_id
        while True:
            with self._reading() as link:
                page = link.rows(statement, asked)
            yield from page
            if len(page) < _PAGE:
                return
            asked["after"] = page[-1][0]

    def _record(self, chained: Chained, row: Row, wanted: Wanted, run: _Run) -> None:
        *stored, seal, before = row
        seq, gap = stored[0], 0 if run.last is None else stored[0] - run.last - 1
        read, fits = self._read(tuple(stored))
        content = {
            "seq": seq,
            "at": read.at.isoformat(),
            "action": read.action,
            "source": read.source,
            "hub": read.hub_id,
            "system": read.system,
            "ref": read.ref,
            "field": read.field,
            "duration_ms": read.duration_ms,
            "actor": read.actor,
            "why": read.why,
            "text": read.text,
        }
        if wanted.values and holds(stored[-1]):
            content |= {"before": read.before, "after": read.after}
        content |= {"digest": _hex(stored[_CLEAR - 1]), "seal": _hex(seal)}
        if run.last is None or gap:
            content["seal_before"] = _hex(before)
        if not (fits and self._fits(tuple(stored[:_CLEAR]), seal, before)):
            content["fits"] = False
            run.unsound += 1
        chained.line(dumped(content))
        run.records, run.left_out = run.records + 1, run.left_out + gap
        run.first, run.last = seq if run.first is None else run.first, seq

    def _read(self, row: Row) -> tuple[AuditRow, bool]:
        """A row as people read it, and whether its sealed parts are as they were written."""
        with suppress(Unreadable, KeyProblem):
            read = read_audit(row, self._vault)
            with suppress(Unreadable):
                for part, sealed in (("words", row[-2]), ("vals", row[-1])):
                    check_part(part, row[_CLEAR - 1], sealed, self._vault, deep=False)
                return read, True
            return read, False
        return read_audit((*row[:-2], None, None), self._vault), False

    def _fits(self, clear: Row, seal: bytes | None, before: bytes | None) -> bool:
        if before is None:
            with self._reading() as link:
                before = self._cut(link).chain
        return seal is not None and bytes(seal) == link_of(
            self._vault.chain_key, bytes(before), clear
        )


@contextmanager
def _new(path: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner may read, of that name when it is whole and on disk."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)  # of one who was killed
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(part, path)
    finally:
        part.unlink(missing_ok=True)


def _name(part: Path, path: Path) -> None:
    try:
        os.link(part, path)  # unlike a rename it writes over nothing
    except FileExistsError:
        raise ExportProblem(f"{path} is there already") from None
    except OSError:  # a file system without links
        part.replace(path)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _hex(value: bytes | None) -> str | None:
    return None if value is None else bytes(value).hex()
