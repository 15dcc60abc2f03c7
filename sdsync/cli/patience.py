"""Ask again where an answer proves nothing: a person waits, and one bad answer is no finding."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdsync.connectors.contract import Connector
    from sdsync.connectors.failures import Failure
    from sdsync.connectors.replies import Reply

TIMES = 3
PAUSE_S = 0.2
#: Who is asked to wait for longer is told so, and comes back.
LONGEST_S = 5.0
#: It waited for all of its time already.
_TIMEOUTS = frozenset({"ReadTimeout", "WriteTimeout", "PoolTimeout"})


def patient(connector: Connector) -> None:
    """Have it read again, where it calls by our client; a plugin with one of its own does not."""
    from sdsync.connectors.http import Http

    http = getattr(connector, "http", None)
    if isinstance(http, Http):
        http.again = again


def again(answer: Reply | Failure, times: int) -> bool:
    """Whether a call that was made so often is made once more; waits until it is due."""
    wait_s = _wait_s(answer, times) if times < TIMES else None
    if wait_s is None:
        return False
    sleep(wait_s)
    return True


def _wait_s(answer: Reply | Failure, times: int) -> float | None:
    """Seconds after which another answer may come; None where this one counts."""
    from sdsync.connectors.failures import Transient
    from sdsync.connectors.replies import Reply

    if isinstance(answer, Reply):
        if answer.status == 429 or answer.status >= 500:
            return _asked_s(answer, times)
        cut_short = answer.ok and isinstance(answer.json(), Transient)
        return PAUSE_S * times if cut_short else None
    known = not isinstance(answer, Transient) or answer.unreachable or answer.detail in _TIMEOUTS
    return None if known else PAUSE_S * times


def _asked_s(answer: Reply, times: int) -> float | None:
    from datetime import UTC, datetime

    from sdsync.connectors.common import retry_after

    asked_s = retry_after(dict(answer.headers), now=datetime.now(UTC))
    if asked_s is None:
        return PAUSE_S * times
    return asked_s if asked_s <= LONGEST_S else None


def sleep(seconds: float) -> None:
    """In one place, for tests."""
    time.sleep(seconds)
