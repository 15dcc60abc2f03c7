"""What all tables of settings have in common."""

from __future__ import annotations

import os
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

# A plugin would see every value of the settings, secrets too; and to look for one
# reads the metadata of all that is installed, for each command anew.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "1"


class Settings(BaseModel):
    """Frozen and strict; an unknown key is refused, and no error holds what was given."""

    model_config = ConfigDict(
        defer_build=True,  # once, as part of the whole, and not each for itself
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
        arbitrary_types_allowed=True,
    )

    #: Attributes that are no keys of the file.
    derived: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def file_keys(cls) -> tuple[str, ...]:
        """The keys that the file may have here, in the order of the model."""
        return tuple(
            str(field.validation_alias or name)
            for name, field in cls.model_fields.items()
            if name not in cls.derived
        )
