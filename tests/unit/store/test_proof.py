"""Whatever is done to an export, ``examine`` finds it and says what it was."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from sdsync.store import proof, signing
from sdsync.store.plainfiles import FileProblem
from sdsync.store.proof import SUFFIX, WHAT, Chained, Proof, Signer, dumped

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def export(records: int, signer: Signer | None = None, **more: object) -> bytes:
    """The bytes of a small export."""
    file = BytesIO()
    chained = Chained(file)
    head = {"what": WHAT, "form": 1, "record": None, "key": signer.name if signer else None}
    chained.line(dumped(head))
    for seq in range(1, records + 1):
        chained.line(dumped({"seq": seq, "text": f"t{seq}", **more}))
    chained.line(dumped({"end": {"records": records}}))
    return file.getvalue()


def examined(content: bytes, folder: Path | None = None) -> Proof:
    with tempfile.TemporaryDirectory() as made:
        path = (folder or Path(made)) / "export"
        path.write_bytes(content)
        found = proof.examine(path)
        signing.check(found, None)
    return found


def is_whole(content: bytes) -> bool:
    """Whether nothing is found; a file of which no line is one of an export is refused."""
    try:
        return examined(content).ok
    except FileProblem:
        return False


@given(JSON)
def test_an_export_of_any_values_is_whole(value: object) -> None:
    found = examined(export(3, before=value))

    assert found.flaws == []
    assert (found.records, found.first, found.last, found.left_out) == (3, 1, 3, 0)


@given(st.data(), st.integers(0, 4))
def test_any_single_byte_that_is_another_is_found(data: st.DataObject, records: int) -> None:
    content = bytearray(export(records))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))

    assert not is_whole(bytes(content))


@given(st.data(), st.integers(0, 4))
def test_any_bytes_that_were_put_in_or_taken_out_are_found(
    data: st.DataObject, records: int
) -> None:
    content = export(records)
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    other = content[:start] + data.draw(st.binary(max_size=5)) + content[end:]

    assert is_whole(other) is (other == content)


@given(st.permutations(range(6)))
def test_any_other_order_of_the_lines_is_found(order: list[int]) -> None:
    lines = export(4).splitlines(keepends=True)

    assert examined(b"".join(lines[one] for one in order)).ok is (order == sorted(order))


Edit = Callable[[list[bytes]], list[bytes]]


def _changed(lines: list[bytes]) -> list[bytes]:
    return [one.replace(b'"t5"', b'"tX"') for one in lines]


@pytest.mark.parametrize(
    ("edit", "kind", "told"),
    [
        (_changed, "changed", "line 6 (record 5) was changed"),
        (
            lambda all_: all_[:5] + all_[6:],
            "removed",
            "line 6 of the export is missing",
        ),
        (
            lambda all_: all_[:5] + all_[8:],
            "removed",
            "lines 6 to 8 of the export are missing",
        ),
        (
            lambda all_: [*all_[:7], all_[5], *all_[7:]],
            "put in",
            "line 8 (record 5) was put in",
        ),
        (
            lambda all_: [*all_[:5], *all_[6:8], all_[5], *all_[8:]],
            "moved",
            "line 8 (record 5)",
        ),
        (lambda all_: all_[:6], "cut", "the file was cut off after record 5"),
        (lambda _l: [], "cut", "the file was cut off at its start"),
        (lambda all_: [*all_[:-1], all_[-1][:-9]], "changed", "line 12 is no line"),
        (lambda all_: [*all_, all_[5]], "put in", "line 13 stands after the end"),
        (
            lambda all_: [*all_[:5], b"rubbish\n", *all_[5:]],
            "changed",
            "line 6 is no line",
        ),
        (lambda all_: all_[1:], "removed", "line 1 of the export is missing"),
    ],
)
def test_what_was_done_is_told(edit: Edit, kind: str, told: str) -> None:
    lines = export(10).splitlines(keepends=True)

    flaw = examined(b"".join(edit(lines))).flaws[0]

    assert (flaw.kind, told in flaw.told) == (kind, True), flaw


def test_one_changed_line_blames_no_other() -> None:
    found = examined(b"".join(_changed(export(10).splitlines(keepends=True))))

    assert [one.line for one in found.flaws] == [6]


def test_records_that_are_left_out_are_counted_in_an_export_of_one_record() -> None:
    file = BytesIO()
    chained = Chained(file)
    chained.line(dumped({"what": WHAT, "form": 1, "record": "desk#1"}))
    for seq in (3, 4, 9):
        chained.line(dumped({"seq": seq}))
    chained.line(dumped({"end": {}}))

    found = examined(file.getvalue())

    assert (found.ok, found.left_out) == (True, 4)
    found = examined(file.getvalue().replace(b'"desk#1"', b"null"))
    assert [one.kind for one in found.flaws] == ["changed", "missing"]


def test_a_file_that_means_harm_is_told_in_few_lines() -> None:
    noise = random.Random(7).randbytes(50_000).replace(b"\n", b" ")
    deep = b'{"n":0,"a":' + b"[" * 100_000 + b',"link":"' + b"0" * 64 + b'"}\n'

    found = examined(
        export(0) + deep + b"\n".join(noise[at : at + 5] for at in range(0, 50_000, 5))
    )

    assert len(found.flaws) == proof.TOLD
    assert found.more > 9_000


# -- signatures -------------------------------------------------------------------------
def a_key() -> tuple[str, bytes]:
    """A private key, and the public half, as PEM."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public


def signed(folder: Path, signer: Signer, content: bytes) -> None:
    (folder / "export").write_bytes(content)
    (folder / f"export{SUFFIX}").write_bytes(signer.sign(content.splitlines(keepends=True)[-1]))


def test_a_signature_is_checked_with_the_key_that_is_expected(tmp_path: Path) -> None:
    private, public = a_key()
    signer = signing.signer(private, "env:KEY")
    signed(tmp_path, signer, export(3, signer))
    (tmp_path / "pub").write_bytes(public)
    found = proof.examine(tmp_path / "export")

    signing.check(found, signing.public_key(tmp_path / "pub"))

    assert (found.ok, found.signed_by) == (True, signer.name)


def test_who_makes_the_whole_file_anew_has_not_the_key(tmp_path: Path) -> None:
    signer = signing.signer(a_key()[0], "env:KEY")
    signed(tmp_path, signer, export(3, signer))
    (tmp_path / "export").write_bytes(export(3, signer, text="forged"))
    found = proof.examine(tmp_path / "export")
    assert found.ok

    signing.check(found, None)

    assert [one.kind for one in found.flaws] == ["signature"]


def test_another_key_is_told(tmp_path: Path) -> None:
    forger, owner = signing.signer(a_key()[0], "a"), signing.signer(a_key()[0], "b")
    signed(tmp_path, forger, export(3, forger))
    found = proof.examine(tmp_path / "export")

    signing.check(found, owner.name)

    assert found.flaws[0].told == f"it names another key as its own: {forger.name}"
    assert found.signed_by is None


@pytest.mark.parametrize("signature", [None, b"", b"AAAA", b"no base64!", b"A" * 88])
def test_a_signature_that_is_gone_or_none_is_told(tmp_path: Path, signature: bytes | None) -> None:
    signer = signing.signer(a_key()[0], "env:KEY")
    signed(tmp_path, signer, export(3, signer))
    beside = tmp_path / f"export{SUFFIX}"
    beside.unlink()
    if signature is not None:
        beside.write_bytes(signature)
    found = proof.examine(tmp_path / "export")

    signing.check(found, None)

    assert [one.kind for one in found.flaws] == ["signature"]


def test_without_a_signature_none_is_claimed_unless_one_is_expected(tmp_path: Path) -> None:
    (tmp_path / "export").write_bytes(export(1))
    found = proof.examine(tmp_path / "export")

    signing.check(found, None)
    assert (found.ok, found.signed_by) == (True, None)
    signing.check(found, "some key")
    assert not found.ok


def test_what_is_no_key_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    with pytest.raises(signing.SigningProblem, match="env:KEY is no Ed25519 key") as refused:
        signing.signer("-----BEGIN PRIVATE KEY-----\nsecret\n", "env:KEY")
    assert "secret" not in str(refused.value)
    (tmp_path / "pub").write_text("no key")
    with pytest.raises(signing.SigningProblem, match="is no public Ed25519 key"):
        signing.public_key(tmp_path / "pub")
    with pytest.raises(FileProblem, match="is not there"):
        signing.public_key(tmp_path / "nowhere")
