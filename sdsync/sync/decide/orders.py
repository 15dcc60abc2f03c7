"""What people without a shell order: stop, retry, go; each obeyed in the commit that saw it.

``sdsync:stop`` pauses the record, ``sdsync:retry`` tries again what is parked of it,
``sdsync:go`` ends a stop. As a tag an order is given when it appears; taking ``stop``
away, from the last side that shows it, ends what a tag stopped. As a line of an
internal note it is given once, when the note is first read, or the line is added.

Who may: whoever the product lets set the tag or write an internal note there. Never our
own account, an automation, or a text that came from elsewhere. An order ends nothing
that an operator paused.
"""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.connectors.contract import NativeElement
from sdsync.mappings.authorship import author_line
from sdsync.mappings.orders import PREFIX, WORDS, Word, mentions, taken_out
from sdsync.store.records import GroupState, Json, Pause, Replica
from sdsync.sync.decide.edits import Look, proved
from sdsync.sync.draft import Draft
from sdsync.sync.persons.reviving import revive

#: Of a note's values: the orders that were lines of it.
SAID = "orders"
#: Audiences whose notes only staff can write.
_STAFF = frozenset({"internal", "team", "restricted"})


# -- tags ------------------------------------------------------------------------------
def obey_tags(draft: Draft, replica: Replica, look: Look) -> None:
    """Carry out the orders that appeared among a record's tags, or went from them."""
    mapping = draft.ctx.mapping(replica)
    if "tags" not in mapping.fields or not proved(mapping, "tags", look.native):
        return
    now, before = mapping.orders(look.native.values), set(replica.orders)
    replica.orders = sorted(now)
    for word in WORDS:
        if word in now and word not in before:
            _tagged(draft, replica, look, word)
    if "stop" in before and "stop" not in now:
        _untagged(draft, replica, look)


def _tagged(draft: Draft, replica: Replica, look: Look, word: Word) -> None:
    actor, person = _tagger(draft, replica, look, word)
    if person:
        _obey(draft, replica, word, "tag", actor)
    else:
        _ignore(draft, replica, word, "tag", actor, "no person set it")


def _untagged(draft: Draft, replica: Replica, look: Look) -> None:
    """The tag is gone: what a tag stopped goes on, once no side shows one any more."""
    pause = _stopped(draft)
    if pause is None or pause.word != "tag":
        return
    if any("stop" in one.orders for one in draft.share.replicas):
        return
    actor, _ = _tagger(draft, replica, look, "stop")
    _go(draft, replica, "tag", actor)


def _tagger(draft: Draft, replica: Replica, look: Look, word: Word) -> tuple[str | None, bool]:
    """Who set or removed the tag, and whether it was a person: unknown counts as one (law 18)."""
    system = draft.ctx.systems[replica.system]
    paths = draft.ctx.mapping(replica).paths("tags")
    lines = [one for one in look.native.history or () if one.path in paths]
    named = [one for one in lines if mentions(one.old, word) != mentions(one.new, word)]
    line = next(reversed(named or lines), None)
    if line is None:
        return None, True
    ours = line.actor is not None and line.actor == system.account
    return line.actor, not (line.automatic or ours) and draft.ctx.humans(replica.system, line.actor)


# -- notes -----------------------------------------------------------------------------
def read_orders(values: dict[str, Json]) -> None:
    """Take the orders out of an internal note's text; they are kept beside it.

    Args:
        values: Of a canonical note, its audience as the product told it: where it
            is not told, the text is nobody's order and stays as it is.
    """
    body = values.get("body")
    if not isinstance(body, str) or not was_for_staff(values):
        return
    if author_line(body.partition("\n\n")[0]) is not None:
        return  # somebody elsewhere wrote it; here it was carried or copied
    values["body"], said = taken_out(body)
    if said:
        values[SAID] = said


def was_for_staff(values: Mapping[str, Json]) -> bool:
    """Whether only staff could have written there: what stood in public is no order later."""
    return values.get("audience") in _STAFF


def obey_note(
    draft: Draft,
    replica: Replica,
    native: NativeElement,
    values: dict[str, Json],
    before: dict[str, Json],
) -> None:
    """Carry out the orders of a note that were not in it before."""
    said: list[Word] = [
        one for one in values.get(SAID) or () if one not in (before.get(SAID) or ())
    ]
    for word in said:
        why = _not_theirs(draft, replica, native)
        if why is None:
            _obey(draft, replica, word, "note", native.author)
        else:
            _ignore(draft, replica, word, "note", native.author, why)


def _not_theirs(draft: Draft, replica: Replica, native: NativeElement) -> str | None:
    """Why nobody gave the order: only what a person wrote there, as its own words, counts."""
    if native.ours or native.author == draft.ctx.systems[replica.system].account:
        return "it came through sdsync"
    if native.author is None or not draft.ctx.humans(replica.system, native.author):
        return "no person wrote it"
    return None


def is_order_alone(values: dict[str, Json]) -> bool:
    """Whether nothing of a note is left for the other sides."""
    return bool(values.get(SAID)) and not str(values.get("body") or "").strip()


# -- obeying ---------------------------------------------------------------------------
def _obey(draft: Draft, replica: Replica, word: Word, how: str, actor: str | None) -> None:
    if draft.hub.merged_into is not None:
        _ignore(draft, replica, word, how, actor, "the record was merged into another")
    elif word == "stop":
        _stop(draft, replica, how, actor)
    elif word == "go":
        _go(draft, replica, how, actor)
    else:
        _retry(draft, replica, how, actor)


def _scope(draft: Draft) -> str:
    return f"record:{draft.hub.id}"


def _stopped(draft: Draft) -> Pause | None:
    """The record's own pause, as it will be after this commit."""
    scope, seen = _scope(draft), draft.change.saw_pauses
    if scope not in seen:
        # An operator's may come before the commit: then it is decided once more.
        seen[scope] = draft.ctx.pause(scope)
    if scope in draft.change.resumed:
        return None
    return next((one for one in draft.change.pauses if one.scope == scope), seen[scope])


def _stop(draft: Draft, replica: Replica, how: str, actor: str | None) -> None:
    if _stopped(draft) is not None:
        _ignore(draft, replica, "stop", how, actor, "it is paused already")
        return
    scope, reason = _scope(draft), f"{how} {PREFIX}stop"
    draft.change.resumed = [one for one in draft.change.resumed if one != scope]
    who = f"{_name(draft, replica, actor)} in {replica.system}"
    draft.change.pauses.append(Pause(scope, draft.ctx.now, who, reason, word=how))
    draft.audit("paused", source=replica.system, replica=replica, actor=actor, text=reason)


def _go(draft: Draft, replica: Replica, how: str, actor: str | None) -> None:
    pause = _stopped(draft)
    if pause is None or pause.word is None:
        why = "nothing stopped it" if pause is None else f"{pause.by} paused it"
        _ignore(draft, replica, "go", how, actor, why)
        return
    scope = _scope(draft)
    draft.change.pauses = [one for one in draft.change.pauses if one.scope != scope]
    draft.change.resumed.append(scope)
    draft.audit(
        "resumed",
        source=replica.system,
        replica=replica,
        actor=actor,
        text=f"{how} {PREFIX}{'stop taken away' if how == 'tag' else 'go'}",
    )
    for one in draft.share.replicas:
        draft.deliver(one)


def _retry(draft: Draft, replica: Replica, how: str, actor: str | None) -> None:
    """Only what is parked: what agrees to differ, or awaits a plan, needs more than a word."""
    parked = {
        one.id: draft.waiting_groups(one, {GroupState.PARKED}) for one in draft.share.replicas
    }
    if not any(parked.values()):
        _ignore(draft, replica, "retry", how, actor, "nothing is parked")
        return
    for one in draft.share.replicas:
        if not parked[one.id]:
            continue
        revive(draft.share, draft.change, one, parked[one.id], draft.ctx.now)
        draft.audit(
            "replayed",
            source=replica.system,
            replica=one,
            actor=actor,
            why=f"{how} {PREFIX}retry in {replica.system}",
            text=", ".join(parked[one.id]),
        )


def _ignore(
    draft: Draft, replica: Replica, word: Word, how: str, actor: str | None, why: str
) -> None:
    draft.audit(
        "order_ignored",
        source=replica.system,
        replica=replica,
        actor=actor,
        why=why,
        text=f"{how} {PREFIX}{word}",
    )


def _name(draft: Draft, replica: Replica, actor: str | None) -> str:
    key = draft.ctx.people.key(replica.system, actor) if actor is not None else None
    return draft.ctx.people.display(key) if key is not None else actor or "somebody"
