"""``python -m tests.crash``: kill the daemon 100 times in 2,000 changes, then count all."""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from tests.crash.campaign import PAUSE_S, Account, Plan, run

SHOWN = 40


def main() -> int:
    """Exit code 0: both sides agree or are listed, and nothing exists twice."""
    options = _options()
    plan = Plan(
        options.seed, options.kills, options.changes, options.landing, options.patience,
        options.pause,
    )  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="sdsync-crash-"))
    account = run(plan, folder, tell=print if options.verbose else lambda _line: None)
    report(account)
    if options.keep or account.breaches:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder)
    return int(bool(account.breaches))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--changes", type=int, default=2000)
    parser.add_argument("--landing", type=float, help="seconds, in place of the connectors' own")
    parser.add_argument("--patience", type=float, default=400.0, help="seconds, for each wait")
    parser.add_argument("--pause", type=float, default=PAUSE_S, help="seconds of rest, at most")
    parser.add_argument("--keep", action="store_true", help="keep the folder in any case")
    parser.add_argument("--verbose", action="store_true", help="tell each kill")
    return parser.parse_args()


def report(account: Account) -> None:
    """Print the counts, what is wrong, and one line at the end."""
    plan, verdict, ledger = account.plan, account.verdict, account.ledger
    print(f"seed {plan.seed}: {ledger.changes} changes, {account.killed.total()} kills, "
          f"{account.took_s:.0f} s")  # fmt: skip
    _table("changes by people", ledger.deeds)
    _table("refused by the product", ledger.refused)
    _table("killed", account.killed)
    _table("compared", verdict.compared)
    _table("listed differences", verdict.listed)
    starts = sorted(account.starts_s) or [0.0]
    print(f"restart to ready: median {statistics.median(starts):.2f} s, worst {starts[-1]:.2f} s; "
          f"quiet {account.settled_s:.1f} s after the last change")  # fmt: skip
    print(f"{account.calls} calls by sdsync, {account.writes} of them writes; "
          f"{account.again} the same as the one before on that path, "
          f"{verdict.resent} sent again after a doubt; "
          f"{verdict.in_window} edits lost in the window that is stated for Redmine")  # fmt: skip
    for breach in account.breaches[:SHOWN]:
        print(f"  ✗ {breach}")
    if len(account.breaches) > SHOWN:
        print(f"  … and {len(account.breaches) - SHOWN} more")
    landing = f" --landing {plan.landing_s:g}" if plan.landing_s is not None else ""
    found = (
        f"{len(account.breaches)} breaches" if account.breaches else "nothing lost, nothing twice"
    )
    print(f"{'FAILED' if account.breaches else 'PASSED'} seed {plan.seed}: {found}; "
          f"replay: python -m tests.crash --seed {plan.seed} --kills {plan.kills} "
          f"--changes {plan.changes}{landing}")  # fmt: skip


def _table(title: str, counts: dict[str, int]) -> None:
    told = ", ".join(f"{name} {number}" for name, number in sorted(counts.items()) if number)
    print(f"{title}: {told or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
