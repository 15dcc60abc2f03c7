"""A copy of package and law tests in a temporary folder, and pytest run in it.

Each copy runs in a child that is forked from a process with the libraries
loaded: what is tested is imported anew, what is not is not paid for again.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.context import ForkProcess
from pathlib import Path

from tests.laws.breaks.changes import LAWS_FOLDER, ROOT, Break, law_tests

#: A broken law may run in circles: that is red too, and must not take all day. Counted in
#: the processor's time, which does not pass quicker on a busy machine.
CIRCLES_S = 60
#: … of all tests together, which nothing broke.
WHOLE_S = 1200
#: One that waits for ever, and uses no processor.
STUCK_S = 900
_FORK = get_context("fork")
_FAILED = re.compile(r"^(?:FAILED|ERROR) \S+?::(\w+)", re.MULTILINE)
_PLACE = "tests/laws"
_INI = "[pytest]\nfilterwarnings = error\n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What pytest said in a copy. ``broken``: why nothing was proved, else None."""

    red: frozenset[str]  # names of tests, parameters left out
    passed: bool
    said: str
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Tests to run on a copy with one change; ``change`` None: with nothing broken.

    ``every``: also after the first that is red, to know which never is.
    ``first``: the test that was red the last time. When it is red again, that is proof
    enough; when it is not, all the law's tests are asked.
    """

    law: int | None
    change: Break | None = None
    every: bool = False
    first: str | None = None


def load_libraries() -> None:
    """Import what every child will import; never the package itself."""
    import cryptography.hazmat.primitives.ciphers.aead
    import dramatiq
    import httpx
    import orjson
    import pydantic
    import pytest
    import sqlalchemy
    import structlog
    from _pytest.config import get_config

    get_config()  # loads pytest's own plugins
    del cryptography, dramatiq, httpx, orjson, pydantic, pytest, sqlalchemy, structlog
    assert "sdsync" not in sys.modules, "the package must be imported in the copy alone"


def outcomes(jobs: Sequence[Job], at_once: int) -> Iterator[tuple[Job, Outcome]]:
    """Run all jobs, some at once; each is told when it ends."""
    waiting, running = list(reversed(jobs)), dict[int, tuple[Job, Path, ForkProcess]]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                job = waiting.pop()
                room = Path(tempfile.mkdtemp(prefix="sdsync-laws-"))
                problem = _prepare(room, job)
                if problem is not None:
                    shutil.rmtree(room, ignore_errors=True)
                    yield job, Outcome(frozenset(), False, "", problem)
                    continue
                child = _FORK.Process(target=_child, args=(room, job))
                child.start()
                running[child.sentinel] = (job, room, child)
            for sentinel in connection.wait(list(running)) if running else ():
                assert isinstance(sentinel, int)
                job, room, child = running.pop(sentinel)
                child.join()
                yield job, _read(room, child.exitcode)
                shutil.rmtree(room, ignore_errors=True)
    finally:
        for _, room, child in running.values():
            child.kill()
            child.join()
            shutil.rmtree(room, ignore_errors=True)


def _prepare(room: Path, job: Job) -> str | None:
    """Copy, and break the copy; why that cannot be done, else None."""
    # With its bytecode: only the file that is changed is compiled again.
    shutil.copytree(ROOT / "sdsync", room / "sdsync")
    shutil.copytree(LAWS_FOLDER, room / "tests" / "laws")
    shutil.copy2(ROOT / "tests" / "__init__.py", room / "tests")
    (room / "pytest.ini").write_text(_INI, "utf-8")
    if job.change is None:
        return None
    path = room / "sdsync" / job.change.file
    try:
        path.write_text(job.change.applied(path.read_text("utf-8")), "utf-8")
    except (OSError, ValueError) as error:
        return str(error)
    return None


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Send all output to a file, also that of the interpreter itself."""
    with path.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        yield
        sys.stdout.flush()


def _child(room: Path, job: Job) -> None:
    import resource
    import signal

    # What never ends is killed here, which counts as red.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(STUCK_S)
    limit = WHOLE_S if job.change is None else CIRCLES_S
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    for name in [one for one in sys.modules if one.partition(".")[0] in ("tests", "sdsync")]:
        del sys.modules[name]
    sys.path[:] = [str(room), *(one for one in sys.path if Path(one or ".").resolve() != ROOT)]
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.chdir(room)
    with _said(room / "said"):
        code = _tested(job)
        import sdsync

        if not str(sdsync.__file__).startswith(str(room)):
            code = 9
    os._exit(code)


def _tested(job: Job) -> int:
    """Pytest's exit code for the job's tests, in the folder that it stands in."""
    mine = law_tests().get(job.law, {}) if job.law else {}
    place = None if job.every or job.first is None else mine.get(job.first)
    if place is not None and _pytest(f"{_PLACE}/{place}::{job.first}") == 1:
        return 1
    wanted = f"test_law_{job.law}_" if job.law else "test_law_"
    files = [f"{_PLACE}/{one}" for one in sorted(set(mine.values()))]
    return _pytest(*([] if job.every else ["-x"]), "-k", wanted, *(files or [_PLACE]))


def _pytest(*asked: str) -> int:
    import pytest

    quiet = ("-q", "-rfE", "--tb=line", "--color=no", "-p", "no:cacheprovider")
    return int(pytest.main([*quiet, "-c", "pytest.ini", "--rootdir", ".", *asked]))


def _read(room: Path, code: int | None) -> Outcome:
    said = (room / "said").read_text("utf-8", "replace") if (room / "said").exists() else ""
    if code is not None and code < 0:
        return Outcome(frozenset({"(endless)"}), False, said)
    red = frozenset(_FAILED.findall(said))
    # 0: all passed, 1: some failed; anything else means that the tests never ran.
    broken = None if code in (0, 1) else f"pytest ended with {code}: {said[-400:]}"
    return Outcome(red, code == 0, said, broken)
