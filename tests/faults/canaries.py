"""Secrets, and what people wrote, looked for in everything that leaves sdsync."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sdsync.store.records import Json
from tests.crash.house import SECRETS
from tests.crash.ledger import Record
from tests.crash.people import AGENTS, API
from tests.faults.door import PATIENCE_S, until
from tests.faults.frame import Trial, fault
from tests.faults.shop import Shop, shop

#: What people write, and no log, metric, error or file of the store may show.
WRITTEN = {
    "an internal note": "canary 7f3a9c5e internal", "a public note": "canary 2b81d0e4 public",
    "a file": "canary 9d4477aa content", "a file's name": "canary-51c0ffee.txt",
    "a title": "canary 60d1e5b2 title", "a title that was replaced": "canary 8a8a17f3 first",
}  # fmt: skip
#: The first are of the short form too: each is a process of its own.
SCREENS = (
    "status", "dead list", "audit show", "trace desk#{id}",
    "config", "held list", "alarms", "trace desk#{id} --json", "status --json", "store verify",
    "audit verify", "check", "trace desk#nothing",
)  # fmt: skip
SHORT = 4


def _secrets(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every secret in each form that it could leave in; the store's key is one."""
    (key,) = folder.glob("*.key")
    for name, value in {**SECRETS, "the store's key": key.read_text().strip()}.items():
        bare = value.removeprefix("whsec_")
        forms = {
            "": bare.encode(), "in base64": base64.b64encode(bare.encode()),
            "in hex": bare.encode().hex().encode(), "quoted": quote(bare, safe="").encode(),
            "of basic auth": base64.b64encode(f"{bare}:".encode()).rstrip(b"="),
            "of a user": base64.b64encode(f"sdsync:{bare}".encode()),
            "in its scheme": base64.b64encode(f"token {bare}".encode()),
        }  # fmt: skip
        if bare != value or name not in SECRETS:
            forms["decoded"] = base64.b64decode(bare)
        for form, found in forms.items():
            yield f"{name} {form}".strip(), found


@fault(
    "S13", "secrets and what people wrote: in no log, metric, error, screen, process list or file"
)
def canaries(trial: Trial) -> None:
    with shop(trial) as one:
        one.stop()
        config = one.house.config
        config.write_text('log.level = "debug"\n' + config.read_text())
        one.next()
        one.born(2)
        record, other = one.records
        _written(one, record)
        public = {"metrics": one.house.client.get(f"{one.house.url('daemon')}/metrics").content}
        _troubled(one, record)
        for page in ("healthz", "readyz", "hooks/desk", "nothing"):
            url = f"{one.house.url('daemon')}/{page}"
            public[f"/{page}"] = one.house.client.get(url).content or b"-"
        process = Path(f"/proc/{one.life._child.pid}/cmdline").read_bytes()
        one.house.switch("dev", auth_revoked=False)
        trial.must(one.stop() == 0, "it did not end in order")
        _dead_letter(trial, one, other)
        screens = dict(_screens(trial, one, record))
        trial.must(b"died 3 times" in screens["dead list"], "there is no dead letter")
        kept = _kept(trial, one)
        public["log"] = (trial.folder / "daemon.log").read_bytes()
        public["process list"] = process
        planted = dict(_secrets(trial.folder))
        trial.count("canaries", len(planted) + len(WRITTEN))
        _look(trial, {**public, **kept, **screens}, planted)
        # A file's name is no field's value: the trail says which file was sent.
        named = kept.pop("trail.jsonl")
        written = {what: text.encode() for what, text in WRITTEN.items()}
        _look(trial, {**public, **kept}, written)
        del written["a file's name"]
        _look(trial, {"trail.jsonl": named}, written)


def _look(trial: Trial, places: dict[str, bytes], planted: dict[str, bytes]) -> None:
    trial.count("looked for", len(planted) * len(places))
    for where, told in places.items():
        trial.must(told or where.endswith(("-wal", "-shm")), f"{where} is empty")
        for name, canary in planted.items():
            trial.must(canary not in told, f"{name} stands in {where}")


def _written(one: Shop, record: Record) -> None:
    """Notes of both audiences, a file, two titles: each arrives, so that all of it was handled."""
    url = f"{one.house.url('desk')}{API}/ticket/{record.ids['desk']}"
    content = base64.b64encode(WRITTEN["a file"].encode()).decode()
    file = {"FileName": WRITTEN["a file's name"], "FileType": "text/plain", "FileContent": content}
    plain = {"ContentType": "text/plain"}
    _post(one, f"{url}/comment", {**plain, "Content": WRITTEN["an internal note"]})
    _post(one, f"{url}/correspond", {**plain, "Content": WRITTEN["a public note"]})
    _post(one, f"{url}/comment", {**plain, "Content": "a file", "Attachments": [file]})
    one.title(record, WRITTEN["a title that was replaced"])
    one.arrives(record, WRITTEN["a title that was replaced"])
    one.title(record, WRITTEN["a title"])
    one.arrives(record, WRITTEN["a title"])
    until(lambda: _all_there(one), "each text is copied")


def _all_there(one: Shop) -> bool:
    shown = str(one.house.behind("dev", "records"))
    texts = set(WRITTEN) - {"a file", "a title that was replaced"}
    return all(WRITTEN[name] in shown for name in texts)


def _post(one: Shop, url: str, body: dict[str, Json]) -> None:
    headers = {"Authorization": f"token {AGENTS[0].token}"}
    one.house.client.post(url, headers=headers, json=body).raise_for_status()


def _troubled(one: Shop, record: Record) -> None:
    """A credential is refused and a proxy's page stands for answers: errors are told."""
    one.house.switch("dev", auth_revoked={"login": "sdsync"})
    one.house.switch("desk", html_502={"login": "sdsync", "count": 5})
    one.title(record, "while nobody may")
    until(
        lambda: "auth_revoked" in one.house.behind("dev", "state")["hits"],
        "the credential was refused",
    )


def _dead_letter(trial: Trial, one: Shop, record: Record) -> None:
    """A ticket that kills its reader three times is parked; then it is read no more."""
    ticket = str(record.ids["desk"])
    one.title(record, WRITTEN["a title"])
    for _ in range(3):
        one.next(poison=ticket)
        trial.must(one.life.ends_within(PATIENCE_S), "its reader did not die")
    one.next(poison=ticket)
    until(lambda: "died 3 times" in one.house.command("dead", "list")[1], "it is a dead letter")
    trial.must(one.stop() == 0, "it did not end in order")


def _screens(trial: Trial, one: Shop, record: Record) -> Iterator[tuple[str, bytes]]:
    """What commands tell."""
    for words in SCREENS[: trial.of(SHORT, len(SCREENS))]:
        asked = words.format(id=record.ids["desk"]).split()
        said = one.house.command(*asked)[1]
        yield words, said.encode()
        if words == "dead list":
            found = re.search(r"dead show (\w+)", said)
            assert found is not None, said
            yield "dead show", one.house.command("dead", "show", found[1])[1].encode()


def _kept(trial: Trial, one: Shop) -> dict[str, bytes]:
    """Every file of the store, a backup of it, and a trail that is exported without values."""
    backup, trail = trial.folder / "backup.db", trial.folder / "trail.jsonl"
    code, said = one.house.command("store", "backup", str(backup))
    trial.must(code == 0, f"no backup: {said}")
    code, said = one.house.command("audit", "export", "-o", str(trail), "--without-values")
    trial.must(code == 0, f"no export: {said}")
    stored = [*trial.folder.glob("sdsync.db*"), backup, trail]
    return {path.name: path.read_bytes() for path in stored if path.suffix != ".key"}
