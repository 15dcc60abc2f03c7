"""What a read says about one field that we wrote: ours, a step, untouched, or another's."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sdsync.config.vocabulary import FIELDS, SETS
from sdsync.store.records import Json, Replica
from sdsync.sync.decide.edits import Look, proved, view
from sdsync.sync.deliver.desired import surroundings
from sdsync.sync.draft import Draft

#: How much earlier than our own clock a product may stamp what we wrote.
RESOLUTION = timedelta(seconds=5)
TEXT_KINDS = frozenset({"text", "rich"})


class Verdict(StrEnum):
    """The possible outcomes of a field's write (laws 5 and 6)."""

    UNKNOWN = "unknown"  # the read proves nothing of it
    OURS = "ours"  # it shows the intended value, or its lens image
    STEP = "step"  # a step of the running transition
    UNTOUCHED = "untouched"  # still the value from before
    ANOTHERS = "another's"  # somebody else changed it since
    REVERTED = "reverted"  # somebody else put the value from before back, after our write
    RESHAPED = "reshaped"  # a text that the product cut or rewrote
    OTHER = "other"  # another value than intended, by nobody that is told


def verdict(
    draft: Draft, replica: Replica, name: str, intended: Json, look: Look, current: dict[str, Json]
) -> Verdict:
    """Judge one field of a write from a later read."""
    mapping = draft.ctx.mapping(replica)
    if not proved(mapping, name, look.native):
        return Verdict.UNKNOWN
    now, old = mapping.extract(name, current), mapping.extract(name, replica.seen)
    hub = surroundings(draft, replica)
    put = draft.put(mapping, name, intended, seen=current, hub=hub)
    if not put.values and put.refused is None and put.cut is None:
        return Verdict.OURS
    if name in replica.stepping and now == replica.stepping[name]:
        # A person may have taken the same step meanwhile: an edit, and not on our way.
        who = Verdict.STEP if now == old else _last_writer(draft, replica, name, look)
        return who if who is Verdict.ANOTHERS else Verdict.STEP
    is_text = FIELDS.get(name, "text") in TEXT_KINDS or name.startswith("ext.")
    if now == old and _put_back(draft, replica, name, look):
        return Verdict.REVERTED
    if now == old:
        cut = is_text and _fills(draft, replica, name, intended, current)
        return Verdict.RESHAPED if cut else Verdict.UNTOUCHED
    who = _last_writer(draft, replica, name, look)
    if who is Verdict.ANOTHERS:
        return who
    if is_text and (who is Verdict.OURS or _is_image(draft, replica, name, intended, current)):
        return Verdict.RESHAPED
    return Verdict.UNTOUCHED if _own_at_birth(replica, name, look, who) else Verdict.OTHER


def _own_at_birth(replica: Replica, name: str, look: Look, who: Verdict) -> bool:
    """Whether it shows what the product put there in place of what our create said.

    Nobody changed it since, as a history tells: that is no edit. Sets are left out:
    of who joins one, histories often tell nothing.
    """
    if name in replica.sent or who is not Verdict.UNKNOWN or look.native.history is None:
        return False
    return FIELDS.get(name, "text") not in SETS


def _put_back(draft: Draft, replica: Replica, name: str, look: Look) -> bool:
    """Whether history tells of our write and of another's after it: two changes, no trace."""
    system = draft.ctx.systems[replica.system]
    paths = draft.ctx.mapping(replica).paths(name)
    actors = [line.actor for line in look.native.history or () if line.path in paths]
    return (
        len(actors) > 1
        and actors[-1] not in (None, system.account)
        and actors[-2] == system.account
        and any(
            line.path in paths
            and line.actor == system.account
            and _of_this_write(draft, replica, line.at)
            for line in look.native.history or ()
        )
    )


def _last_writer(draft: Draft, replica: Replica, name: str, look: Look) -> Verdict:
    """Whom the product's history names for the field; UNKNOWN when it does not tell."""
    account = draft.ctx.systems[replica.system].account
    paths = draft.ctx.mapping(replica).paths(name)
    for line in reversed(look.native.history or ()):
        if line.path in paths and line.actor is not None:
            if line.actor != account:
                return Verdict.ANOTHERS
            return Verdict.OURS if _of_this_write(draft, replica, line.at) else Verdict.UNKNOWN
    return Verdict.UNKNOWN


def _of_this_write(draft: Draft, replica: Replica, at: datetime) -> bool:
    """Whether a line of ours tells of the last write, and not of one before it."""
    since = replica.wrote_at
    return since is not None and draft.ctx.ours(replica.system, at) >= since - RESOLUTION


def _fills(
    draft: Draft, replica: Replica, name: str, intended: Json, current: dict[str, Json]
) -> bool:
    """Whether the field is full and shows the beginning of the intended text: cut as before."""
    most = _max_length(draft, replica, name)
    return most is not None and _is_image(draft, replica, name, intended, current)


def _max_length(draft: Draft, replica: Replica, name: str) -> int | None:
    """How many characters the product keeps of the field, where its metadata tell."""
    place = draft.ctx.systems[replica.system].places.get(replica.place or "")
    for path in draft.ctx.mapping(replica).paths(name):
        info = place.fields.get(path) if place else None
        if info is not None and info.max_length is not None:
            return info.max_length
    return None


def _is_image(
    draft: Draft, replica: Replica, name: str, intended: Json, current: dict[str, Json]
) -> bool:
    """Whether a shown text is what a product makes of the intended one: cut, or spaced anew.

    Where no history tells who wrote, anything else is taken for a person's edit;
    so is a beginning that would have fitted whole.
    """
    shown = view(draft.ctx.mapping(replica), name, current, draft.ctx)
    if not isinstance(shown, str) or not shown.strip():
        return False
    short, full = " ".join(shown.split()), " ".join(str(intended or "").split())
    if short == full:
        return True
    most = _max_length(draft, replica, name)
    if most is not None and len(shown) < most - len("…"):
        return False
    begun = short.rstrip("….")
    return bool(begun) and full.startswith(begun)
