"""Whom a write would mail, and whether it may (law 47)."""

from __future__ import annotations

from sdsync.config.vocabulary import group_of
from sdsync.connectors.contract import (
    AddElement,
    Audience,
    Connector,
    Create,
    Operation,
    Recalls,
)
from sdsync.store.records import PlacementState, Ref, Replica
from sdsync.sync.branches import hit
from sdsync.sync.deliver.attempt import describe, only_shows
from sdsync.sync.deliver.birth import BIRTH_GROUP
from sdsync.sync.deliver.compute import Send
from sdsync.sync.draft import Draft

#: What waits, and the setting of ``mail`` that lets it go.
_SETTING = {
    "would mail customers": "customers",
    "would mail staff": "staff",
    "a machine's change would mail staff": "staff",
}


def whom(connector: Connector, draft: Draft, replica: Replica, operation: Operation) -> Audience:
    """Whom the write would mail, by what the record showed to whichever of us read it last."""
    if replica.native_id is not None and isinstance(connector, Recalls):
        ref = Ref(replica.system, replica.kind, replica.native_id)
        connector.recall(ref, replica.seen, draft.ctx.systems[replica.system].account)
    return connector.notifies(operation)


def over_mail_budget(draft: Draft, send: Send, mailed: Audience) -> str | None:
    """Why the write may not mail whom it would mail, else None (law 47).

    By default machine changes mail nobody and a person's own change may mail staff.
    """
    allowed = draft.ctx.setting(draft.hub, "mail", None)
    if mailed.customers and allowed != "customers":
        return "would mail customers"
    if mailed.staff and allowed == "none":
        return "would mail staff"
    if mailed.staff and allowed is None and not send.human:
        return "a machine's change would mail staff"
    return None


def of_newborn(operation: AddElement, created: Audience) -> Audience:
    """Whom a note or file mails on a record that is not made yet: those whom its birth mails."""
    public = operation.values.get("internal") is False
    return Audience(created.customers if public else 0, created.staff, created.who)


def wait_over_budget(
    draft: Draft, replica: Replica, send: Send, why: str, mailed: Audience
) -> None:
    """Over budget waits, and that alone: of several groups each first goes by itself (law 39).

    The other side's key is worth no mail and no dead letter: it goes along with the next
    change that may mail, and until then the record says so.
    """
    if only_shows(send) and not isinstance(send.operation, Create):
        for field in send.fields:
            text = f"comes with the next change: alone it would mail {_whom(mailed)}"
            draft.fidelity(replica, field, text)
        return
    groups = {group_of(name) for name in send.fields} or {_group(send.operation)}
    if isinstance(send.operation, Create):
        groups = {BIRTH_GROUP}  # a record is born whole, or not at all
    if len(groups) > 1:
        hit("law 47: groups go alone")
        replica.solo = True
    else:
        _park(draft, replica, send, sorted(groups), why, mailed)
    draft.deliver(replica)


def _park(
    draft: Draft, replica: Replica, send: Send, groups: list[str], why: str, mailed: Audience
) -> None:
    """Parked under one cause, with the setting that lets it go, and what of it would mail whom."""
    hit("law 47: over mail budget")
    setting = f'mail = "{_SETTING[why]}" in [syncs.{draft.hub.syncs[0]}]'
    note = f"{_what(send)} would mail {_whom(mailed)}"
    for group in groups:
        draft.park(
            replica,
            group,
            f"{replica.system}: {why}",
            about=["mail", why],
            remedy=f"set {setting}, then sdsync reload",
            note=note,
            shared=True,
        )
    for place in draft.share.placements:
        if place.element_id == send.element_id and place.replica_id == replica.id:
            place.state, place.note = PlacementState.UNPLACEABLE, note
            place.cause = replica.groups[_group(send.operation)].cause


def _what(send: Send) -> str:
    match send.operation:
        case Create(kind=kind, place=place):
            return f"a new {kind} in {place}"
        case AddElement(kind=kind):
            return f"a {kind}"
        case _:
            return describe(send)


def _whom(mailed: Audience) -> str:
    """``the requestor``, ``2 customers and 1 of staff``."""
    if mailed.who:
        return mailed.who
    customers = f"{mailed.customers} customer{'' if mailed.customers == 1 else 's'}"
    told = [customers] if mailed.customers else []
    told += [f"{mailed.staff} of staff"] if mailed.staff else []
    return " and ".join(told)


def _group(operation: Operation) -> str:
    return f"{operation.kind}s" if isinstance(operation, AddElement) else BIRTH_GROUP
