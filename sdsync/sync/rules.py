"""Rules over hub records: functions from values to changes, as a source named ``rules`` (law 17).

A rule knows no product. It acts once per version of what it reads, never over a
newer edit of a person, and all of them together reach a fixed point or the
record is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sdsync.config.vocabulary import group_of
from sdsync.store.records import FieldVersion, Hub, Json
from sdsync.sync.branches import hit
from sdsync.sync.draft import Draft, digest
from sdsync.sync.spread import spread

PASSES = 8
SOURCE = "rules"


class Rule(Protocol):
    """One rule. ``decide`` is pure: equal values give equal changes."""

    @property
    def name(self) -> str:
        """Unique; what the rule has seen is kept under it."""
        ...

    @property
    def reads(self) -> frozenset[str]:
        """The fields that it decides by."""
        ...

    def decide(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Field -> new value; empty when nothing is to be changed."""
        ...


def run_rules(draft: Draft) -> None:
    """Let every rule act on what it has not seen yet, until nothing changes."""
    for _ in range(PASSES):
        acted = sum(_apply(draft, rule) for rule in draft.ctx.rules)
        if not acted:
            return
    hit("law 17: no fixed point, held")
    names = ", ".join(sorted(rule.name for rule in draft.ctx.rules))
    for replica in draft.share.replicas:
        draft.hold(replica, SOURCE, f"the rules {names} do not come to rest on this record")


def _apply(draft: Draft, rule: Rule) -> bool:
    """One rule, once per version of its inputs; True when it changed something."""
    hub = draft.hub
    inputs = digest({name: _version(hub, name) for name in sorted(rule.reads)})
    if hub.rules_seen.get(rule.name) == inputs:
        return False
    hub.rules_seen[rule.name] = inputs
    changed = False
    for field, value in rule.decide(dict(hub.values)).items():
        if hub.values.get(field) == value:
            continue
        if _newer_by_hand(hub, field, rule):
            hit("law 17: never over a newer edit")
            continue
        hit("law 17: rule acted")
        _write(draft, rule, field, value)
        changed = True
    return changed


def _version(hub: Hub, field: str) -> int:
    version = hub.versions.get(field)
    return version.version if version else 0


def _newer_by_hand(hub: Hub, field: str, rule: Rule) -> bool:
    """Whether a person set the field after everything that the rule decided by."""
    present = hub.versions.get(field)
    if present is None or not present.human or present.source == SOURCE:
        return False
    inputs = [hub.versions[name].changed_hi for name in rule.reads if name in hub.versions]
    return not inputs or present.changed_hi > max(inputs)


def _write(draft: Draft, rule: Rule, field: str, value: Json) -> None:
    now, before = draft.ctx.now, draft.hub.values.get(field)
    draft.set_value(
        FieldVersion(
            field=field,
            version=draft.next_version(field),
            value=value,
            source=SOURCE,
            source_ref=rule.name,
            changed_lo=now,
            changed_hi=now,
            human=False,
        )
    )
    draft.audit("edited", source=SOURCE, field=field, why=rule.name, before=before, after=value)
    spread(draft, group_of(field), but=None)
