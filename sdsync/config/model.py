"""The settings as everybody reads them: frozen, complete, with every default.

The attribute names are the house's; the words of the file are their aliases
where they differ (``poll = "10s"`` is ``poll_s``). ``load`` makes a
:class:`Config` from a file, tests make one in code.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import (
    Field,
    PrivateAttr,
    StrictBool,
    StrictInt,
    StrictStr,
    field_validator,
)

from sdsync.config.alarms import AlarmsConfig
from sdsync.config.evidence import AuditConfig, RetentionConfig
from sdsync.config.places import Place
from sdsync.config.problems import KeyPath, one_of, show
from sdsync.config.settings import Settings
from sdsync.config.tables import Table
from sdsync.config.values import (
    BrokerAddress,
    FilePath,
    Options,
    PutValue,
    Seconds,
    Secret,
    Size,
    StoreAddress,
    Url,
    unfit,
)
from sdsync.config.vocabulary import GROUPS, group_of, is_field

#: Seconds that the oldest unsent change of a priority may wait before it alarms.
LAGS: Mapping[str, float] = {"P1": 30.0, "P2": 120.0, "P3": 600.0, "P4": 1800.0, "P5": 3600.0}


class StoreConfig(Settings):
    """Where everything is kept."""

    url: StoreAddress | None = Field(
        default=None, description="The database; left out: SQLite beside this file."
    )
    key: Secret | None = Field(
        default=None,
        description="The key that what is kept is encrypted with; left out: one beside it.",
    )


class BrokerConfig(Settings):
    """The doorbell between processes."""

    url: BrokerAddress | None = Field(
        default=None, description="RabbitMQ or Redis; left out: bells ring within the process."
    )


class ServerConfig(Settings):
    """Where webhooks, health and metrics are served."""

    host: StrictStr = Field(default="127.0.0.1", description="The address that it listens on.")
    port: StrictInt = Field(
        default=8080, ge=1, le=65_535, description="The port that it listens on."
    )


class LogConfig(Settings):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important lines that are written."
    )
    format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto: text on a terminal, JSON elsewhere."
    )


class PlaceConfig(Settings):
    """What a queue or project means beyond its product."""

    tenant: StrictStr | None = Field(
        default=None, description="Whose records these are; a wall to every other tenant."
    )
    audience: Literal["public", "customer", "internal", "team", "restricted"] | None = Field(
        default=None, description="Who reads a note that is written here without a flag."
    )


class SystemConfig(Settings):
    """One instance of a product."""

    derived: ClassVar[frozenset[str]] = frozenset({"name", "worklogs"})

    name: StrictStr = Field(description="The table's own name.")
    worklogs: bool = Field(
        default=False, description="Whether a sync copies the work that is logged there."
    )
    connector: StrictStr = Field(
        min_length=1, description='Which product it is, such as "request_tracker" or "redmine".'
    )
    url: Url = Field(description="The address of the product.")
    token: Secret | None = Field(
        default=None, description="The credential of our account, by reference."
    )
    webhook: Secret | None = Field(
        default=None, description="The secret that its webhooks are signed with, by reference."
    )
    poll_s: Seconds = Field(
        default=10.0, validation_alias="poll", description="How often it is asked for changes."
    )
    calls_at_once: StrictInt = Field(
        default=2, ge=1, le=64, description="Calls that may be under way together."
    )
    per_minute: StrictInt | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Calls a minute at most; left out: what it bears.",
    )
    deadline_s: Seconds = Field(
        default=10.0,
        validation_alias="deadline",
        description="When a call is given up; its outcome is then unknown.",
    )
    mapping: StrictStr | None = Field(
        default=None,
        description="The mapping; left out: the one of the system's name, else the pack's.",
    )
    people: StrictStr | None = Field(
        default=None, description="The table that joins its accounts with people."
    )
    teams: StrictStr | None = Field(
        default=None, description="The table that joins its groups with teams."
    )
    places: dict[str, PlaceConfig] = Field(
        default_factory=dict, description="What its queues or projects mean, by their own names."
    )
    options: Options = Field(default_factory=dict, description="The connector's own settings.")
    impersonate: StrictBool = Field(
        default=False,
        description="Whether notes are written in their authors' names, where the product lets us.",
    )
    insecure_until: date | None = Field(
        default=None,
        description="A waiver: until this day http:// and unproved certificates are borne.",
    )
    insecure_reason: StrictStr | None = Field(
        default=None,
        min_length=1,
        description="Why there is a waiver; it goes into the audit trail.",
    )


class SyncConfig(Settings):
    """Which records share a life, where new ones are born, who owns which field."""

    derived: ClassVar[frozenset[str]] = frozenset({"name", "systems", "take", "put"})

    name: StrictStr = Field(description="The table's own name.")
    mode: Literal["observe", "live"] = Field(
        default="observe", description="observe does everything but write."
    )
    systems: tuple[StrictStr, ...] = Field(
        default=(), strict=False, description="The systems, in the order written."
    )
    take: dict[str, StrictStr] = Field(
        default_factory=dict, description="What enters, per system: an expression."
    )
    put: dict[str, dict[str, PutValue]] = Field(
        default_factory=dict, description="Where and as what a new one is born, per system."
    )
    fields: dict[str, StrictStr] = Field(
        default_factory=dict, description="Who owns a field group, where it differs from the pack."
    )
    match: tuple[StrictStr, ...] = Field(
        default=(),
        strict=False,
        description="Fields by which an existing record is joined, not made anew.",
    )
    notes: Literal["internal", "as written"] = Field(
        default="internal", description="How notes arrive on the other side."
    )
    worklogs: Literal["none", "copy"] = Field(
        default="none", description="Whether work that people log is copied, entry by entry."
    )
    closes: Literal["birth", "any"] = Field(
        default="birth", description="Who may close: the side of birth, or any."
    )
    on_refused: Literal["keep", "revert"] = Field(
        default="keep", description="What is done about an edit that its system may not make."
    )
    on_delete: Literal["hold", "close", "archive", "unlink"] = Field(
        default="hold", description="What is done when the other side deletes."
    )
    on_leave: Literal["finish", "freeze", "unlink"] = Field(
        default="finish", description="What is done when a record leaves every take."
    )
    delete_limit: int = Field(
        default=20,
        ge=1,
        description="More records of a system that are gone within an hour wait for a person.",
    )
    delete_limit_percent: float = Field(
        default=10.0,
        gt=0,
        le=100,
        description="The same in percent of its shared records; five may always go.",
    )
    mail: Literal["none", "staff", "customers"] | None = Field(
        default=None,
        description="Who may be mailed by what sdsync writes; left out: staff, and only when a "
        "person changed something.",
    )
    file_limit_bytes: Size = Field(
        default=10_000_000,
        validation_alias="file_limit",
        description="A larger file becomes a link.",
    )
    owner_silent_s: Seconds = Field(
        default=900.0,
        validation_alias="owner_silent",
        description="After this long unread, an owner is silent.",
    )

    @field_validator("fields")
    @classmethod
    def _by_group(cls, fields: dict[str, str]) -> dict[str, str]:
        """A member of a group means its group."""
        by_group: dict[str, str] = {}
        for name, policy in fields.items():
            if not is_field(name) and name not in GROUPS:
                raise unfit(f"fields or groups, and {name} is none")
            if by_group.setdefault(group_of(name), policy) != policy:
                raise unfit(f"one policy for the group {group_of(name)}")
        return by_group


class Config(Settings):
    """Everything that ``sdsync.toml`` says, and the defaults for what it does not."""

    derived: ClassVar[frozenset[str]] = frozenset({"path"})

    path: Path = Field(description="The file; relative paths start from its folder.")
    store: StoreConfig = Field(default_factory=StoreConfig, description="The store.")
    broker: BrokerConfig = Field(default_factory=BrokerConfig, description="The broker.")
    server: ServerConfig = Field(default_factory=ServerConfig, description="The server.")
    log: LogConfig = Field(default_factory=LogConfig, description="The log.")
    audit: AuditConfig = Field(default_factory=AuditConfig, description="The audit trail.")
    retention: RetentionConfig = Field(default_factory=RetentionConfig, description="Retention.")
    lag: dict[str, Seconds] = Field(
        default_factory=lambda: dict(LAGS),
        description="Alarm when the oldest unsent change of a priority, P1 to P5, is older.",
    )
    alarms: AlarmsConfig = Field(
        default_factory=AlarmsConfig, description="Who is told that something needs a person."
    )
    tables: dict[str, FilePath] = Field(
        default_factory=dict, description="CSV files; the first column is the key."
    )
    systems: dict[str, SystemConfig] = Field(
        default_factory=dict, description="The instances of products."
    )
    syncs: dict[str, SyncConfig] = Field(
        default_factory=dict, description="What is kept in step with what."
    )

    _places: Mapping[KeyPath, Place] = PrivateAttr(default_factory=dict)
    _tables: Mapping[str, Table] = PrivateAttr(default_factory=dict)

    @field_validator("lag")
    @classmethod
    def _of_all_priorities(cls, value: dict[str, float]) -> dict[str, float]:
        """What is not said of a priority keeps its default."""
        if extra := next((key for key in value if key not in LAGS), None):
            raise unfit(f"{one_of(LAGS)}", found=show(extra))
        return {**LAGS, **value}

    def located(self, places: Mapping[KeyPath, Place], tables: Mapping[str, Table]) -> Self:
        """The same settings, knowing where each stands; ``load`` calls it once."""
        self._places = places
        self._tables = tables
        return self

    def place(self, *path: str | int) -> Place | None:
        """Where a setting stands, by its path in this model; None: a default.

        An expression of ``desk.take`` is at ``("syncs", NAME, "take", "desk")``,
        a value of ``dev.put`` at ``("syncs", NAME, "put", "dev", KEY)``.
        """
        return self._places.get(path)

    def table(self, name: str) -> Table:
        """The rows of a declared table, as read when the file was loaded.

        Raises:
            KeyError: No such table is declared.
        """
        return self._tables[name]
