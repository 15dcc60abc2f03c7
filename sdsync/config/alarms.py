"""``[alarms]``: who is told that something needs a person, and how soon."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, StrictStr, model_validator

from sdsync.config.settings import Settings
from sdsync.config.values import MailAddress, Seconds, Secret, Size, WebAddress, is_local, unfit

#: The ports that mail is handed in at, by how it is protected.
PORTS = {"starttls": 587, "tls": 465, "none": 25}


class WebhookConfig(Settings):
    """A webhook of alarms."""

    url: WebAddress = Field(
        description="Where each alarm is posted as JSON; an address with a token in it is a "
        "secret, by reference."
    )
    secret: Secret = Field(
        description="The secret that each is signed with, as Standard Webhooks has it."
    )


class MailConfig(Settings):
    """Mail of alarms."""

    server: StrictStr = Field(
        min_length=1, pattern=r"^[A-Za-z0-9._:-]+$", description="The mail server."
    )
    port: Annotated[StrictInt, Field(ge=1, le=65_535)] | None = Field(
        default=None, description="Its port; left out: 587, of tls 465, of none 25."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is protected."
    )
    user: StrictStr | None = Field(default=None, description="Our account there; it may need none.")
    password: Secret | None = Field(default=None, description="Its password, by reference.")
    sender: MailAddress = Field(validation_alias="from", description="Whom it comes from.")
    to: tuple[MailAddress, ...] = Field(
        strict=False, min_length=1, max_length=20, description="Whom it goes to."
    )

    @property
    def at_port(self) -> int:
        """The port, as written or as usual."""
        return self.port or PORTS[self.security]

    @model_validator(mode="after")
    def _password_over_tls(self) -> Self:
        """A password never goes out in clear, save within this machine."""
        if (self.user is None) != (self.password is None):
            raise unfit("user and password, or neither", found="one of them")
        if self.password is not None and self.security == "none" and not is_local(self.server):
            raise unfit('security = "starttls" or "tls" for a password', found='"none"')
        return self


class HeartbeatConfig(Settings):
    """The dead man's switch."""

    url: WebAddress = Field(description="What is asked for as long as all works.")
    every_s: Seconds = Field(
        default=60.0, validation_alias="every", description="How often it is asked for."
    )


class AlarmsConfig(Settings):
    """Who is woken, and how soon."""

    settle_s: Seconds = Field(
        default=15.0,
        validation_alias="settle",
        description="What lasts shorter wakes nobody, and what comes back sooner is not over.",
    )
    held_s: Seconds = Field(
        default=14_400.0,
        validation_alias="held",
        description="Alarm when a conflict is held for longer.",
    )
    store_free_bytes: Size = Field(
        default=200_000_000,
        validation_alias="store_free",
        description="Alarm when the store's disk has less left.",
    )
    webhook: WebhookConfig | None = Field(default=None, description="Alarms by webhook.")
    mail: MailConfig | None = Field(default=None, description="Alarms by mail.")
    heartbeat: HeartbeatConfig | None = Field(
        default=None, description="An address that is asked for as long as all works."
    )
