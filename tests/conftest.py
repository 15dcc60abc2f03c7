"""What every run says at its end: which tests this machine could not run, and why."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

#: Server -> (program that starts it, variable with an address instead, how to get it).
SERVERS = {
    "PostgreSQL": ("postgres", "SDSYNC_TEST_POSTGRES", "apt-get install postgresql"),
}
_POSTGRES_HOMES = "/usr/lib/postgresql/{}/bin"


def missing_servers() -> dict[str, str]:
    """Servers that tests want and this machine does not have, with the remedy."""
    path = os.pathsep.join(
        [os.environ.get("PATH", ""), *(_POSTGRES_HOMES.format(n) for n in range(13, 20))]
    )
    return {
        server: f"{remedy}, or set {variable}"
        for server, (program, variable, remedy) in SERVERS.items()
        if not os.environ.get(variable) and shutil.which(program, path=path) is None
    }


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was not run: missing servers, skips by reason, deselected tests."""
    lines = [f"no {server} here: {remedy}" for server, remedy in missing_servers().items()]
    reasons = Counter(
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    lines += [
        f"{number} skipped: {why.removeprefix('Skipped: ')}" for why, number in reasons.items()
    ]
    if deselected := len(terminalreporter.stats.get("deselected", [])):
        lines.append(f"{deselected} not selected (real products: make real)")
    if lines:
        terminalreporter.section("not run here")
        for line in lines:
            terminalreporter.write_line(line)
