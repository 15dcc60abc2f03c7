"""A stranger's connector: what the guide's blocks build, and nothing else, is a whole one."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import sdsync
from sdsync.testing.conformance import ConnectorConformance
from sdsync.testing.conformance_living import LivingConformance
from sdsync.testing.misbehaving import Handler
from sdsync.testing.serving import served
from tests.acceptance.test_run import free_ports
from tests.conformance import guide

#: What a package outside of this repository may rely on. Its tests may use pytest too.
PUBLIC = ("sdsync.connectors", "sdsync.testing")
#: Only a hanging daemon needs it.
PATIENCE_S = 120.0
TOKEN = "s3cret-of-tally"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide's package as an installer would leave it."""
    return guide.build(tmp_path_factory.mktemp("stranger"))


def environment(package: Path) -> dict[str, str]:
    """Of a process in which the package is installed, and sdsync as it is here."""
    home = str(Path(sdsync.__file__).resolve().parents[1])
    ours = {"PYTHONPATH": os.pathsep.join([str(package), home]), "TALLY_TOKEN": TOKEN}
    alien = {"SDSYNC_CONFIG", "FORCE_COLOR", "PYTEST_ADDOPTS", "MYPYPATH"}
    return {key: value for key, value in os.environ.items() if key not in alien} | ours


def python(package: Path, *words: str, folder: Path | None = None) -> tuple[int, str]:
    """How ``python -m WORDS`` ends, and all that it says."""
    ended = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder or package, env=environment(package),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=PATIENCE_S * 5,
    )  # fmt: skip
    return ended.returncode, ended.stdout


def imported(source: str) -> Iterator[str]:
    """The modules that a file imports from."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=module, level=level):
                assert level == 0, "the guide imports by whole names"
                yield str(module)


@pytest.mark.parametrize("path", [one for one in guide.files() if one.endswith(".py")])
def test_it_imports_only_what_is_public(path: str) -> None:
    own = {one.partition("/")[0].removesuffix(".py") for one in guide.files()}
    may = {*sys.stdlib_module_names, "httpx", *own, *({"pytest"} if "test" in path else ())}

    wrong = [
        one
        for one in imported(guide.files()[path])
        if one not in PUBLIC and one.partition(".")[0] not in may
    ]

    assert not wrong


def test_every_file_that_the_guide_draws_is_in_its_blocks() -> None:
    assert {
        "pyproject.toml", "sdsync.toml", "fake_tally.py", "test_tally.py",
        *(f"sdsync_tally/{one}.py" for one in ("__init__", "client", "convert", "connector")),
        *(f"sdsync_tally/packs/{one}.yaml" for one in ("ticket", "note", "attachment")),
    } == set(guide.files())  # fmt: skip


def test_its_types_are_clean(package: Path, tmp_path: Path) -> None:
    sources = [one for one in guide.files() if one.endswith(".py")]

    code, told = python(
        package, "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", *sources
    )

    assert code == 0, told


def test_it_passes_both_kits_whole(package: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"

    code, told = python(
        package, "pytest", "-q", "-c", os.devnull, "--rootdir", str(package), "-W", "error",
        "-p", "no:cacheprovider", f"--junitxml={report}", "test_tally.py",
    )  # fmt: skip

    assert code == 0, told
    text = report.read_text(encoding="utf-8")
    kits = {*dir(ConnectorConformance), *dir(LivingConformance)}
    kit = {name for name in kits if name.startswith("test_")}
    assert set(re.findall(r'<testcase [^>]*name="(\w+)', text)) == kit
    assert "<skipped" not in text


def test_it_is_listed_with_the_package_that_it_comes_from(package: Path, tmp_path: Path) -> None:
    code, told = python(package, "sdsync", "connectors", folder=tmp_path)

    assert code == 0, told
    assert re.search(r"^tally +Tally +2\.4 +ticket +compare and set +yes$", told, re.M)
    assert "tally comes from sdsync-tally 1.0\n" in told


def test_its_pack_is_found_and_its_examples_hold(package: Path) -> None:
    checked, findings = python(package, "sdsync", "mappings", "check")
    code, told = python(package, "sdsync", "mappings", "test", "--json")

    assert checked == 0, findings
    assert findings.startswith("mappings of desk, dev: no problem\n")
    assert code == 0, told
    assert "a ticket as a person writes it" in told


def test_the_settings_of_the_guide_are_fine(package: Path) -> None:
    code, told = python(package, "sdsync", "check")

    assert code == 0, told
    assert "fine; systems desk, dev; syncs escalations (live)" in told


def fake(package: Path) -> Any:
    """A fake Tally of the guide, where our account and a person have a token each."""
    spec = importlib.util.spec_from_file_location("fake_tally", package / "fake_tally.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FakeTally({TOKEN: 1, "alice": 2})


def watched(product: Handler, tell: Callable[[str], None]) -> Handler:
    """Tells what was answered: the feed as "poll", and every write."""

    def handler(request: httpx.Request) -> httpx.Response:
        response = product(request)
        if request.method != "GET" and response.is_success:
            tell(f"{request.method} {request.url.path}")
        elif "after" in request.url.params:
            tell("poll")
        return response

    return handler


def next_write(told: queue.Queue[str]) -> str:
    """Waits for one; polls are passed over."""
    return next(one for one in iter(lambda: told.get(timeout=PATIENCE_S), None) if one != "poll")


@contextmanager
def running(package: Path, folder: Path) -> Iterator[None]:
    """``sdsync run`` beside; killed when it hangs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sdsync", "run"], cwd=folder, env=environment(package),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    watchdog = threading.Timer(PATIENCE_S * 2, process.kill)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


def test_two_of_them_share_a_ticket(package: Path, tmp_path: Path) -> None:
    asked: queue.Queue[str] = queue.Queue()
    written: queue.Queue[str] = queue.Queue()
    desk, dev = fake(package), fake(package)
    with ExitStack() as house:
        address = house.enter_context(served(watched(desk, asked.put)))
        other = house.enter_context(served(watched(dev, written.put)))
        settings = guide.files()["sdsync.toml"]
        for told, real in (("8091", address), ("8092", other)):
            settings = settings.replace(f"http://127.0.0.1:{told}", real)
        (door,) = free_ports(1)
        (tmp_path / "sdsync.toml").write_text(f"server.port = {door}\n{settings}", "utf-8")
        code, told = python(package, "sdsync", "check", "--live", folder=tmp_path)
        assert code == 0, told
        assert " desk: Tally 2.4 as sdsync, 1 place within reach\n" in told

        with running(package, tmp_path):
            for _ in range(3):  # what was there before the first poll would be old
                assert asked.get(timeout=PATIENCE_S) == "poll"
            alice = httpx.Headers({"Authorization": "Bearer alice"})
            httpx.post(
                f"{address}/api/tickets", json={"project": "ops", "title": "db07"}, headers=alice
            )
            assert next_write(written) == "POST /api/tickets"
            note = {"text": "look", "internal": True}
            httpx.post(f"{address}/api/tickets/1/notes", json=note, headers=alice)
            assert next_write(written) == "POST /api/tickets/1/notes"

    (born,) = dev.tickets.values()
    assert (born["title"], born["reporter"], bool(born["mark"])) == ("db07", 1, True)
    assert [(one["internal"], "look" in one["text"]) for one in born["notes"]] == [(True, True)]
    code, told = python(package, "sdsync", "trace", "desk#1", "--json", folder=tmp_path)
    assert code == 0, told
    assert json.loads(told)
