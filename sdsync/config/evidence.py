"""What proves afterwards what happened: the settings of the audit trail."""

from __future__ import annotations

from pydantic import Field

from sdsync.config.settings import Settings
from sdsync.config.values import FilePath, Seconds, Secret


class AuditConfig(Settings):
    """How the audit trail is signed and anchored."""

    sign: Secret | None = Field(
        default=None,
        description="The Ed25519 key, as PEM, that exports are signed with, by reference.",
    )
    anchor: FilePath | None = Field(
        default=None,
        description="A file where the trail's head is noted: best where nobody who can change "
        "the store can write.",
    )
    anchor_every_s: Seconds = Field(
        default=3600.0, validation_alias="anchor_every", description="How often it is noted there."
    )
