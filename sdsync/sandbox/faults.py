"""The misbehaviours that strike any call: before its effect, instead of it, and after."""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from sdsync.sandbox.call import Answer, Call, Json
from sdsync.sandbox.world import World

PROXY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>502</body></html>"
MINUTE = timedelta(seconds=60)
JOBS = "/_jobs"


@dataclass(slots=True)
class Plan:
    """What happens to a call. ``instead``: this answer, and no effect."""

    instead: Answer | None = None
    wait_s: float = 0.0
    cut: bool = False  # no answer leaves
    effect: bool = True
    later_s: float | None = None  # the effect lands later; used when ``delayed``
    delayed: bool = False
    job: str | None = None  # the path at which the delayed effect is told
    lost: bool = False  # the job is forgotten, with its effect
    endless: int = 0  # bytes
    faults: list[str] = field(default_factory=list)


class Faults:
    """Throws the dice for each call of one product."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._recent: deque[datetime] = deque()
        self._closed_until: datetime | None = None
        self._jobs = 0
        self.inside_window = 0  # calls that came although they had been told to wait

    def reset(self) -> None:
        """Forget the window of the throttle."""
        self._recent.clear()
        self._closed_until = None
        self.inside_window = 0

    def before(self, call: Call, refuse: Answer) -> Plan:
        """Decide about a call. ``refuse`` is how the product says that a credential is bad."""
        fires, strikes = self._world.switches.fires, self._world.switches.strikes
        plan = Plan()
        throttled = self._throttle(call)
        if throttled:
            plan.instead = throttled
            plan.faults.append("throttle")
            return plan
        if strikes("auth_revoked", call):
            plan.instead = refuse
            plan.faults.append("auth_revoked")
        elif strikes("cut", call):
            plan.effect, plan.cut = False, True
            plan.faults.append("cut")
        elif struck := fires("hang", call):
            plan.effect, plan.cut, plan.wait_s = False, True, _number(struck, "for_s")
            plan.faults.append("hang")
        elif strikes("html_502", call):
            plan.instead = Answer(502, PROXY_PAGE, "text/html")
            plan.faults.append("html_502")
        elif struck := fires("delayed_effect", call):
            plan.delayed, plan.later_s = True, _maybe(struck, "after_s")
            plan.instead = Answer(504, PROXY_PAGE.replace(b"502", b"504"), "text/html")
            plan.faults.append("delayed_effect")
        elif struck := fires("accepted", call):
            self._accept(call, plan, struck)
        return plan

    def _accept(self, call: Call, plan: Plan, struck: Mapping[str, Json]) -> None:
        """202 and the address of a job, which carries the write out later."""
        self._jobs += 1
        plan.job, plan.lost = f"{JOBS}/{self._jobs}", bool(struck["lost"])
        plan.delayed, plan.later_s = True, _maybe(struck, "after_s")
        headers = {"Location": call.base + plan.job, "Retry-After": "1"}
        plan.instead = Answer(202, b"", headers=headers)
        plan.faults.append("accepted")

    def after(self, call: Call, plan: Plan, answer: Answer, failed: Answer) -> Answer:
        """The answer that leaves. ``failed`` is how the product words a 500."""
        fires, strikes = self._world.switches.fires, self._world.switches.strikes
        if strikes("effect_then_500", call):
            plan.faults.append("effect_then_500")
            answer = failed
        elif strikes("effect_then_cut", call):
            plan.cut = True
            plan.faults.append("effect_then_cut")
        elif struck := fires("gzip_bomb", call):
            plan.faults.append("gzip_bomb")
            answer = _bomb(answer, int(_number(struck, "size_bytes")))
        elif struck := fires("endless", call):
            plan.endless = int(_number(struck, "size_bytes"))
            plan.faults.append("endless")
        elif struck := fires("wrong_type", call):
            plan.faults.append("wrong_type")
            answer = _wrong(str(struck["body"]))
        if struck := fires("slow", call):
            plan.wait_s = _number(struck, "after_s")
            plan.faults.append("slow")
        return answer

    def _throttle(self, call: Call) -> Answer | None:
        """A real limit over the last minute, or a refusal by dice; then closed for after_s."""
        standing = self._world.switches.standing("throttle")
        if standing is None:
            self._closed_until = None
            return None
        if not self._world.switches.concerns("throttle", call):
            return None  # another account has another quota
        now = self._world.clock.now()
        if self._closed_until and now < self._closed_until:
            self.inside_window += 1
            return self._too_many(standing, self._closed_until, now)
        self._closed_until = None
        per_minute = standing["per_minute"]
        if per_minute is None:
            struck = self._world.switches.fires("throttle", call)
            until = now + timedelta(seconds=_number(struck, "after_s")) if struck else None
        else:
            until = self._count(now, int(str(per_minute)))
        if until is None:
            return None
        self._closed_until = until
        return self._too_many(standing, until, now)

    def _count(self, now: datetime, per_minute: int) -> datetime | None:
        """Count a call; when the minute is full, the instant at which it has room again."""
        while self._recent and self._recent[0] <= now - MINUTE:
            self._recent.popleft()
        if len(self._recent) < per_minute:
            self._recent.append(now)
            return None
        self._world.switches.hits["throttle"] += 1
        return self._recent[0] + MINUTE

    def _too_many(self, params: Mapping[str, Json], until: datetime, now: datetime) -> Answer:
        refused = Answer(429, b"Too Many Requests", "text/plain")
        seconds = max(1, int((until - now).total_seconds() + 0.999))
        if params["hint"] == "seconds":
            refused.headers["Retry-After"] = str(seconds)
        elif params["hint"] == "date":
            # by the product's own clock, as a date always is
            at = self._world.now() + timedelta(seconds=seconds)
            refused.headers["Retry-After"] = format_datetime(at, usegmt=True)
        return refused


def _number(params: Mapping[str, Json], name: str) -> float:
    return float(str(params[name]))


def _maybe(params: Mapping[str, Json], name: str) -> float | None:
    value = params[name]
    return None if value is None else float(str(value))


def _bomb(answer: Answer, size: int) -> Answer:
    """The true answer, then blanks: harmless JSON to whoever can hold it."""
    packed = gzip.compress(answer.body + b" " * size, compresslevel=9)
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return Answer(answer.status, packed, answer.content_type, headers)


def _wrong(body: str) -> Answer:
    pages = {
        "html": Answer(200, b"<html><body>Please log in</body></html>", "text/html"),
        "list": Answer(200, b"[[1, 2], 3]"),
        "text": Answer(200, b'"maintenance"'),
        "null": Answer(200, b"null"),
    }
    return pages.get(body, pages["html"])
