"""An audit row as one line that a person reads: what was seen, or what was done.

``sdsync run`` prints these as they come, ``sdsync trace`` prints the same again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sdsync.cli import words
from sdsync.cli.looks.people import People
from sdsync.config.vocabulary import spoken
from sdsync.store.records import AuditRow

#: What sdsync did. Any other action says what a system showed.
_DID: Mapping[str, str] = {
    "born": "born",
    "linked": "linked",
    "written": "",
    "note_placed": "note placed",
    "note_changed": "note edited in place",
    "note_withdrawn": "note taken back",
    "attachment_placed": "file placed",
    "attachment_withdrawn": "file taken back",
    "parked": "parked",
    "held": "held",
    "refused": "refused",
    "overruled": "overruled",
    "differs": "agrees to differ",
    "in_doubt": "outcome unknown, looking it up",
    "unlinked": "unlinked",
    "levelled": "levelled",
    "undone": "set back",
    "leaked": "shown too widely, taken back",
    "absorbed": "merged",
    "gone": "gone for good",
    "left": "left the sync",
    "returned": "back in the sync",
    "paused": "paused",
    "resumed": "resumed",
    "replayed": "replayed",
    "assigned": "assigned",
    "activated": "activated",
    "put_back": "put back",
    "restored": "came back from a backup",
    "dropped": "dropped",
    "merged_by_hand": "merged by hand",
    "chosen": "chosen",
    "resync": "read anew",
    "trusted": "trusted",
    "released": "let go",
    "reencrypted": "encrypted anew",
    "live": "live",
    "observe": "observe",
    "planned": "planned",
    "approved": "approved",
    "applied": "carried out",
    "dropped_plan": "dropped",
    "refused_line": "left alone",
    "said_waiting": "the record says that its sync waits",
    "waiting_not_said": "the record does not say how its sync waits",
}
#: What was seen, where the action's own word is not the best one.
_SAW: Mapping[str, str] = {
    "entered": "enters",
    "taken_too": "enters also",
    "relocated": "moved",
    "note_added": "note",
    "attachment_added": "file",
    "worklog_added": "worklog",
    "worklog_edited": "worklog edited",
    "worklog_removed": "worklog removed",
    "worklog_differs": "copied worklog changed",
    "note_edited": "note edited",
    "note_removed": "note removed",
    "attachment_removed": "file removed",
    "missing": "not found",
    "went_back": "went back with its system",
    "lost": "lost with its system",
    "out_of_reach": "out of our reach",
    "back": "within reach again",
    "read_again": "read again",
    "system_out": "the system is out",
    "system_back": "the system is back",
    "reopened": "a place is open again",
    "order_ignored": "ignored",
}
#: What people without a shell may order by a word in a product.
_ORDERED = frozenset({"paused", "resumed", "replayed"})
_TROUBLE = frozenset({"parked", "held", "refused", "in_doubt", "leaked", "gone", "system_out"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Of ``seen`` and ``done`` one is empty."""

    at: datetime
    who: str
    seen: str
    done: str
    duration_ms: int | None
    trouble: bool
    seq: int
    hub_id: str | None
    ref: str | None


def tell(row: AuditRow, people: People | None = None) -> Line:
    """The row in words. Values are cut: the row itself has them whole.

    Args:
        row: What happened.
        people: Turns native ids of people into names.
    """
    did = _DID.get(row.action)
    return Line(
        at=row.at,
        who=row.system or row.source.removeprefix("person:"),
        seen=_seen(row, people) if did is None else "",
        done="" if did is None else _done(row, did, people),
        duration_ms=row.duration_ms,
        trouble=row.action in _TROUBLE,
        seq=row.seq,
        hub_id=row.hub_id,
        ref=row.ref,
    )


def _seen(row: AuditRow, people: People | None) -> str:
    """``ops-2: status in_progress``, ``note (internal)``, ``enters: db01: disk full``."""
    if row.field and row.action in ("went_back", "lost"):
        told = f"{_SAW[row.action]}: {row.field} {row.text or _change(row)}"
    elif row.field:
        told = f"{row.field} {_change(row)}"
    else:
        told = _SAW.get(row.action, row.action.replace("_", " "))
        told += f": {row.text}" if row.text and row.text != told else ""
        explained = row.action.endswith("_added") or row.action == "order_ignored"
        told += f" ({row.why})" if row.why and explained else ""
    source = row.source if row.source not in (row.system, "sdsync") else None
    actor = people.name(row.system, row.actor) if people and row.actor else row.actor or source
    return f"{actor}: {told}" if actor else told


def _done(row: AuditRow, word: str, people: People | None) -> str:
    match row.action:
        case "born":
            where = f" in {row.text}" if row.text else ""
            return f"born {name(row)}{where}"
        case "written":
            source = "" if row.source in ("sdsync", row.system) else f", from {row.source}"
            return f"{row.field} {_change(row)}{source}" if row.field else row.text or "written"
        case "parked" | "held":
            field = f" {spoken(row.field)}" if row.field else ""
            return f"{word} {row.why or ''}{field}: {row.text}"
        case "refused" | "overruled" | "differs" if row.field:
            told = f"{row.field} {words.value(row.before)} {word}"
            return f"{told}: {row.why}" if row.why else told
    if row.action.endswith("_placed"):
        told = f"{word}: {row.text}" if row.text else word
        return f"{told} ({row.why})" if row.why else told
    word += _by(row, people)
    detail = _detail(row)
    return f"{word}: {detail}" if detail else word


def _by(row: AuditRow, people: People | None) -> str:
    """Who gave the order: at a command line, or in a product."""
    if row.actor and (row.source.startswith("person:") or row.action == "undone"):
        return f" by {row.actor}"
    if row.action not in _ORDERED or row.hub_id is None:
        return ""
    who = people.name(row.source, row.actor) if people and row.actor else row.actor or "somebody"
    return f" by {who} in {row.source}"


def _detail(row: AuditRow) -> str | None:
    """What was done: the groups, the value, or the words of the row."""
    if row.action == "replayed":
        return _groups(row.text)
    if row.action == "dropped" and row.field:
        return f"{spoken(row.field)}: {row.text}"
    if row.field and not row.text:
        return f"{row.field} {_change(row)}"
    return row.text or row.why


def _groups(text: str) -> str:
    return ", ".join(spoken(one) for one in text.split(", "))


def name(row: AuditRow) -> str:
    """The record as a person may type it back: ``dev#882``."""
    if row.system and row.ref:
        return f"{row.system}#{row.ref.rpartition('#')[2]}"
    return row.ref or row.hub_id or ""


def _change(row: AuditRow) -> str:
    """The new value, after the old one where there was one; of a set what came and went."""
    if isinstance(row.before, list) and isinstance(row.after, list):
        gone = [f"-{words.value(one)}" for one in row.before if one not in row.after]
        come = [f"+{words.value(one)}" for one in row.after if one not in row.before]
        return " ".join([*come, *gone]) or "reordered"
    after = _short(row.after)
    return after if row.before in (None, "", []) else f"{_short(row.before)} -> {after}"


def _short(value: object) -> str:
    text = " ".join(words.value(value).split())
    return text if len(text) <= 28 else text[:27] + "…"
