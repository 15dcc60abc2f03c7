"""Every misbehaviour by name: when it strikes, and with which parameters.

Each switch has its own seeded dice, so that the same requests meet the same
misbehaviour again, whatever other switches do.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sdsync.sandbox.call import Call, Json

READS = "GET|HEAD"
WRITES = "POST|PUT|DELETE"
ANY = ".*"


@dataclass(frozen=True, slots=True)
class Kind:
    """One misbehaviour. ``method`` and ``path`` are what it strikes unless told otherwise."""

    name: str
    does: str
    method: str = ANY
    path: str = ANY
    params: Mapping[str, Json] = field(default_factory=dict)


_LISTS = r"/(tickets|transactions|attachments|history|users|queues/all)$|/(issues|users)\.json$"
_RECORD = r"/ticket/\d+$|/issues/\d+\.json$"

_ALL = (
    Kind(
        "ignored_field",
        "a 2xx write leaves these fields as they were",
        WRITES,
        params={"fields": []},
    ),
    Kind(
        "merged_answer",
        "asked for one record, answers another with 200",
        READS,
        _RECORD,
        {"id": None, "answers": None},
    ),
    Kind("private_dropped", "a private note becomes public, with 2xx", WRITES),
    Kind(
        "archived_project",
        "a place is archived: its records 403, its lists empty",
        params={"place": "infra"},
    ),
    Kind(
        "short_pages",
        "a page holds fewer items than there are, and is not the last",
        READS,
        _LISTS,
        {"items": 2},
    ),
    Kind(
        "repeated_pages",
        "a page begins with the last items of the page before",
        READS,
        _LISTS,
        {"items": 1},
    ),
    Kind(
        "stale_search",
        "lists do not know what happened within lag_s",
        READS,
        _LISTS,
        {"lag_s": 60.0},
    ),
    Kind(
        "throttle",
        "429; with per_minute only when more calls came",
        ANY,
        params={"per_minute": None, "hint": "seconds", "after_s": 2.0},
    ),
    Kind("effect_then_500", "the write takes effect, the answer is 500", WRITES),
    Kind("effect_then_cut", "the write takes effect, the connection is cut", WRITES),
    Kind("cut", "the connection is cut before anything happened"),
    Kind(
        "hang",
        "no answer for for_s, then the connection is cut; nothing happened",
        params={"for_s": 60.0},
    ),
    Kind("html_502", "a proxy's 502 page in HTML; nothing happened"),
    Kind("wrong_clock", "the product's clock is off", params={"offset_s": 3600.0}),
    Kind("truncate", "titles are cut, with 2xx", WRITES, params={"length": 40}),
    Kind("own_reaction", "the product changes the status by itself after a write"),
    Kind(
        "webhooks",
        "changes are pushed, signed by Standard Webhooks 1.0",
        params={"url": None, "secret": None},
    ),
    Kind("webhook_duplicate", "each webhook is delivered several times", params={"times": 2}),
    Kind(
        "webhook_reorder",
        "webhooks are held back and delivered in another order",
        params={"window": 4},
    ),
    Kind(
        "coarse_stamps",
        "stamps are cut to resolution_s (the products' own: 1)",
        params={"resolution_s": 60},
    ),
    Kind(
        "gzip_bomb",
        "a small gzip answer unpacks to size_bytes",
        READS,
        params={"size_bytes": 64 * 2**20},
    ),
    Kind(
        "endless",
        "an answer that never ends, limited by size_bytes",
        READS,
        params={"size_bytes": 2**30},
    ),
    Kind(
        "wrong_type",
        "200 with a body of another type: html, list, text or null",
        READS,
        params={"body": "html"},
    ),
    Kind("slow", "the answer comes after_s later", params={"after_s": 1.0}),
    Kind("auth_revoked", "401: the credential is refused"),
    Kind("forbidden_record", "403 for these records alone", params={"ids": []}),
    Kind(
        "delayed_effect",
        "504 at once, the write lands after_s later (null: on POST land)",
        WRITES,
        params={"after_s": None},
    ),
    Kind(
        "accepted",
        "202 with a job's address; it lands after_s later (null: on POST land), or is lost",
        WRITES,
        params={"after_s": None, "lost": False},
    ),
)
KINDS: Mapping[str, Kind] = MappingProxyType({one.name: one for one in _ALL})


@dataclass(slots=True)
class Setting:
    """How one switch stands. ``count`` None: without end; it turns off at zero."""

    on: bool = False
    probability: float = 1.0
    count: int | None = None
    method: str = ANY
    path: str = ANY
    login: str | None = None  # strikes only this account
    params: dict[str, Json] = field(default_factory=dict)


class UnknownSwitchError(ValueError):
    """A name or parameter that no switch has; the text names those that exist."""


class Switches:
    """All switches of one sandbox. ``seed`` makes a run replay."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.hits: Counter[str] = Counter()
        self._settings: dict[str, Setting] = {}
        self._dice: dict[str, random.Random] = {}
        self.reset()

    def reset(self) -> None:
        """All off, all dice from the start."""
        self.hits.clear()
        for kind in KINDS.values():
            self._settings[kind.name] = _default(kind)
            self._dice[kind.name] = self._fresh_dice(kind.name, self.seed)

    def _fresh_dice(self, name: str, seed: int) -> random.Random:
        return random.Random(f"{seed}/{name}")  # noqa: S311 - dice, not a secret

    def set(self, name: str, value: Mapping[str, Json] | bool = True) -> Setting:
        """Turn a switch on or off, or on with settings; what is not named is the default.

        Raises:
            UnknownSwitchError: No such switch or parameter.
        """
        kind = KINDS.get(name)
        if kind is None:
            raise UnknownSwitchError(f"no switch {name!r}; there are {', '.join(KINDS)}")
        setting = _default(kind)
        setting.on = value is not False
        for key, given in value.items() if isinstance(value, Mapping) else ():
            self._apply(kind, setting, key, given)
        self._settings[name] = setting
        return setting

    def _apply(self, kind: Kind, setting: Setting, key: str, given: Json) -> None:
        if key in kind.params:
            setting.params[key] = given
        elif key == "seed":
            self._dice[kind.name] = self._fresh_dice(kind.name, int(str(given)))
        elif key == "on":
            setting.on = bool(given)
        elif key == "probability":
            setting.probability = float(str(given))
        elif key == "count":
            setting.count = None if given is None else int(str(given))
        elif key in ("method", "path", "login"):
            setattr(setting, key, str(given))
        else:
            known = ", ".join(
                (*kind.params, "on", "probability", "count", "method", "path", "login", "seed")
            )
            raise UnknownSwitchError(f"{kind.name} has no {key!r}; it has {known}")

    def standing(self, name: str) -> Mapping[str, Json] | None:
        """The parameters of a switch that is on, without throwing dice; None when off."""
        setting = self._settings[name]
        return setting.params if setting.on else None

    def concerns(self, name: str, call: Call) -> bool:
        """Whether the switch strikes calls like this one: of its login, method and path."""
        return _matches(self._settings[name], call)

    def fires(self, name: str, call: Call | None) -> Mapping[str, Json] | None:
        """The switch's parameters when it strikes this call; a person's act (None) is spared."""
        setting = self._settings[name]
        if call is None or not setting.on or not _matches(setting, call):
            return None
        if setting.probability < 1 and self._dice[name].random() >= setting.probability:
            return None
        if setting.count is not None:
            if setting.count <= 0:
                setting.on = False
                return None
            setting.count -= 1
        self.hits[name] += 1
        return setting.params

    def strikes(self, name: str, call: Call | None) -> bool:
        """As :meth:`fires`, for switches without parameters."""
        return self.fires(name, call) is not None

    def dice(self, name: str) -> random.Random:
        """The switch's own dice, for more decisions of the same misbehaviour."""
        return self._dice[name]

    def show(self) -> dict[str, Json]:
        """All switches as JSON, with how often each struck."""
        return {
            name: {"on": one.on, "probability": one.probability, "count": one.count,
                   "method": one.method, "path": one.path, "hits": self.hits[name],
                   "does": KINDS[name].does, **one.params}
            for name, one in self._settings.items()
        }  # fmt: skip


def _default(kind: Kind) -> Setting:
    return Setting(method=kind.method, path=kind.path, params=dict(kind.params))


def _matches(setting: Setting, call: Call) -> bool:
    return (
        re.fullmatch(setting.method, call.method) is not None
        and re.search(setting.path, call.path) is not None
        and setting.login in (None, call.login)
    )
