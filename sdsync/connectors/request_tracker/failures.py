"""What Request Tracker's refusals mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from sdsync.connectors import common
from sdsync.connectors.failures import Failure, Rejected
from sdsync.connectors.replies import Reply
from sdsync.store.records import Json

#: The field that a sentence of RT is about. It says them in the language of the
#: account, so they only add to what reading back tells; nothing hangs on them.
#: Source: measured on 5.0.3, `PUT /ticket/1` and `POST /ticket`.
_ABOUT = (
    (re.compile(r"^(?:Ticket \d+: )?Status '.*' isn't a valid status"), "Status"),
    (re.compile(r"^(?:Ticket \d+: )?That user (?:does not exist|may not own)"), "Owner"),
    (re.compile(r"^(?:Ticket \d+: )?You can only (?:reassign|take|steal)"), "Owner"),
    (re.compile(r"^Invalid value for custom field"), "CustomFields"),
    (re.compile(r"^Input must match"), "CustomFields"),
    (re.compile(r"^(?:Ticket \d+: )?That queue does not exist"), "Queue"),
)

#: RT names the ticket before most of what it says.
_TICKET = re.compile(r"^Ticket \d+: ")
#: What RT says of a change that it made.
_DONE = re.compile(
    r"^(?:Ticket \d+: )?[\w .'-]+ changed (?:from|to) "
    r"| changed to | added as a value for | is no longer a value for | added$| deleted$"
    r"|^Added .* for this ticket$| is no longer .* for this ticket$"
    r"|^Ticket \d+ (?:no longer )?(?:depends on|depended on by|refers to|referred to by|member of) "
    r"|^(?:Comments|Correspondence) added$|^Message recorded$"
)


def failure(reply: Reply, *, now: datetime) -> Failure:
    """Read one refused call.

    Source: RT 5.0.3, ``lib/RT/REST2``. Its refusals are ``{"message": …}``; 400 is
    an illegal value or query, 403 a missing right, 412 a stale ``If-Match``. A
    500 has an empty body and comes after effects as well as before.
    """
    words = reply.words()
    message = words.get("message") if isinstance(words, dict) else None
    detail = message if isinstance(message, str) else ""
    return common.failure(reply, now=now, fields=about([detail]), detail=detail)


def complaints(words: Json) -> tuple[str, ...]:
    """The lines beside a 200 that do not report a change: what RT did not do."""
    lines = words if isinstance(words, list) else [words]
    said = [one for one in lines if isinstance(one, str) and one.strip()]
    return tuple(common.cut(_TICKET.sub("", one)) for one in said if not _DONE.search(one))


def about(lines: Iterable[str]) -> tuple[str, ...]:
    """The native fields that RT's sentences name."""
    found = {field for line in lines for pattern, field in _ABOUT if pattern.search(line)}
    return tuple(sorted(found))


def frozen(what: str) -> Rejected:
    """RT's history cannot be changed through its interface."""
    return Rejected(detail=f"Request Tracker keeps its history: {what}")
