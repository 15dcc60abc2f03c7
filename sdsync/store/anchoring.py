"""The store's side of :mod:`sdsync.store.anchors`: it tells its head, and is held against it."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from sdsync.store.anchors import Anchor, AnchorReport, read
from sdsync.store.audit import Audits
from sdsync.store.codec import encode
from sdsync.store.dialect import Link
from sdsync.store.plainfiles import FileProblem


class Anchoring(Audits):
    """The part of a store that tells its head to the world outside."""

    def anchor(self, now: datetime) -> tuple[Anchor, bytes] | None:
        """The head of what is sealed, and as a line; None when there is none, or it is suspect."""
        known = self.identity()
        with self._reading() as link:
            seq, head = self._sealed_to(link)
        if not seq or known.suspect is not None:
            return None
        at = now.isoformat(timespec="seconds")
        anchor = Anchor(at, known.store_id, known.epoch, seq, head)
        line = {**asdict(anchor), "signature": self._vault.sign(anchor.plain)}
        return anchor, encode(line) + b"\n"

    def check_anchors(self, path: Path) -> AnchorReport:
        """Compare the trail with every head that was noted in a file.

        A file that cannot be read is a finding: what the trail itself says is told all the same.
        """
        report = AnchorReport(str(path))
        try:
            self._check_heads(path, report)
        except FileProblem as problem:
            report.unread = str(problem)
        return report

    def _check_heads(self, path: Path, report: AnchorReport) -> None:
        with self._reading() as link:
            store_id = self._known(link).store_id
            sealed, _ = self._sealed_to(link)
            for number, anchor, signature in read(path):
                if anchor is None or not secrets.compare_digest(
                    signature, self._vault.sign(anchor.plain)
                ):
                    report.add(f"line {number}: no anchor that this store's key made")
                    continue
                report.took(anchor)
                if told := self._contradiction(link, anchor, store_id, sealed):
                    report.add(told)
        if not report.lines:
            report.add("there is no anchor in it")

    def _contradiction(self, link: Link, anchor: Anchor, store_id: str, sealed: int) -> str | None:
        saw = f"the anchor of {anchor.at} saw"
        if anchor.store != store_id:
            return f"{saw} another store, {anchor.store}"
        if anchor.seq > sealed:
            return f"record {sealed + 1} is missing: {saw} records up to {anchor.seq}"
        if self._contradicts(link, anchor.seq, anchor.head):
            return f"record {anchor.seq} is not the one that {saw}: the chain was made anew"
        return None
