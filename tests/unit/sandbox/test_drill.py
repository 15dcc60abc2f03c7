"""``drill open``: nothing is left behind by a try that found its ports taken."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from sdsync.sandbox import __main__ as products
from sdsync.sandbox import drill


@pytest.fixture
def ports() -> list[int]:
    """Three that are free."""
    links = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    found = [one.getsockname()[1] for one in links]
    for one in links:
        one.close()
    return found


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What both products were run with; in place of them stands nothing."""
    words: list[list[str]] = []

    def main(argv: list[str], *, bound: Callable[[], None]) -> int:
        words.append(argv)
        bound()
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(products, "main", main)
    return words


def flags(ports: list[int]) -> list[str]:
    names = ("--port", "--desk-port", "--dev-port")
    return [part for name, port in zip(names, ports, strict=True) for part in (name, str(port))]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_taken_port_is_told_with_all_three_and_nothing_is_written(
    which: int,
    ports: list[int],
    ran: list[list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", ports[which])):
        assert drill.main(["open", *flags(ports)]) == 1

    told = capsys.readouterr()
    assert f"taken: port {ports[which]}, " in told.err
    assert f"choose other ports than {' '.join(flags(ports))}" in told.err
    assert told.out == ""
    assert (ran, list(tmp_path.iterdir())) == ([], [])


def test_it_says_that_both_run_once_they_do(
    ports: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def main(argv: list[str], *, bound: Callable[[], None]) -> int:
        assert capsys.readouterr().out == ""
        assert not list(tmp_path.iterdir())
        bound()
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(products, "main", main)

    assert drill.main(["open", *flags(ports)]) == 0
    assert capsys.readouterr().out == "both products run here; in another terminal: sdsync run\n"
    assert (tmp_path / "sdsync.toml").exists()


def test_a_drill_goes_on_with_its_own_ports_and_refuses_others(
    ports: list[int], ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert drill.main(["open", *flags(ports)]) == 0
    with socket.create_server(("127.0.0.1", ports[0])):  # sdsync runs on
        assert drill.main(["open"]) == 0
    assert ran[0] == ran[1]

    capsys.readouterr()
    assert drill.main(["open", "--desk-port", str(ports[2])]) == 1
    told = capsys.readouterr().err
    assert f"names {' '.join(flags(ports))}: leave the options out" in told
    assert len(ran) == 2


def test_a_folder_of_somebody_else_is_left_alone(
    ran: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sdsync.toml").write_text("[systems.desk]\nurl = 'https://rt.example.org'\n")

    assert drill.main(["open"]) == 1
    assert "none of a drill" in capsys.readouterr().err
    assert not ran
