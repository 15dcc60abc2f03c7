"""What proves afterwards what happened, and how long it is kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from sdsync.config.settings import Settings
from sdsync.config.units import render_duration
from sdsync.config.values import FilePath, Seconds, Secret, unfit

_DAY_S = 86_400.0
#: Screens and the count of what is gone look back a day; the trail is kept for a week at least.
_LEAST_S = {"audit_s": 7 * _DAY_S}


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


class RetentionConfig(Settings):
    """How long it is kept; what is left out is kept for ever."""

    audit_s: Seconds | None = Field(
        default=None,
        validation_alias="audit",
        description="Records of the audit trail; a signed checkpoint stays where they end.",
    )
    values_s: Seconds | None = Field(
        default=None,
        validation_alias="values",
        description="What fields held before and after, in the trail and in the history of "
        "records; who changed what, when and why stays.",
    )
    letters_s: Seconds | None = Field(
        default=None,
        validation_alias="letters",
        description="Causes of dead letters and of what was held, since they were closed.",
    )
    plans_s: Seconds | None = Field(
        default=None, validation_alias="plans", description="Plans that are over, with their lines."
    )
    events_s: Seconds | None = Field(
        default=None,
        validation_alias="events",
        description="Webhooks and what feeds reported, as they came in.",
    )
    apply: Literal["by hand", "nightly"] = Field(
        default="by hand",
        description="nightly: a plan is made and carried out each night, in the name of this file.",
    )

    @field_validator("audit_s", "values_s", "letters_s", "plans_s", "events_s")
    @classmethod
    def _long_enough(cls, seconds: float | None, info: ValidationInfo) -> float | None:
        least_s = _LEAST_S.get(info.field_name or "", _DAY_S)
        if seconds is not None and seconds < least_s:
            raise unfit(f"at least {render_duration(least_s)}")
        return seconds

    def kept(self) -> dict[str, float]:
        """What is not kept for ever -> seconds, in the order in which it is removed."""
        every = {
            "audit": self.audit_s,
            "values": self.values_s,
            "letters": self.letters_s,
            "plans": self.plans_s,
            "events": self.events_s,
        }
        return {name: seconds for name, seconds in every.items() if seconds is not None}
