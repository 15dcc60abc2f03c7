"""Rules over hub records: functions from values to changes, as a source named ``rules`` (law 17).

A rule knows no product. It acts once per version of what it reads, never over a
newer edit of a person, and all of them together reach a fixed point or the
record is held.
"""

from __future__ import annotations

from dataclasses import dataclass

from sdsync.config.vocabulary import group_of
from sdsync.store.records import FieldVersion, GroupState, Json
from sdsync.sync.branches import hit
from sdsync.sync.decide.spread import spread
from sdsync.sync.draft import Draft, digest
from sdsync.sync.model import Rule

PASSES = 8
SOURCE = "rules"


def run_rules(draft: Draft) -> None:
    """Let every rule act on what it has not seen yet, until nothing changes.

    Without a fixed point nothing of what they wrote stays, and the record is
    held until a person says otherwise.
    """
    if not draft.ctx.rules or _restless(draft):
        return
    trial = Trial(dict(draft.hub.values), dict(draft.hub.versions), dict(draft.hub.rules_seen))
    writes: list[tuple[Rule, str, Json]] = []
    for _ in range(PASSES):
        acted = [one for rule in draft.ctx.rules for one in _apply(draft, trial, rule)]
        if not acted:
            draft.hub.rules_seen = trial.seen
            for rule, field, value in writes:
                _write(draft, rule, field, value)
            return
        writes += acted
    hit("law 17: no fixed point, held")
    names = ", ".join(sorted(rule.name for rule in draft.ctx.rules))
    for replica in draft.share.replicas:
        draft.hold(replica, SOURCE, f"the rules {names} do not come to rest on this record")


def _restless(draft: Draft) -> bool:
    return any(draft.state(one, SOURCE) is GroupState.HELD for one in draft.share.replicas)


@dataclass(slots=True)
class Trial:
    """What the rules make of the record, before any of it counts."""

    values: dict[str, Json]
    versions: dict[str, FieldVersion]
    seen: dict[str, str]


def _apply(draft: Draft, trial: Trial, rule: Rule) -> list[tuple[Rule, str, Json]]:
    """What one rule changes, once per version of its inputs."""
    inputs = digest({name: _version(trial, name) for name in sorted(rule.reads)})
    if trial.seen.get(rule.name) == inputs:
        return []
    trial.seen[rule.name] = inputs
    acted: list[tuple[Rule, str, Json]] = []
    for field, value in rule.decide(dict(trial.values)).items():
        if trial.values.get(field) == value:
            continue
        if _newer_by_hand(trial, field, rule):
            hit("law 17: never over a newer edit")
            continue
        hit("law 17: rule acted")
        trial.values[field] = value
        trial.versions[field] = _versioned(draft, trial, rule, field, value)
        acted.append((rule, field, value))
    return acted


def _version(trial: Trial, field: str) -> int:
    version = trial.versions.get(field)
    return version.version if version else 0


def _newer_by_hand(trial: Trial, field: str, rule: Rule) -> bool:
    """Whether a person set the field after everything that the rule decided by."""
    present = trial.versions.get(field)
    if present is None or not present.human or present.source == SOURCE:
        return False
    inputs = [trial.versions[name].changed_hi for name in rule.reads if name in trial.versions]
    return not inputs or present.changed_hi > max(inputs)


def _versioned(draft: Draft, trial: Trial, rule: Rule, field: str, value: Json) -> FieldVersion:
    now = draft.ctx.now
    return FieldVersion(
        field=field,
        version=_version(trial, field) + 1,
        value=value,
        source=SOURCE,
        source_ref=rule.name,
        changed_lo=now,
        changed_hi=now,
        human=False,
    )


def _write(draft: Draft, rule: Rule, field: str, value: Json) -> None:
    before = draft.hub.values.get(field)
    trial = Trial({}, draft.hub.versions, {})
    draft.set_value(_versioned(draft, trial, rule, field, value))
    draft.audit("edited", source=SOURCE, field=field, why=rule.name, before=before, after=value)
    spread(draft, group_of(field), but=None)
