"""Who is who in both sandboxes. Nothing here is a secret: loopback, made-up people."""

from __future__ import annotations

from dataclasses import dataclass

#: In the form of the product: its tokens bear the number of their user.
DESK_TOKEN = "1-20-sandbox"  # noqa: S105 - of the sandbox alone, printed on start
DEV_KEY = "dev-sandbox-key"

#: Secrets of signed webhooks, in the form of Standard Webhooks 1.0 (base64 of 32 bytes).
DESK_WEBHOOK_SECRET = "whsec_ZGVzay1zYW5kYm94LXdlYmhvb2stc2VjcmV0LTAwMDA="  # noqa: S105 - as above
DEV_WEBHOOK_SECRET = "whsec_ZGV2LXNhbmRib3gtd2ViaG9vay1zZWNyZXQtMDAwMDA="  # noqa: S105 - as above


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person who works in one or both sandboxes; the credential is ``LOGIN-token``."""

    login: str
    first: str
    last: str
    desk: bool = False  # an agent of the desk
    dev_role: str | None = None  # Manager, Developer or Reporter in the tracker

    @property
    def email(self) -> str:
        """The same address on both sides: by it people are matched."""
        return f"{self.login}@example.org"

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    @property
    def token(self) -> str:
        """Token of the desk and API key of the tracker."""
        return f"{self.login}-token"


STAFF: tuple[Somebody, ...] = (
    Somebody("nora", "Nora", "Vance", desk=True, dev_role="Reporter"),
    Somebody("malik", "Malik", "Osei", desk=True, dev_role="Developer"),
    Somebody("irina", "Irina", "Pavel", dev_role="Manager"),
    Somebody("tomas", "Tomas", "Lind", desk=True, dev_role="Developer"),
)

#: Customers write mails: they have an address and no account of their own at first.
CUSTOMERS: tuple[tuple[str, str], ...] = (
    ("Greta Holm", "greta@customer.example"),
    ("Paul Adeyemi", "paul@customer.example"),
    ("Sofia Ruiz", "sofia@customer.example"),
)

SERVICE_LOGIN = "sdsync"
SERVICE_EMAIL = "sdsync@example.org"
#: A second service account of the tracker, with the stock Reporter role and no admin rights.
LIMITED_LOGIN = "limited"
LIMITED_KEY = "limited-sandbox-key"
#: The tracker's administrator: may list users, groups and custom fields.
ADMIN_KEY = "admin-sandbox-key"
