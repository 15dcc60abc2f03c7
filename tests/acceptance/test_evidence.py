"""What happened is proved elsewhere: exports, signatures, anchors, by the command line."""

from __future__ import annotations

import json
import re
import subprocess
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sdsync.store.opening import open_store
from sdsync.store.writer import Tx
from tests.acceptance.conftest import Desk
from tests.conftest import need_program

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/prove-what-happened.md"


def a_key(folder: Path, name: str) -> None:
    """A key pair, as openssl writes it: NAME.pem and NAME.pub."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.pem").write_bytes(private)
    (folder / f"{name}.pem").chmod(0o600)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub").write_bytes(public)


@pytest.fixture
def signing_desk(desk: Desk) -> Desk:
    a_key(desk.folder, "audit")
    with desk.toml.open("a", encoding="utf-8") as file:
        file.write('[audit]\nsign = "file:audit.pem"\nanchor = "heads"\n')
    return desk


def test_an_export_goes_to_another_machine_and_is_checked_there(
    signing_desk: Desk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = signing_desk
    done = desk.type("audit", "export", "-o", "october.jsonl")
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "> sdsync audit verify october.jsonl --key PUBLIC"
    elsewhere = tmp_path_factory.mktemp("auditor")
    for name in ("october.jsonl", "october.jsonl.sig", "audit.pub"):
        (elsewhere / name).write_bytes((desk.folder / name).read_bytes())
    monkeypatch.chdir(elsewhere)  # neither a store nor sdsync.toml

    whole = desk.type("audit", "verify", "october.jsonl", "--key", "audit.pub")

    assert whole.code == 0, whole.out
    assert whole.out.splitlines()[0] == "october.jsonl is whole"
    assert "signed with " in whole.out
    lines = (elsewhere / "october.jsonl").read_bytes().splitlines(keepends=True)
    (elsewhere / "october.jsonl").write_bytes(b"".join(lines[:5] + lines[6:]))
    told = desk.type("audit", "verify", "october.jsonl", "--key", "audit.pub", "--json")
    assert (told.code, [one["kind"] for one in told.json["flaws"]]) == (1, ["removed"])
    (elsewhere / "october.jsonl").write_bytes(b"".join(lines))
    a_key(elsewhere, "other")
    told = desk.type("audit", "verify", "october.jsonl", "--key", "other.pub")
    assert told.code == 1
    assert "signature  it names another key as its own" in told.out


def test_the_keys_and_the_check_of_the_manual_take_openssl_alone(desk: Desk) -> None:
    need_program("openssl")
    page = PAGE.read_text("utf-8")
    (check,) = re.findall(r"`(tail -n 1 [^`]*)`", " ".join(page.split()))
    keys = "\n".join(re.findall(r"^\$ (openssl .*)$", page, re.MULTILINE))

    def typed(text: str) -> int:
        return subprocess.run(["sh", "-ec", text], cwd=desk.folder, check=False).returncode

    assert typed(keys) == 0
    with desk.toml.open("a", encoding="utf-8") as file:
        file.write('[audit]\nsign = "file:audit.pem"\n')
    assert desk.type("audit", "export", "-o", "october.jsonl").code == 0
    assert typed(check) == 0
    with (desk.folder / "october.jsonl").open("a", encoding="utf-8") as file:
        file.write("{}\n")
    assert typed(check) != 0


def test_who_took_an_export_is_in_the_trail(desk: Desk) -> None:
    done = desk.type("audit", "export", "-o", "all.jsonl")
    assert done.code == 0
    assert "not signed: nothing proves who made it" in done.out
    assert "> openssl genpkey -algorithm ed25519 -out audit.pem" in done.out

    row = desk.type("audit", "show", "--json").json[-1]

    assert (row["action"], row["actor"], row["why"]) == ("exported", "ops-2", "not signed")
    end = json.loads((desk.folder / "all.jsonl").read_bytes().splitlines()[-1])
    assert row["text"].endswith(end["link"][:16])


def test_an_export_on_standard_output_is_that_and_nothing_else(signing_desk: Desk) -> None:
    desk = signing_desk

    piped = desk.type("audit", "export", "-o", "-")

    assert piped.code == 0
    assert piped.err.splitlines()[-1] == "not signed: a signature needs a file: -o FILE"
    assert not (desk.folder / "-").exists()
    (desk.folder / "piped.jsonl").write_text(piped.out, encoding="utf-8", newline="")
    told = desk.type("audit", "verify", "piped.jsonl")
    assert (told.code, told.out.splitlines()[0]) == (0, "piped.jsonl is whole")
    assert desk.type("audit", "show", "--json").json[-1]["action"] == "exported"


def test_one_record_and_one_time(desk: Desk) -> None:
    for words in (["pause", "desk"], ["resync", "desk#4711"]):
        assert desk.type(*words).code == 0
    one = desk.type("audit", "export", "--record", "desk#4711", "-o", "one.jsonl", "--json").json
    assert 0 < one["records"] < one["last"] - one["first"] + 1
    told = desk.type("audit", "verify", "one.jsonl").out
    assert "of others between them are left out" in told
    assert "from store" in told
    assert "of desk#4711" in told
    none = desk.type("audit", "export", "--until", "2001-01-01", "-o", "none.jsonl", "--json")
    assert (none.code, none.json["records"]) == (0, 0)
    assert desk.type("audit", "verify", "none.jsonl").code == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["export", "-o", "sdsync.toml"], 1, "sdsync.toml is there already"),
        (["export", "-o", "nowhere/out"], 1, "nowhere/out.part: no such file or directory"),
        (["export", "-o", "x", "--record", "desk#99999"], 1, "desk#99999"),
        (["export", "-o", "x", "--since", "soon"], 2, "is no time"),
        (["export", "-o", "x", "--since", ""], 2, "--since is empty"),
        (["export", "-o", "x", "--until", ""], 2, "--until is empty"),
        (["export", "-o", "x", "--record", ""], 2, "--record is empty"),
        (["export", "-o", "x", "--since", "1d", "--until", "2d"], 2, "is not before"),
        (["export", "-o", "x", "--since", "2026-10-01", "--until", "2026-10-01"], 2, "not before"),
        (["verify", "nothing.jsonl"], 1, "nothing.jsonl is not there, or no plain file"),
        (["verify", "sdsync.toml"], 1, "sdsync.toml is no export of sdsync\n"),
        (["verify", "--key", "audit.pub"], 2, "--key is of an export"),
        (["verify", "sdsync.toml", "--key", "sdsync.toml"], 1, "is no public Ed25519 key"),
    ],
)
def test_what_cannot_be_done_is_told(desk: Desk, words: list[str], code: int, told: str) -> None:
    ran = desk.type("audit", *words)

    assert (ran.code, told in ran.err) == (code, True), ran


@pytest.mark.parametrize("where", ["nothing", ".", "closed/heads"])
def test_an_anchor_that_is_away_hides_not_what_the_trail_itself_says(
    desk: Desk, where: str
) -> None:
    (desk.folder / "closed").mkdir(mode=0o000)
    with desk.toml.open("a", encoding="utf-8") as file:
        file.write(f'[audit]\nanchor = "{where}"\n')

    ran, sound = desk.type("audit", "verify"), desk.type("store", "verify")

    first, second, *_, last = ran.out.splitlines()
    assert (ran.code, ran.err) == (1, "")
    assert first.startswith("the trail is whole: ")
    assert second.startswith("no anchor says so: ")
    assert last.startswith("> ls -l ")
    assert (sound.code, where in sound.err.splitlines()[0]) == (1, True)
    told = desk.type("audit", "verify", "--json").json
    assert (told["trail"]["problem"], where in told["anchors"]["unread"]) == (None, True)


def test_a_key_that_is_none_is_told_before_anything_is_written(signing_desk: Desk) -> None:
    (signing_desk.folder / "audit.pem").write_text("no key")

    ran = signing_desk.type("audit", "export", "-o", "out.jsonl")

    assert (ran.code, ran.err.splitlines()[0]) == (
        1,
        "file:audit.pem is no Ed25519 key in PEM without a passphrase",
    )
    assert not (signing_desk.folder / "out.jsonl").exists()


def _run(tx: Tx, text: str) -> None:
    tx.link.command(text)


def test_a_cut_tail_is_found_by_the_anchors(signing_desk: Desk) -> None:
    desk = signing_desk
    line = desk.type("audit", "anchor").out
    assert json.loads(line)["seq"] > 3
    assert desk.type("audit", "anchor", "-o", "heads").code == 0
    noted = json.loads((desk.folder / "heads").read_text())
    assert noted["head"] == json.loads(line)["head"]
    assert "1 anchor" in desk.type("audit", "verify").out
    assert desk.type("store", "verify").code == 0
    store = open_store(None, None, path=desk.folder)
    for table in ("audit", "audit_seals"):
        cut = f"DELETE FROM {table} WHERE seq > 3"
        store._writer.run(partial(_run, text=cut))
    store.new_epoch()  # the witness beside the store agrees
    assert store.verify().ok
    store.close()

    found, sound = desk.type("audit", "verify"), desk.type("store", "verify")

    assert (found.code, "record 4 is missing: the anchor of" in found.out) == (1, True)
    assert (sound.code, "record 4 is missing: the anchor of" in sound.err) == (1, True)
