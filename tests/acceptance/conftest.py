"""A desk as a user has it: a folder with sdsync.toml and a store, and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sdsync.cli import main
from sdsync.sandbox import Pair, serve
from sdsync.store.opening import open_store
from tests.acceptance.ran import Ran
from tests.acceptance.shops import Shop
from tests.unit.cli import scenes


class Desk:
    """A folder and the commands typed in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    @property
    def toml(self) -> Path:
        return self.folder / "sdsync.toml"

    def fill(self) -> None:
        """The night of the screens, in a real store."""
        store = open_store(None, None, path=self.folder)
        scenes.fill(store)
        store.seal()
        store.close()

    def lose_products(self) -> None:
        """Both are away from now on: they refuse at once whoever asks."""
        text = self.toml.read_text(encoding="utf-8")
        for host in ("rt.example.org", "redmine.example.org"):
            text = text.replace(f"https://{host}", "http://127.0.0.1:1")
        self.toml.write_text(text, encoding="utf-8")

    def type(self, *words: str) -> Ran:
        self._capsys.readouterr()
        code = main(list(words))
        told = self._capsys.readouterr()
        return Ran(code, told.out, told.err)


@pytest.fixture
def empty_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.chdir(tmp_path)
    for name in ("SDSYNC_CONFIG", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RT_TOKEN", "t0ken")
    monkeypatch.setenv("REDMINE_KEY", "k3y")
    monkeypatch.setenv("SUDO_USER", "ops-2")
    # Port 1 answers nobody: no daemon of this machine is mistaken for ours.
    (tmp_path / "sdsync.toml").write_text(f"server.port = 1\n{scenes.TOML}", encoding="utf-8")
    return Desk(tmp_path, capsys)


@pytest.fixture
def desk(empty_desk: Desk) -> Desk:
    empty_desk.fill()
    return empty_desk


Typed = Callable[..., Ran]


@pytest.fixture(scope="session")
def running() -> Iterator[Pair]:
    """Both sandboxes, for all tests of the folder."""
    with serve() as pair:
        yield pair


@pytest.fixture
def shop(
    running: Pair,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shop:
    """Somebody who begins, with two products at their seed."""
    running.desk.reset()
    running.dev.reset()
    return Shop(running, tmp_path, monkeypatch, capsys)
