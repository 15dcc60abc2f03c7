"""What a ticket's history is made of: transactions, messages, files, people."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.sandbox.call import Json, text
from sdsync.sandbox.rt.state import Attachment, RtState, Ticket, Transaction, User, next_id
from sdsync.sandbox.rt.values import decoded, many

Data = Mapping[str, Json]


class History:
    """Writes transactions and attachments."""

    def __init__(self, state: RtState) -> None:
        self._state = state
        self._world = state.world

    def person(self, key: str) -> str:
        """The login behind a login or address; an unknown address becomes a user (M5).

        A bare number is a principal's, so of a group too: ``group:101``.
        """
        if key.isdigit() and self._state.group(f"group:{key}"):
            return f"group:{key}"
        user = self._state.user(key)
        if user is None:
            user = self._state.keep_user(User(next_id(self._state.users), key, key, ""))
        return user.name

    def note(
        self, ticket: Ticket, kind: str, by: str, field: str | None = None, old: str | None = None,
        new: str | None = None, data: str | None = None,
    ) -> Transaction:  # fmt: skip
        """Write one line of history; the ticket was changed now."""
        now = self._world.stamp()
        ticket.updated, ticket.updated_by = now, by
        id_ = next_id(self._state.transactions)
        return self._state.keep_transaction(
            Transaction(id_, ticket.id, kind, by, now, field, old, new, data)
        )

    def attach(self, transaction: Transaction, subject: str, data: Data) -> None:
        """Hang a message and its files on a transaction."""
        files = [one for one in many(data.get("Attachments")) if isinstance(one, dict)]
        content, kind = data.get("Content"), text(data.get("ContentType") or "text/plain")
        parent = 0
        if files:
            parent = self._part(transaction, 0, subject, None, "multipart/mixed", b"").id
        if content is not None:
            titled = "" if parent else subject
            self._part(transaction, parent, titled, None, kind, text(content).encode())
        elif not files:
            self._part(transaction, 0, subject, None, "application/octet-stream", b"")
        for one in files:
            name = text(one["FileName"]).rpartition("/")[2]
            part = self._part(transaction, parent, "", name, text(one["FileType"]),
                              decoded(text(one["FileContent"])))  # fmt: skip
            if "ContentId" in one:  # as mail names an image that its text shows
                part.headers += f"Content-ID: <{text(one['ContentId'])}>\n"

    def _part(
        self, transaction: Transaction, parent: int, subject: str, filename: str | None, kind: str,
        content: bytes,
    ) -> Attachment:  # fmt: skip
        headers = f"Subject: {subject}\nContent-Type: {kind}\nContent-Length: {len(content)}\n"
        return self._state.keep_attachment(
            Attachment(next_id(self._state.attachments), transaction.id, parent, subject, filename,
                       kind, content, transaction.creator, transaction.created, headers)
        )  # fmt: skip

    def number(self, login: str) -> str:
        """A user\'s number, as the history names people."""
        user = self._state.user(login)
        return str(user.id) if user else login.removeprefix("group:")
