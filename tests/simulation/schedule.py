"""One seed, one schedule: who does what when, and what breaks meanwhile."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

EDITS = 52
CRASHES = 5
SPAN_S = 24 * 60.0

#: What people do, and how often compared with the rest.
DEEDS: Mapping[str, float] = {
    "set a field": 26,
    "set one group on two sides": 8,
    "write a note": 12,
    "write two equal notes": 1,
    "edit a note": 3,
    "argue": 0.3,
    "narrow a note": 1,
    "delete a note": 2,
    "attach a file": 4,
    "remove a file": 1,
    "tag": 6,
    "change watchers": 3,
    "close": 3,
    "reopen": 3,
    "move out": 1,
    "move back": 2,
    "merge": 1,
    "delete a record": 1,
    "clone": 1,
    "open a record": 3,
    "open a twin": 1,
    "give it a child": 1,
}

#: What people do beside it in the seeds of :data:`WORKED`.
WORK: Mapping[str, float] = {
    "log work": 6,
    "correct a worklog": 3,
    "edit a copied worklog": 3,
    "remove a worklog": 1,
}
WORKS = 16
#: Seeds whose sync copies worklogs, and whose people log some.
WORKED = frozenset(range(5, 61, 5))

#: What goes wrong by plan, beside the troubles of single calls.
MISHAPS: Mapping[str, float] = {
    "system down": 3,
    "credential refused": 2,
    "throttled": 2,
    "place archived": 2,
    "record forbidden": 3,
    "automations fight": 2,
    "automations echo": 1,
    "another tool": 1,
    "field frozen": 4,
    "record fails": 1,
    "poison": 3,
    "mapping changes": 1,
    "pause": 2,
    "private right lost": 2,
}

#: Courses that one seed in :data:`SCENE_EVERY` plays, each at an instant between two:
#: those that take long begin early.
SCENES: Mapping[str, tuple[float, float]] = {
    "twins in a pause": (120.0, 900.0),
    "poison that is touched": (120.0, 1200.0),
    "one record fails alone": (90.0, 300.0),
    "emptied at birth": (60.0, 1200.0),
    "a newcomer watches": (60.0, 900.0),
    "two groups refused": (120.0, 1000.0),
    "changes mail people": (120.0, 1000.0),
}
SCENE_EVERY = 5
#: Settings without which a scene shows nothing.
NEEDS: Mapping[str, Mapping[str, Any]] = {
    "twins in a pause": {"match": ("title",)},
    "changes mail people": {"mail": "none"},
}


@dataclass(frozen=True, slots=True)
class Planned:
    """Something that happens ``at_s`` seconds after the start. ``seed`` settles its details."""

    at_s: float
    what: str
    seed: int


@dataclass(frozen=True, slots=True)
class Options:
    """How the schedule's syncs are configured."""

    overlap: bool
    fields: Mapping[str, str]
    notes: str
    closes: str
    on_refused: str
    on_delete: str
    on_leave: str
    match: tuple[str, ...]
    board_audience: str
    dev_audience: str
    dev_private_right: bool
    dev_public: bool
    mail: str | None
    dev_tenant: str
    offsets_s: Mapping[str, float] = field(default_factory=dict)
    poll_s: float = 30.0
    worklogs: str = "none"


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that a seed decides beforehand."""

    seed: int
    options: Options
    planned: tuple[Planned, ...]


def schedule(seed: int) -> Schedule:
    """The schedule of a seed; equal seeds give equal ones."""
    rand = random.Random(f"schedule {seed}")
    planned = [Planned(2.0 + place, "open a record", rand.getrandbits(32)) for place in range(4)]
    planned += _some(rand, DEEDS, EDITS, bursts=True)
    planned += _some(rand, MISHAPS, rand.randint(2, 4), bursts=False)
    crashes = CRASHES + rand.randint(0, 3)
    planned += _some(rand, {"crash": 1}, crashes, bursts=False)
    return _staged(seed, _options(rand), planned)


def _staged(seed: int, options: Options, planned: list[Planned]) -> Schedule:
    """The schedule with its scene, if it has one; drawn apart, so others stay as they were."""
    if seed in WORKED:
        planned += _some(random.Random(f"work {seed}"), WORK, WORKS, bursts=False)
        options = replace(options, worklogs="copy")
    rand = random.Random(f"scenes {seed}")
    if rand.random() < 1 / SCENE_EVERY:
        what = rand.choice(list(SCENES))
        planned.append(Planned(rand.uniform(*SCENES[what]), what, rand.getrandbits(32)))
        options = replace(options, **NEEDS.get(what, {}))
    planned.sort(key=lambda one: one.at_s)
    return Schedule(seed, options, tuple(planned))


def _some(
    rand: random.Random, kinds: Mapping[str, float], number: int, *, bursts: bool
) -> list[Planned]:
    """``number`` happenings; in bursts, because trouble needs company."""
    drawn = rand.choices(list(kinds), weights=list(kinds.values()), k=number)
    at_s, planned = 60.0, []
    for what in drawn:
        if bursts and rand.random() < 0.5:
            at_s += rand.expovariate(1 / 4.0)
        else:
            at_s += rand.expovariate(number / (SPAN_S * (1.5 if bursts else 1.0)))
        planned.append(Planned(at_s % SPAN_S + 20.0, what, rand.getrandbits(32)))
    return planned


def _options(rand: random.Random) -> Options:
    fields: dict[str, str] = {}
    for group, policies in (
        ("urgency", ("newest", "newest", "desk", "max", "hold")),
        ("category", ("newest", "hold", "dev")),
        ("due_at", ("newest", "each", "desk")),
        ("description", ("birth", "append", "newest")),
        ("outcome", ("newest", "newest", "newest", "hold")),
        ("assignment", ("newest", "desk")),
    ):
        choice = rand.choice(policies)
        if choice != "birth":
            fields[group] = choice
    return Options(
        overlap=rand.random() < 0.4,
        fields=fields,
        notes=rand.choice(("internal", "as written")),
        closes=rand.choice(("birth", "any")),
        on_refused=rand.choice(("keep", "revert")),
        on_delete=rand.choice(("hold", "close", "archive", "unlink")),
        on_leave=rand.choice(("finish", "freeze", "unlink")),
        match=("title",) if rand.random() < 0.45 else (),
        board_audience=rand.choice(("internal", "customer")),
        dev_audience=rand.choice(("internal", "public")),
        dev_private_right=rand.random() < 0.7,
        dev_public=rand.random() < 0.08,
        mail=rand.choice((None, "none", "staff", "customers", "customers", "customers")),
        dev_tenant="acme" if rand.random() < 0.95 else "umbrella",
        offsets_s={
            name: rand.choice((0.0, rand.uniform(-180, 180))) for name in ("desk", "dev", "board")
        },
    )
