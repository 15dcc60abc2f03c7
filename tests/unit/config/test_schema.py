"""The JSON Schema for editors speaks the file's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sdsync.config.model import Config, SyncConfig, SystemConfig
from sdsync.config.schema import json_schema


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json_schema()["$defs"][name]["properties"]
    return found


def test_it_is_json_and_bears_the_file_s_name() -> None:
    assert json.loads(json.dumps(json_schema()))["title"] == "sdsync.toml"


@pytest.mark.parametrize("model", [SystemConfig, SyncConfig])
def test_it_has_the_keys_of_the_file_and_no_others(
    model: type[SystemConfig] | type[SyncConfig],
) -> None:
    assert tuple(properties(model.__name__)) == model.file_keys()
    assert tuple(json_schema()["properties"]) == Config.file_keys()


def test_every_key_has_a_description() -> None:
    tables = [
        json_schema()["properties"],
        *(one["properties"] for one in json_schema()["$defs"].values()),
    ]

    bare = [key for table in tables for key, one in table.items() if "description" not in one]

    assert bare == []


def test_defaults_are_written_as_in_the_file() -> None:
    assert properties("SystemConfig")["poll"]["default"] == "10s"
    assert properties("SyncConfig")["file_limit"]["default"] == "10 MB"
    assert properties("SyncConfig")["owner_silent"]["default"] == "15m"
    assert json_schema()["properties"]["lag"]["properties"]["P1"]["default"] == "30s"


def test_it_asks_for_what_has_no_default() -> None:
    assert json_schema()["$defs"]["SystemConfig"]["required"] == ["connector", "url"]
    assert "required" not in json_schema()
    assert "null" not in json.dumps(json_schema())


def test_any_other_key_of_a_sync_is_a_side() -> None:
    sync = json_schema()["$defs"]["SyncConfig"]

    assert sync["additionalProperties"] == {"$ref": "#/$defs/Side"}
    assert set(properties("Side")) == {"take", "put"}
