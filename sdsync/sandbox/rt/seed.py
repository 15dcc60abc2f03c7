"""The desk as it stands on the first day."""

from __future__ import annotations

from sdsync.sandbox import accounts
from sdsync.sandbox.rt.state import NOBODY, ROLES, SYSTEM, CustomField, Group, Queue, RtState, User

TAGS = "sdsync tags"
MARK = "sdsync mark"
PEER = "sdsync peer"


def seed(state: RtState) -> None:
    """Fill an empty state."""
    _users(state)
    state.keep_queue(Queue(1, "General", "The default queue"))
    state.keep_queue(Queue(2, "Escalated", "What the second line works on"))
    state.keep_field(CustomField(1, MARK, description="Correlation mark of sdsync"))
    state.keep_field(CustomField(2, TAGS, max_values=0, description="Tags of sdsync"))
    state.keep_field(CustomField(3, PEER, description="Key and link of the other side"))
    state.keep_field(
        CustomField(4, "Environment", "Select", values=["Production", "Staging", "Test"])
    )
    for number, name in enumerate(("Everyone", "Privileged", "Unprivileged"), 3):
        state.keep_group(Group(number, name, domain="SystemInternal"))
    for number, role in enumerate(ROLES, 10):
        state.keep_group(Group(number, role, domain="RT::Queue-Role"))
    agents = [one.login for one in accounts.STAFF if one.desk]
    state.keep_group(Group(100, "Agents", agents))
    state.keep_group(Group(101, "Second line", ["malik", "tomas"]))


def _users(state: RtState) -> None:
    state.keep_user(User(1, SYSTEM, "", "The RT System itself", superuser=True))
    state.keep_user(User(6, NOBODY, "", "Nobody in particular"))
    token = "root-token"  # noqa: S105 - of the sandbox alone
    state.keep_user(
        User(14, "root", "root@localhost", "Enoch Root", True, token=token, superuser=True)
    )
    state.keep_user(
        User(20, accounts.SERVICE_LOGIN, accounts.SERVICE_EMAIL, "sdsync", True,
             token=accounts.DESK_TOKEN)
    )  # fmt: skip
    for number, one in enumerate(accounts.STAFF, 30):
        if one.desk:
            state.keep_user(User(number, one.login, one.email, one.name, True, token=one.token))
