"""Writes that are accepted as a job: what a 202 promises, and what became of it (law 31).

The pattern of RFC 9110 (section 15.3.3): 202 with the address of a monitor, which
answers 202 while the job runs and then as the write itself would have answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sdsync.connectors.common import Refused, need, retry_after
from sdsync.connectors.contract import Done
from sdsync.connectors.failures import Failure, Misconfigured, Pending
from sdsync.connectors.http import Http
from sdsync.connectors.replies import Reply

#: When a product does not say when to ask.
ASK_AFTER_S = 5.0


def accepted(reply: Reply, http: Http, *, now: datetime) -> Pending | None:
    """The job behind a 202 to a write; None when it is no 202, or names no job of this origin.

    Without a job nobody can be asked: whoever reads the answer finds no proof in
    it, and the write is in doubt.
    """
    path = reply.headers.get("location", "").removeprefix(http.base)
    if reply.status != 202 or reply.safe or not path.startswith("/") or path.startswith("//"):
        return None
    return Pending(path, _ask_after_s(reply, now))


def told(
    http: Http, handle: str, *, now: datetime, failure: Callable[[Reply], Failure]
) -> Done | Pending:
    """Ask the job at ``handle``; what it refuses ends the method as the write would have."""
    reply = need(http.call("GET", handle))
    if reply.status == 202:
        return Pending(handle, _ask_after_s(reply, now))
    if not reply.ok:
        raise Refused(failure(reply))
    if reply.status == 204 or not reply.body:
        return Done()
    answer = need(reply.json())
    if not isinstance(answer, Mapping):
        raise Refused(Misconfigured("a job's answer is no object"))
    made = answer.get("issue", answer)
    id_ = made.get("id") if isinstance(made, Mapping) else None
    return Done(None if id_ is None else str(id_))


def _ask_after_s(reply: Reply, now: datetime) -> float:
    after_s = retry_after(dict(reply.headers), now=now)
    return ASK_AFTER_S if after_s is None else after_s
