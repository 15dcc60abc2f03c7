"""A field that is ours alone to write, put right when somebody else wrote it, but not for ever."""

from __future__ import annotations

from sdsync.config.vocabulary import group_of
from sdsync.store.records import FieldVersion, GroupState, Json, Replica
from sdsync.sync.decide.brakes import war
from sdsync.sync.decide.edits import Look, edit_of
from sdsync.sync.deliver.desired import desired
from sdsync.sync.draft import Draft


def fought_over(draft: Draft, replica: Replica, field: str, value: Json, look: Look) -> bool:
    """Whether a machine there writes its own value again and again: then the field differs.

    A person may change it as often as they like, and it is put right each time. Who is
    not told counts as a machine here: nobody loses anything by it (law 18).
    """
    edit = edit_of(field, replica.sent.get(field), value, replica, look, draft.ctx)
    name, now = f"{field} in {replica.system}", draft.ctx.now
    if edit.human and edit.actor is not None:
        draft.hub.flips.pop(name, None)
        return False
    who = None
    for shown, source in (
        (desired(draft, replica, field), "sdsync"),
        (value, f"{replica.system} {edit.actor or ''}".strip()),
    ):
        version = FieldVersion(name, 0, shown, source, None, now, now, human=False)
        who = war(draft.hub, version, now) or who
    if who is None:
        return False
    text = f"{who} write it by turns"
    replica.sent[field] = value
    draft.mark(replica, group_of(field), GroupState.DIFFERS, note=text)
    draft.audit("differs", source=replica.system, replica=replica, field=field, why=text,
                before=value, after=desired(draft, replica, field))  # fmt: skip
    return True
