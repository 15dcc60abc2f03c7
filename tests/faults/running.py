"""Running a fault: its own scenario, and the tests elsewhere that prove it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.faults.catalogue import ROOT
from tests.faults.elsewhere import PROOFS
from tests.faults.frame import SCENARIOS, LackingError, Trial

UNTRIED = "not tried"
_PASSED = re.compile(r"(\d+) passed")
_SKIPPED = re.compile(r"^SKIPPED \[\d+\] \S+ (?:Skipped: )?(.*)$", re.MULTILINE)


class Verdict:
    """What came of one fault, as one line and the breaches below it."""

    def __init__(self, number: str, seed: int) -> None:
        self.number, self.seed = number, seed
        self.lines: list[str] = []
        self.breaches: list[str] = []
        self.lacking: list[str] = []
        self.took_s = 0.0

    @property
    def word(self) -> str:
        """PASSED, FAILED, not tried (with the reason), or missing: tried in part is not passed."""
        if self.breaches:
            return "FAILED"
        if self.lacking:
            return f"{UNTRIED}: {'; '.join(dict.fromkeys(self.lacking))}"
        return "PASSED" if self.lines else "missing"

    @property
    def bad(self) -> bool:
        """Whether the run fails by it; where all has to be tried, what was not tried does too."""
        tolerated = ("PASSED",) if os.environ.get("CI") else ("PASSED", UNTRIED)
        return not self.word.startswith(tolerated)

    def __str__(self) -> str:
        told = "; ".join(self.lines)
        head = f"{self.number:4} seed {self.seed}  {self.word}"
        return f"{head}  {told}, {self.took_s:.1f} s" if told else head


def judge(number: str, *, seed: int, long: bool) -> Verdict:
    """Run everything that proves a number."""
    verdict, began = Verdict(number, seed), time.monotonic()
    if number in SCENARIOS and (long or not SCENARIOS[number].long):
        with tempfile.TemporaryDirectory(prefix=f"sdsync-{number}-") as folder:
            attempt(verdict, Trial(seed, long, Path(folder)))
    if number in PROOFS:
        elsewhere(verdict, PROOFS[number])
    verdict.took_s = time.monotonic() - began
    return verdict


def attempt(verdict: Verdict, trial: Trial) -> None:
    """Run a number's own scenario; its counts and breaches join the verdict."""
    try:
        SCENARIOS[verdict.number].scenario(trial)
    except LackingError as lacking:
        verdict.lacking.append(str(lacking))
        return
    except Exception as error:  # one scenario that broke off is not the end of all others
        told = traceback.format_exc().splitlines()[-3:]
        trial.breaches.append("\n    ".join([f"it broke off: {type(error).__name__}", *told]))
    verdict.breaches += trial.breaches
    verdict.lines.append(", ".join(f"{what} {number:,}" for what, number in trial.counts.items()))


def elsewhere(verdict: Verdict, tests: Sequence[str]) -> None:
    """Run these tests; what they counted, skipped and broke joins the verdict."""
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-p", "no:xdist", *tests], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "1000"},
        capture_output=True, check=False, text=True, errors="replace",
    )  # fmt: skip
    passed = _PASSED.search(done.stdout)
    if passed is not None:
        number = int(passed[1])
        verdict.lines.append(f"{number} test{'s' if number != 1 else ''} elsewhere")
    verdict.lacking += _SKIPPED.findall(done.stdout)
    if done.returncode:
        said = (done.stdout + done.stderr).splitlines()
        verdict.breaches.append("tests elsewhere failed:\n    " + "\n    ".join(said[-12:]))
