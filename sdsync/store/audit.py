"""The audit chain: sealed in the order of commits, anchored in the witness, verified.

Each link is HMAC-SHA256 over the link before, the record's clear columns and
the digests of its sealed parts. Without the store's key no chain can be made anew.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import orjson
from sqlalchemy import bindparam, insert, select, update

from sdsync.store import tables
from sdsync.store.codec import encode, instant, load
from sdsync.store.crypto import KeyProblem, Unreadable
from sdsync.store.dialect import Link, Row
from sdsync.store.identity import HOME, META_PUT, Identities, Witness, read_meta
from sdsync.store.statements import Statement
from sdsync.store.trail import AUDIT_PAGE, check_part, erased, holds
from sdsync.store.writer import Tx

_audit, _seals = tables.audit, tables.audit_seals
#: Records sealed per transaction: some 10 ms, so that intake does not wait.
_AT_ONCE = 1000
#: In the meta table: where the trail begins, signed with the chain's own key.
CUT = "audit_cut"
_PAGE = 10_000
_DIGEST, _WORDS, _VALS = 9, 10, 11  # columns of the audit table

_clear = [one for one in _audit.columns if one.name not in ("words", "vals")]
UNSEALED = Statement(
    select(*_clear)
    .where(_audit.c.seq > bindparam("after"))
    .order_by(_audit.c.seq)
    .limit(bindparam("count"))
)
HEAD = Statement(select(_seals.c.seq, _seals.c.chain).order_by(_seals.c.seq.desc()).limit(1))
SEAL = Statement(insert(_seals))
SEALS_PAGE = Statement(
    select(_seals.c.seq, _seals.c.chain)
    .where(_seals.c.seq > bindparam("after"), _seals.c.seq <= bindparam("upto"))
    .order_by(_seals.c.seq)
)
CHAIN_AT = Statement(select(_seals.c.chain).where(_seals.c.seq == bindparam("seq")))
PARTS_OF = Statement(
    select(_audit.c.seq, _audit.c.digest, _audit.c.words, _audit.c.vals).where(
        _audit.c.seq == bindparam("seq")
    )
)
ERASE = {
    part: Statement(
        update(_audit)
        .where(_audit.c.seq == bindparam("k"))
        .values({_audit.c[part]: bindparam("mark")})
    )
    for part in ("words", "vals")
}


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the trail begins since retention took what was before (law 40)."""

    seq: int  # the last record that went; 0: none did
    chain: bytes  # its link: the next record's holds it
    at: str = ""
    plan: str = ""

    @property
    def plain(self) -> bytes:
        """What is signed."""
        said = {"seq": self.seq, "chain": self.chain.hex(), "at": self.at, "plan": self.plan}
        return encode({"what": "cut", **said})


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was checked, and the first record that is not as it was written."""

    records: int  # number of the newest
    sealed: int
    erased: int  # records of which values or words were
    first_bad: int | None = None
    problem: str | None = None
    cut: int = 0  # records that retention took, the oldest

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return self.problem is None


class _Bad(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, seq: int, problem: str) -> None:
        super().__init__(problem)
        self.seq = seq


class TrailBroken(Exception):  # noqa: N818 - named as what it reports
    """What retention would take is not as it was written: nothing of it goes.

    Else what is left of a trail that was tampered with would look sound.
    """

    cure = "sdsync audit verify"


class Audits(Identities):
    """Sealing, verifying and erasing of audit records."""

    def _sealed_to(self, link: Link) -> tuple[int, str]:
        found = link.row(HEAD)
        return (0, "") if found is None else (int(found[0]), bytes(found[1]).hex())

    def seal(self) -> int:
        """Chain what was committed since, and anchor the head; how many records.

        Any process may call it: whoever writes the next seal is elected for it.
        """
        sealed = 0
        while count := self._writer.run(self._seal_some):
            sealed += count
            if count < _AT_ONCE:
                break
        if sealed:
            self._anchor()
        return sealed

    def _seal_some(self, tx: Tx) -> int:
        if self._dialect.order_commits is not None:
            tx.link.command(self._dialect.order_commits)
        head = tx.link.row(HEAD)
        last, chain = (0, self._genesis(tx.link)) if head is None else (head[0], bytes(head[1]))
        rows = tx.link.rows(UNSEALED, {"after": last, "count": _AT_ONCE})
        key, links = self._vault.chain_key, []
        for row in rows:
            chain = link_of(key, chain, row)
            links.append({"seq": row[0], "chain": chain})
        tx.link.many(SEAL, links)
        return len(links)

    def _cut(self, link: Link) -> Cut:
        """Where the trail begins; at its genesis also when the checkpoint was tampered with."""
        if kept := read_meta(link, CUT):
            with suppress(ValueError, KeyError, TypeError):
                said = load(kept)
                cut = Cut(said["seq"], bytes.fromhex(said["chain"]), said["at"], said["plan"])
                if hmac.compare_digest(said["signature"], self._vault.sign(cut.plain)):
                    return cut
        return Cut(0, self._genesis(link))

    def _put_cut(self, link: Link, cut: Cut) -> None:
        said = {**load(cut.plain), "signature": self._vault.sign(cut.plain)}
        link.run(META_PUT, {"name": CUT, "value": encode(said)})

    def _genesis(self, link: Link) -> bytes:
        store_id = self._known(link).store_id.encode()
        return hmac.digest(self._vault.chain_key, b"genesis\x00" + store_id, "sha256")

    def _anchor(self) -> None:
        """Tell the witness the head. A suspect store tells nothing: it would hide why."""
        with self._reading() as link:
            known = self._known(link)
            seq, head = self._sealed_to(link)
            said = self._witness.read() if self._witness.path.exists() else None
            if said is None and self._witness.home:
                return
            if said is not None and (
                said.store_id != known.store_id
                or said.epoch > known.epoch
                or said.home != self._witness.home
                or (said.seq and self._contradicts(link, said.seq, said.head))
            ):
                return
            home = None if said is None or read_meta(link, HOME) else self._dialect.home(link)
        if home is not None:  # of an older program, whose witness agrees
            row = {"name": HOME, "value": home.encode()}
            self._writer.run(lambda tx: tx.link.run(META_PUT, row))
        self._witness.write(Witness(known.store_id, known.epoch, seq, head))

    def _chain_at(self, link: Link, seq: int) -> str | None:
        found = link.row(CHAIN_AT, {"seq": seq})
        if found is not None:
            return bytes(found[0]).hex()
        cut = self._cut(link)
        return cut.chain.hex() if 0 < seq == cut.seq else None

    def _contradicts(self, link: Link, seq: int, head: str) -> bool:
        """Whether the chain is another than it was seen; what was cut since cannot tell."""
        found = self._chain_at(link, seq)
        return found != head and not (found is None and seq < self._cut(link).seq)

    def erase_audit(self, seqs: Sequence[int], *, values_only: bool = True) -> None:
        """Forget what these records held: before and after, or the words too.

        The chain stays whole. Whoever calls commits an audit row that says so.
        """
        self._writer.run(lambda tx: self._erase(tx, seqs, values_only=values_only))

    def _erase(self, tx: Tx, seqs: Sequence[int], *, values_only: bool) -> None:
        """What is not as it was written stays so: a mark would make it lawful."""
        for seq in seqs:
            for _, digest, words, vals in tx.link.rows(PARTS_OF, {"seq": seq}):
                self._erase_part(tx, "vals", seq, digest, vals)
                if not values_only:
                    self._erase_part(tx, "words", seq, digest, words)

    def _erase_part(self, tx: Tx, part: str, seq: int, digest: bytes, sealed: bytes | None) -> None:
        with suppress(Unreadable):
            check_part(part, digest, sealed, self._vault, deep=True)
            if holds(sealed):
                mark = erased(part, digest, self._vault)
                tx.link.run(ERASE[part], {"k": seq, "mark": mark})

    def verify(
        self, *, deep: bool = True, anchored: bool = True, upto: int | None = None
    ) -> VerifyReport:
        """Check every record against the chain, and the chain against the witness.

        Args:
            deep: Open the sealed parts too; else only what the chain covers.
            anchored: Not so is a copy: of it the witness says nothing.
            upto: The last record that is looked at; None: all are.
        """
        said = self._witness_said()  # before the records, which then are at least as new
        with self._reading() as link:
            begins = self._cut(link).seq
            report = VerifyReport(begins, begins, 0, cut=begins)
            try:
                for page in self._pages(link, upto):
                    report = self._check_page(link, page, report, deep=deep)
                _check_end(report, upto)
                if anchored:
                    self._check_anchor(link, report, said)
            except _Bad as bad:
                return replace(report, first_bad=bad.seq, problem=f"record {bad.seq}: {bad}")
        return report

    def _pages(self, link: Link, upto: int | None) -> Iterator[list[Row]]:
        after = 0
        while rows := link.rows(AUDIT_PAGE, {"after": after, "count": _PAGE}):
            after = rows[-1][0]
            if upto is not None:
                rows = [one for one in rows if one[0] <= upto]
            if rows:
                yield rows
            if upto is not None and after >= upto:
                return

    def _check_page(
        self, link: Link, rows: list[Row], report: VerifyReport, *, deep: bool
    ) -> VerifyReport:
        first = report.records
        chain = (
            self._genesis(link) if first == 0 else bytes.fromhex(self._chain_at(link, first) or "")
        )
        upto = rows[-1][0]
        seals: dict[int, bytes] = {}
        seals.update((n, one) for n, one in link.rows(SEALS_PAGE, {"after": first, "upto": upto}))
        last_seal, _ = self._sealed_to(link)
        key, erased = self._vault.chain_key, report.erased
        for expected, row in enumerate(rows, first + 1):
            seq = row[0]
            if seq != expected:
                raise _Bad(expected, "is missing: it was deleted")
            if seq <= last_seal:
                chain = link_of(key, chain, row[:_WORDS])
                if chain != seals.get(seq):
                    raise _Bad(seq, _changed(row))
            self._check_parts(row, deep=deep)
            erased += any(one is not None and not holds(one) for one in (row[_WORDS], row[_VALS]))
        return replace(report, records=upto, sealed=min(upto, last_seal), erased=erased)

    def _check_parts(self, row: Row, *, deep: bool) -> None:
        for part, sealed in (("words", row[_WORDS]), ("vals", row[_VALS])):
            try:
                check_part(part, row[_DIGEST], sealed, self._vault, deep=deep)
            except (Unreadable, KeyProblem):
                how = "is missing, and sdsync did not erase it" if sealed is None else "was changed"
                raise _Bad(row[0], f"what is sealed beside it {how}") from None

    def _witness_said(self) -> Witness | str:
        try:
            return self._witness.read() or f"{self._witness.path} is missing"
        except ValueError as error:
            return str(error)

    def _check_anchor(self, link: Link, report: VerifyReport, said: Witness | str) -> None:
        seq, _ = self._sealed_to(link)
        if seq > report.records:
            raise _Bad(report.records + 1, f"is missing: records up to {seq} were sealed")
        if isinstance(said, str):
            raise _Bad(report.records, f"the head cannot be checked: {said}")
        if said.seq > report.sealed:
            raise _Bad(
                report.sealed + 1,
                f"is missing: the witness {self._witness.path} saw records up to {said.seq}",
            )
        if said.seq and self._contradicts(link, said.seq, said.head):
            raise _Bad(said.seq, "is not the one that the witness saw: the chain was made anew")


def _check_end(report: VerifyReport, upto: int | None) -> None:
    if upto is not None and report.records < upto:
        raise _Bad(report.records + 1, "is missing: it was deleted")


def link_of(key: bytes, before: bytes, row: Row) -> bytes:
    """The next link of the chain: over the link before, and the row's clear columns."""
    *clear, digest = row
    return hmac.digest(key, b"".join((before, digest, orjson.dumps(clear))), "sha256")


def _changed(row: Row) -> str:
    return (
        f"{row[2]} at {instant(row[1]).isoformat(timespec='seconds')} does not fit the chain: "
        "it was changed, put in or moved, or its seal was"
    )
