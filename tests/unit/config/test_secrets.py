"""References to secrets: looked up late, shown never, sent to one origin only."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sdsync.config.secrets import SecretMissingError, SecretRef, WrongOriginError, origin_of


def test_a_reference_is_read_and_shown_as_written() -> None:
    for text in ("env:RT_TOKEN", "file:/run/secrets/rt", "keyring:desk/sdsync"):
        assert str(SecretRef.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "c0ffee", "env:", "env: ", "evn:X", "ENV:X", ":X", "vault:c0ffee", "env:a\nb"]
)
def test_what_is_no_reference_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        SecretRef.parse(text)

    assert "c0ffee" not in str(caught.value)


def test_the_environment_is_asked_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ref = SecretRef.parse("env:RT_TOKEN")
    monkeypatch.setenv("RT_TOKEN", "old")
    assert ref.reveal() == "old"

    monkeypatch.setenv("RT_TOKEN", "renewed")

    assert ref.reveal() == "renewed"


def test_an_empty_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", "")

    with pytest.raises(SecretMissingError, match="set the environment variable RT_TOKEN"):
        SecretRef.parse("env:RT_TOKEN").reveal()


def test_a_file_is_read_without_its_last_line_end(tmp_path: Path) -> None:
    path = tmp_path / "rt"
    path.write_bytes(b"c0ffee\r\n")
    path.chmod(0o600)

    assert SecretRef.parse("file:rt", base=tmp_path).reveal() == "c0ffee"
    assert SecretRef.parse(f"file:{path}").reveal() == "c0ffee"


def test_a_file_that_cannot_be_used_says_why_and_what_to_do(tmp_path: Path) -> None:
    for name, content in (("empty", b""), ("binary", b"\xff\xfe"), ("large", b"x" * 70_000)):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)

    for name in ("empty", "binary", "large", "nowhere", "."):
        with pytest.raises(SecretMissingError, match="chmod 600") as caught:
            SecretRef.parse(f"file:{name}", base=tmp_path).reveal()
        assert f"file:{name}" in str(caught.value)


def test_a_file_that_everybody_can_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "rt"
    path.write_text("c0ffee", encoding="utf-8")
    path.chmod(0o604)

    with pytest.raises(SecretMissingError, match="everybody") as caught:
        SecretRef.parse("file:rt", base=tmp_path).reveal()

    assert "c0ffee" not in str(caught.value)


def test_the_keyring_is_asked_by_service_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {("desk", "bot"): "c0ffee", ("sdsync", "desk"): "decaf"}
    fake = SimpleNamespace(get_password=lambda service, user: kept.get((service, user)))
    monkeypatch.setitem(sys.modules, "keyring", fake)

    assert SecretRef.parse("keyring:desk/bot").reveal() == "c0ffee"
    assert SecretRef.parse("keyring:desk").reveal() == "decaf"
    with pytest.raises(SecretMissingError, match="keyring set other bot"):
        SecretRef.parse("keyring:other/bot").reveal()


def test_a_keyring_that_breaks_is_a_missing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(service: str, user: str) -> str:
        raise RuntimeError("c0ffee on the bus")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=broken))

    with pytest.raises(SecretMissingError, match="RuntimeError") as caught:
        SecretRef.parse("keyring:desk").reveal()

    assert "c0ffee" not in str(caught.value)


def test_law_51_a_credential_is_revealed_for_its_own_origin_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RT_TOKEN", "c0ffee")
    bound = SecretRef.parse("env:RT_TOKEN").for_origin("https://rt.example.org/REST/2.0")

    assert bound.reveal("https://RT.example.org:443/attachment/1") == "c0ffee"
    for other in (
        "http://rt.example.org/",
        "https://rt.example.org:8443/",
        "https://rt.example.org.evil.example/",
        "https://rt.example.org@evil.example/",
        "https://files.example.org/",
        "//rt.example.org/",
        "https://[rt.example.org/",
    ):
        with pytest.raises(WrongOriginError, match="belongs to https://rt"):
            bound.reveal(other)
    assert "c0ffee" not in f"{bound!r} {bound}"


def test_an_origin_has_scheme_host_and_port() -> None:
    assert origin_of("http://A.example/x") == "http://a.example:80"
    assert origin_of("https://[::1]:8443") == "https://[::1]:8443"
    with pytest.raises(ValueError, match="needs http"):
        origin_of("ftp://a.example")
