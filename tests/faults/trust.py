"""Forged webhooks, a trail that somebody changes, and one that cannot be written."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sdsync.server.signatures import Verdict, read_secrets, verify
from sdsync.store.crypto import KeyProblem, Unreadable
from sdsync.store.opening import open_store
from sdsync.store.records import AuditRow, Change, SystemRow
from sdsync.store.writer import StoreDamaged
from tests.faults.frame import Trial, fault
from tests.integration.store.builders import NOW, after, share
from tests.unit.server.test_signatures import signed

BODY = b'{"kind": "ticket", "id": "4711", "title": "disk full"}'
STAMP = 1_800_000_000


def _key(trial: Trial) -> str:
    return base64.b64encode(trial.dice.randbytes(32)).decode()


@fault("S1", "webhooks forged in every part: all refused; well signed by old or new secret: taken")
def forged(trial: Trial) -> None:
    key, other, new = _key(trial), _key(trial), _key(trial)
    now = datetime.fromtimestamp(STAMP, UTC)
    secrets = read_secrets(f"whsec_{new}\nwhsec_{key}")
    for number in range(trial.of(300, 50_000)):
        good = signed(key, BODY, id_=f"msg_{number}", stamp=STAMP)
        headers, body, at = dict(good), BODY, now
        part = trial.dice.choice(
            ("body", "encoded", "id", "stamp", "signature", "other key", "missing", "late", "early")
        )
        match part:
            case "body":
                body = _one_changed(trial, BODY)
            case "encoded":
                body = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
            case "id" | "stamp" | "signature":
                name = {"id": "webhook-id", "stamp": "webhook-timestamp"}.get(
                    part, "webhook-signature"
                )
                headers[name] = _one_changed(trial, good[name].encode()).decode("latin-1")
            case "other key":
                headers = signed(other, BODY, id_=f"msg_{number}", stamp=STAMP)
            case "missing":
                del headers[trial.dice.choice(list(headers))]
            case "late" | "early":
                away = timedelta(seconds=trial.dice.randrange(301, 10**6))
                at = now + away if part == "late" else now - away
        judged = verify(headers, body, secrets, now=at).verdict
        trial.count("forged")
        trial.must(judged is not Verdict.GOOD, f"variant {number}, {part}: taken")
        whose, away_s = trial.dice.choice((key, new)), trial.dice.randrange(-300, 301)
        fine = signed(whose, BODY, id_=f"msg_{number}", stamp=STAMP)
        several = f"v1,{base64.b64encode(trial.dice.randbytes(32)).decode()} "
        fine["webhook-signature"] = several + fine["webhook-signature"]
        at = now + timedelta(seconds=away_s)
        trial.count("well signed")
        judged = verify(fine, BODY, secrets, now=at).verdict
        trial.must(judged is Verdict.GOOD, f"variant {number}: a good one was refused")


def _one_changed(trial: Trial, whole: bytes) -> bytes:
    """One byte of it is another printable one."""
    at = trial.dice.randrange(len(whole))
    others = [one for one in range(33, 127) if one != whole[at]]
    return whole[:at] + bytes([trial.dice.choice(others)]) + whole[at + 1 :]


# -- the trail ----------------------------------------------------------------------------
RECORDS = 60
_REST = "at, action, source, hub_id, system, ref, field, duration_ms, digest, words, vals"


@fault("S15", "the trail changed, cut, shortened, reordered, filled: found, its first record named")
def tampered(trial: Trial) -> None:
    store = open_store(None, None, path=trial.folder)
    store.commit(Change(audit=[_row(n) for n in range(RECORDS)]))
    store.seal()
    store.close()
    path = trial.folder / "sdsync.db"
    with closing(sqlite3.connect(path)) as link:
        link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sound = path.read_bytes()
    for number in range(trial.of(30, 1000)):
        path.write_bytes(sound)
        what, first = _tamper(trial, path)
        found = _first_bad(trial.folder)
        trial.count(what)
        trial.must(found == first, f"{number}, {what} at record {first}: names {found}")
    trial.must(_untouched(trial, path, sound), "a trail that nobody touched is called bad")


def _row(n: int) -> AuditRow:
    return AuditRow(after(n), "edited", "desk", f"hub-{n % 7}", text=f"t{n}", before=n, after=n + 1)


def _untouched(trial: Trial, path: Path, sound: bytes) -> bool:
    path.write_bytes(sound)
    return _first_bad(trial.folder) is None


def _first_bad(folder: Path) -> int | None:
    """The first record that is called bad; 0: bad, and no record named; None: all is well."""
    try:
        store = open_store(None, None, path=folder)
    except (StoreDamaged, KeyProblem, Unreadable):
        return 0
    try:
        report = store.verify()
        return None if report.ok else report.first_bad or 0
    finally:
        store.close()


def _tamper(trial: Trial, path: Path) -> tuple[str, int]:
    """Change the tables behind sdsync's back: what was done, and to which record first."""
    seq = trial.dice.randrange(1, RECORDS)
    what = trial.dice.choice(
        (
            "changed",
            "deleted",
            "inserted",
            "reordered",
            "shortened",
            "shortened whole",
            "filled",
            "emptied",
            "values emptied",
        )
    )
    column = trial.dice.choice(("action", "source", "at", "digest", "hub_id", "field"))
    value = "zeroblob(64)" if column == "digest" else "7" if column == "at" else "'somebody'"
    statements = {
        "changed": [f"UPDATE audit SET {column} = {value} WHERE seq = {seq}"],
        "deleted": [f"DELETE FROM audit WHERE seq = {seq}"],
        "inserted": [
            f"UPDATE audit SET seq = seq + 1000 WHERE seq >= {seq}",
            "UPDATE audit SET seq = seq - 999 WHERE seq > 1000",
            f"INSERT INTO audit SELECT {seq}, {_REST} FROM audit WHERE seq = {seq + 1}",
        ],
        "reordered": [
            f"UPDATE audit SET seq = -1 WHERE seq = {seq}",
            f"UPDATE audit SET seq = {seq} WHERE seq = {seq + 1}",
            f"UPDATE audit SET seq = {seq + 1} WHERE seq = -1",
        ],
        "shortened": [f"DELETE FROM audit WHERE seq > {seq}"],
        "shortened whole": [
            f"DELETE FROM {table} WHERE seq > {seq}" for table in ("audit", "audit_seals")
        ],
        "filled": [f"UPDATE audit SET words = zeroblob(80) WHERE seq = {seq}"],
        "emptied": [f"UPDATE audit SET words = NULL WHERE seq = {seq}"],
        "values emptied": [f"UPDATE audit SET vals = NULL WHERE seq = {seq}"],
    }[what]
    with closing(sqlite3.connect(path)) as link, link:
        for one in statements:
            link.execute(one)
    # What was inserted is a true copy: the record after it is the first that is wrong.
    later = what.startswith("shortened") or what == "inserted"
    return what, seq + 1 if later else seq


@fault("S16", "the trail cannot be written: the change is refused with it, none stands unaudited")
def unwritable(trial: Trial) -> None:
    store = open_store(None, None, path=trial.folder)
    store.commit(Change(shares=[share(1)], audit=[AuditRow(NOW, "born", "desk", "hub-1")]))
    with closing(sqlite3.connect(trial.folder / "sdsync.db")) as link, link:
        link.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    changes = trial.of(200, 10_000)
    for number in range(changes):
        row = AuditRow(NOW, "edited", "desk", f"n{number}")
        change = Change(systems=[SystemRow(f"s{number}", state="changed")], audit=[row])
        try:
            store.commit(change)
        except Exception:  # whatever it says: what counts is what stands afterwards
            trial.count("refused")
        changed = store.system(f"s{number}").state == "changed"
        trial.must(not changed, f"change {number} stands, and the trail does not know it")
    refused = trial.counts["refused"]
    trial.must(refused == changes, f"{refused} of {changes} changes were refused")
    with closing(sqlite3.connect(trial.folder / "sdsync.db")) as link, link:
        link.execute("DROP TRIGGER full")
    store.commit(Change(systems=[SystemRow("later", state="changed")], audit=[_row(1)]))
    trial.must(store.last_audit_seq() == 2, "the numbers of the trail have gaps")
    store.close()
