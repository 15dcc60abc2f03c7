"""The JSON Schema of ``sdsync.toml``, for editors: made from the model, in the file's words."""

from __future__ import annotations

from typing import Any

from sdsync.config.alarms import AlarmsConfig, HeartbeatConfig, MailConfig, WebhookConfig
from sdsync.config.evidence import AuditConfig, RetentionConfig
from sdsync.config.model import (
    LAGS,
    BrokerConfig,
    Config,
    LogConfig,
    PlaceConfig,
    ServerConfig,
    StoreConfig,
    SyncConfig,
    SystemConfig,
)
from sdsync.config.settings import Settings
from sdsync.config.units import SIZES, render_duration, render_size
from sdsync.config.vocabulary import POLICIES

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_MODELS: dict[str, type[Settings]] = {
    model.__name__: model
    for model in (
        StoreConfig,
        BrokerConfig,
        ServerConfig,
        LogConfig,
        AuditConfig,
        AlarmsConfig,
        WebhookConfig,
        MailConfig,
        HeartbeatConfig,
        RetentionConfig,
        PlaceConfig,
        SystemConfig,
        SyncConfig,
    )
}

_SIDE: dict[str, Any] = {
    "type": "object",
    "description": "A system of this sync: what enters from it, and what is born in it.",
    "additionalProperties": False,
    "properties": {
        "take": {"type": "string", "description": "What enters: an expression."},
        "put": {
            "type": "object",
            "description": 'Where and as what a new one is born; "= …" is an expression.',
        },
    },
}


def json_schema() -> dict[str, Any]:
    """The schema. It is looser than ``load``: names and expressions are not checked."""
    made = Config.model_json_schema(by_alias=True, mode="validation")
    definitions: dict[str, Any] = made["$defs"]
    _in_words_of_the_file(made, Config)
    for name, model in _MODELS.items():
        _in_words_of_the_file(definitions[name], model)
    definitions["SyncConfig"]["additionalProperties"] = {"$ref": "#/$defs/Side"}
    definitions["Side"] = _SIDE
    fields = definitions["SyncConfig"]["properties"]["fields"]
    fields["description"] += (
        f" One of {', '.join(POLICIES)}, or a system's name: it owns the group."
    )
    _lag(made["properties"]["lag"])
    return {"$schema": DIALECT, **made, "title": "sdsync.toml"}


def _in_words_of_the_file(definition: dict[str, Any], model: type[Settings]) -> None:
    """Without what only the model has, and without null, which TOML has not."""
    properties: dict[str, Any] = definition["properties"]
    for name in model.derived:
        properties.pop(name, None)
    required = [name for name in definition.pop("required", ()) if name not in model.derived]
    if required:
        definition["required"] = required
    for name, one in properties.items():
        for member in one.pop("anyOf", ()):
            one.update(member if member != {"type": "null"} else {})
        if one.get("default", 0) is None:
            del one["default"]
        if isinstance(one.get("default"), int | float) and one["type"] == "string":
            write = render_size if name in SIZES else render_duration
            one["default"] = write(one["default"])


def _lag(definition: dict[str, Any]) -> None:
    duration = definition.pop("additionalProperties")
    definition["properties"] = {
        name: {**duration, "default": render_duration(lag)} for name, lag in LAGS.items()
    }
    definition["additionalProperties"] = False
