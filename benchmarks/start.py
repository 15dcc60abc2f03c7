"""``sdsync --help``: how long a person waits for the command line itself."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, of_rounds

ROUNDS = 15
CEILING_MS = 150.0


def measure() -> Iterator[Figure]:
    """Side by side with an interpreter that does nothing; the best of each, as others run too."""
    command = Path(sys.executable).with_name("sdsync")
    ours, peers = [], []
    for number in range(ROUNDS + 1):
        help_ms, bare_ms = _ms(str(command), "--help"), _ms(sys.executable, "-c", "pass")
        if number:
            ours.append(help_ms)
            peers.append(bare_ms)
    yield Figure(
        "sdsync --help", min(ours), "ms", min(peers), "python -c pass",
        of_rounds(ours, peers), ceiling=CEILING_MS,
    )  # fmt: skip


def _ms(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000
