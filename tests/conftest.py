"""What every run says at its end: which tests this machine could not run, and why."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import structlog
from hypothesis import HealthCheck, settings

# Generated examples are judged by what they show, never by how long they took. A person's run
# looks for new ones each time; a server's verdict is about the change, and the same when repeated.
settings.register_profile(
    "steady",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
)
# For a second run of the same tests, on the same code in another place.
settings.register_profile("brief", settings.get_profile("steady"), max_examples=20)
settings.load_profile("steady")

#: Server -> (its program, where else Debian puts it, library, how to get both).
SERVERS = {
    "PostgreSQL": ("postgres", "usr/lib/postgresql/*/bin", "psycopg", "postgresql"),
    "Redis": ("redis-server", "", "redis", "redis-server"),
    "RabbitMQ": ("rabbitmq-server", "usr/lib/rabbitmq/bin", "pika", "rabbitmq-server"),
}


def missing(server: str) -> str | None:
    """What of a server this machine does not have, with the remedy; None: all is there."""
    program, beside, library, package = SERVERS[server]
    places = map(str, Path("/").glob(beside)) if beside else ()
    path = os.pathsep.join([os.environ.get("PATH", ""), *places])
    if shutil.which(program, path=path) is None:
        return f"no {server} here: apt-get install {package}"
    if importlib.util.find_spec(library) is None:
        return f"{server} without its library {library}: make .venv/.dev"
    return None


def need(server: str) -> None:
    """Skip what needs a missing server, and say so; in CI that is a failure."""
    if wrong := missing(server):
        not_here(wrong)


def need_program(name: str) -> None:
    """Skip what needs a program of that name, as :func:`need` does."""
    if shutil.which(name) is None:
        not_here(f"no {name} here: apt-get install {name}")


def not_here(wrong: str) -> NoReturn:
    """This machine cannot run the test, for that reason; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(wrong)
    pytest.skip(wrong)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """A daemon that ran in this process set logging up for all of it; the next test has its own."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was not run: missing servers, skips by reason, real products."""
    lines = [wrong for server in SERVERS if (wrong := missing(server))]
    reasons = Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    lines += [
        f"{number} skipped: {why.removeprefix('Skipped: ')}" for why, number in reasons.items()
    ]
    if terminalreporter.config.getoption("markexpr") == "not real":
        lines.append("tests/real: two real products have a command of their own (make real)")
    if lines:
        terminalreporter.section("not run here")
        for line in lines:
            terminalreporter.write_line(line)
