"""Real products for the tests: booted once a session by the project's own scripts.

With SDSYNC_BOOT_HOME in the environment the products of that folder are used and
left running; else they live in a temporary folder and are purged at the end.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

BOOT = Path(__file__).parent / "boot"
#: What a boot script answers when the product is not here and may not be installed.
NOT_HERE = 77
#: Installing the packages, making a database, starting: minutes on a slow machine.
PATIENCE_S = 900


@dataclass(frozen=True)
class Product:
    """A product that runs, and the keys of those who act in it."""

    name: str
    facts: Mapping[str, str]
    header: str  # the credential's header, and what stands before the token
    prefix: str = ""

    @property
    def base_url(self) -> str:
        """Its address."""
        return self.facts["BASE_URL"]

    @property
    def token(self) -> str:
        """The token of sdsync's own account."""
        return self.facts["SDSYNC_TOKEN"]

    @property
    def mail_dir(self) -> Path:
        """Where its mail ends up."""
        return Path(self.facts["MAIL_DIR"])

    def act(self, who: str, method: str, path: str, json: Any = None) -> httpx.Response:
        """One call as a person: agent1, agent2, reporter, admin or sdsync."""
        credential = self.prefix + self.facts[f"{who.upper()}_TOKEN"]
        return httpx.request(
            method,
            self.base_url + path,
            json=json,
            headers={self.header: credential},
            timeout=60,
            trust_env=False,
        )

    def turn(self, command: str) -> None:
        """Stop it ("down"), or start it again on the same port ("up"), as its administrator."""
        done = _run(self.name, command, _at(Path(self.facts["DATA_DIR"]).parent))
        assert done.returncode == 0, done.stderr


def _run(name: str, command: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BOOT / f"{name}.sh"), command],
        env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def _at(folder: Path) -> Mapping[str, str]:
    """Where the product of this folder lives, on the port that it chose there."""
    kept = {one: value for one, value in os.environ.items() if not one.endswith("_PORT")}
    return {**kept, "SDSYNC_BOOT_HOME": str(folder)}


def _booted(
    name: str, header: str, prefix: str, scratch: pytest.TempPathFactory, *, one_more: str = ""
) -> Iterator[Product]:
    """Boot a product; with ``one_more`` another of its kind, in a folder of that name."""
    kept = os.environ.get("SDSYNC_BOOT_HOME")
    own, env = kept is None, {**os.environ}
    if own:
        env["SDSYNC_BOOT_HOME"] = str(scratch.mktemp("boot"))
    if one_more:
        env = {**_at(Path(env["SDSYNC_BOOT_HOME"]) / one_more)}
    done = _run(name, "up", env)
    if done.returncode == NOT_HERE and not os.environ.get("CI"):
        pytest.skip(f"{name} is not on this machine: {done.stderr.strip()}")
    if done.returncode != 0:
        pytest.fail(f"{name} did not boot:\n{done.stderr}")
    try:
        lines = (line.partition("=") for line in done.stdout.splitlines())
        yield Product(name, {key: value for key, _, value in lines}, header, prefix)
    finally:
        if own:
            _run(name, "purge", env)


@pytest.fixture(scope="session")
def request_tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A stock Request Tracker 5."""
    yield from _booted("request_tracker", "Authorization", "token ", tmp_path_factory)


@pytest.fixture(scope="session")
def redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A stock Redmine 5."""
    yield from _booted("redmine", "X-Redmine-API-Key", "", tmp_path_factory)


@pytest.fixture(scope="module")
def own_redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A Redmine for one file of tests: what they do to it as a whole harms no other."""
    yield from _booted("redmine", "X-Redmine-API-Key", "", tmp_path_factory, one_more="own")
