"""Two products behind real HTTP, and a folder in which nothing was set up yet."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sdsync.cli import main
from sdsync.sandbox import Pair, accounts
from tests.acceptance.ran import Ran


class Terminal(io.StringIO):
    """Lines that a person types."""

    def isatty(self) -> bool:
        return True


class Shop:
    """The command line of somebody who begins."""

    def __init__(
        self,
        pair: Pair,
        folder: Path,
        patch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.pair = pair
        self.folder = folder
        self._patch = patch
        self._capsys = capsys
        patch.chdir(folder)
        for name in ("SDSYNC_CONFIG", "FORCE_COLOR"):
            patch.delenv(name, raising=False)
        patch.setenv("NO_COLOR", "1")
        self.secret("RT_TOKEN", accounts.DESK_TOKEN)
        self.secret("REDMINE_KEY", accounts.DEV_KEY)
        self.secret("RT_ADMIN", "root-token")
        self.secret("REDMINE_ADMIN", accounts.ADMIN_KEY)

    @property
    def toml(self) -> Path:
        return self.folder / "sdsync.toml"

    @property
    def addresses(self) -> tuple[str, ...]:
        return ("--url", self.pair.desk.url, "--other-url", self.pair.dev.url)

    def secret(self, name: str, value: str | None) -> None:
        """Set one of the environment's secrets, or take it away."""
        if value is None:
            self._patch.delenv(name)
        else:
            self._patch.setenv(name, value)

    def type(self, *words: str) -> Ran:
        """In a pipe: nobody answers."""
        return self._run(words)

    def answer(self, *lines: str, words: tuple[str, ...] = ("init",)) -> Ran:
        """At a terminal; one line for each question, the last ones missing."""
        self._patch.setattr("sys.stdin", Terminal("".join(f"{one}\n" for one in lines)))
        self._patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        return self._run(words)

    def _run(self, words: tuple[str, ...]) -> Ran:
        self._capsys.readouterr()
        code = main(list(words))
        told = self._capsys.readouterr()
        return Ran(code, told.out, told.err)

    def init(self, *more: str, take: str = "Escalated", put: str = "infra") -> Ran:
        """The configuration as `init --yes` writes it."""
        return self.type("init", "--yes", *self.addresses, "--take", take, "--put", put, *more)
