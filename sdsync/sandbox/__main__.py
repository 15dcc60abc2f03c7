"""``python -m sdsync.sandbox``: both products in one process, and people at work in them."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

from sdsync.sandbox import accounts
from sdsync.sandbox.people import People
from sdsync.sandbox.server import Pair, SandboxServer, serve

LOOK_S = 1.0
#: A bad week in small doses: what ``--misbehave`` turns on. Only calls of sdsync's
#: own accounts are struck, so that the people's work goes on meanwhile.
BAD_WEEK: dict[str, dict[str, object]] = {
    "throttle": {"probability": 0.008, "after_s": 2},
    # Each asks for a person, so they come early, to be seen, and then no more.
    "ignored_field": {
        "probability": 0.5,
        "count": 12,
        "fields": ["Priority", "Status", "Subject", "priority_id"],
    },
    "effect_then_500": {"probability": 0.03},
    "effect_then_cut": {"probability": 0.02},
    "cut": {"probability": 0.01},
    "html_502": {"probability": 0.01},
    "truncate": {"probability": 0.03, "length": 40},
    "own_reaction": {"probability": 0.2},
    "slow": {"probability": 0.05, "after_s": 0.5},
    "stale_search": {"probability": 0.05, "lag_s": 5},
}


def main(argv: list[str] | None = None, *, bound: Callable[[], None] = lambda: None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1 when a port is taken.

    Args:
        argv: The words of the command line; None takes the process's.
        bound: Called once both answer.
    """
    options = _parser().parse_args(argv)
    if options.save is not None:
        options.save.mkdir(parents=True, exist_ok=True)
    try:
        pair = serve(desk_port=options.desk_port, dev_port=options.dev_port, seed=options.seed,
                     save=options.save, webhook_url=options.webhook_url)  # fmt: skip
    except OSError as error:
        ports = f"{options.desk_port} or {options.dev_port}"
        sys.stderr.write(
            f"port {ports}: {error.strerror}; choose others with --desk-port and --dev-port\n"
        )
        return 1
    until_told = _stop_on_signals()
    people = People(pair.desk.url, pair.dev.url, options.seed, options.pace)
    with pair:
        _prepare(pair, options)
        bound()
        if options.people:
            people.start()
        if not options.quiet:
            _explain(pair)
        until_told()
        people.leave()
    # Only now: a call of theirs that hangs was cut by the products' end.
    people.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sdsync.sandbox", description=__doc__)
    add = parser.add_argument
    add("--desk-port", type=int, default=18181, help="of the desk; 0 takes a free one")
    add("--dev-port", type=int, default=18182, help="of the tracker; 0 takes a free one")
    add("--webhook-url", help="push changes there; {system} becomes desk or dev")
    add("--people", action="store_true", help="let people work in both")
    add("--pace", type=float, default=3.0, help="seconds between two deeds, on average")
    add("--seed", type=int, default=7, help="of all dice: the same seed, the same day")
    add("--misbehave", action="store_true", help="turn on a bad week in small doses")
    add("--save", type=Path, help="folder that keeps the records over a restart")
    add("--quiet", action="store_true", help="print nothing")
    return parser


def _stop_on_signals() -> Callable[[], None]:
    """From now on; what is returned waits for one."""
    # Of all that waits, only this may be filled by a handler in the middle of a wait.
    told: SimpleQueue[None] = SimpleQueue()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        told.put(None)

    def wait() -> None:
        while True:  # a signal that comes just before a wait is seen after it
            with contextlib.suppress(Empty):
                return told.get(timeout=LOOK_S)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return wait


def _prepare(pair: Pair, options: argparse.Namespace) -> None:
    for server in (pair.desk, pair.dev):
        if options.webhook_url:
            server.switch("webhooks")
        if options.misbehave:
            for name, values in BAD_WEEK.items():
                _turn_on(server, name, {**values, "login": accounts.SERVICE_LOGIN})


def _turn_on(server: SandboxServer, name: str, values: dict[str, object]) -> None:
    server.on_loop(lambda: server.world.switches.set(name, values))


def _explain(pair: Pair) -> None:
    """Where they are, and how to make them misbehave."""
    throttle = json.dumps({"throttle": {"per_minute": 30}})
    lines = [
        f"desk  {pair.desk.url}  Request Tracker 5   token {accounts.DESK_TOKEN}",
        f"dev   {pair.dev.url}  Redmine 5           key   {accounts.DEV_KEY}",
        "see   " + f"curl -s {pair.desk.url}/_sandbox/state",
        "      " + f"curl -s {pair.dev.url}/_sandbox/switches",
        "break " + f"curl -s {pair.dev.url}/_sandbox/switches -d '{throttle}'",
        "mend  " + f"curl -s {pair.dev.url}/_sandbox/switches -d '{{\"throttle\": false}}'",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
