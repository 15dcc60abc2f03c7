"""Whom the stock scrips of a queue mail: all that a write can surprise people with.

The actor is left out, except by the autoreply to the requestor, who may be the
actor. A mail is also a transaction (``EmailRecord``) of the ticket.
"""

from __future__ import annotations

from sdsync.sandbox.rt.state import NOBODY, RtState, Ticket, Transaction, next_id


def created(state: RtState, ticket: Ticket, by: str) -> None:
    """On Create: autoreply to requestors, notice to owner and AdminCcs."""
    _send(state, ticket, by, ticket.people["Requestor"], "AutoReply", spare_actor=False)
    _send(state, ticket, by, [ticket.owner, *ticket.people["AdminCc"]], "Notify Owner and AdminCcs")


def said(state: RtState, ticket: Ticket, by: str, *, public: bool) -> None:
    """On Correspond: requestors and Ccs, owner, AdminCcs; on Comment: AdminCcs."""
    staff = [ticket.owner, *ticket.people["AdminCc"]]
    if public:
        people = [*ticket.people["Requestor"], *ticket.people["Cc"]]
        _send(state, ticket, by, people, "Correspondence")
        _send(state, ticket, by, staff, "Admin Correspondence")
    else:
        _send(state, ticket, by, ticket.people["AdminCc"], "Admin Comment")


def resolved(state: RtState, ticket: Ticket, by: str) -> None:
    """On Resolve: requestors."""
    _send(state, ticket, by, ticket.people["Requestor"], "Resolved")


def owner_changed(state: RtState, ticket: Ticket, by: str) -> None:
    """On Owner Change: the new owner."""
    _send(state, ticket, by, [ticket.owner], "Owner Change")


def _send(
    state: RtState,
    ticket: Ticket,
    by: str,
    people: list[str],
    why: str,
    *,
    spare_actor: bool = True,
) -> None:
    users = state.people_of(people)
    to = [
        one
        for one in users
        if one.email and one.name != NOBODY and not (spare_actor and one.name == by)
    ]
    if not to:
        return
    for user in to:
        subject = f"[desk.example.org #{ticket.id}] {ticket.subject}"
        state.world.mail(user.email, subject, ticket.id, why, staff=user.privileged)
    kind = "CommentEmailRecord" if why == "Admin Comment" else "EmailRecord"
    state.keep_transaction(
        Transaction(next_id(state.transactions), ticket.id, kind, by, state.world.stamp())
    )
