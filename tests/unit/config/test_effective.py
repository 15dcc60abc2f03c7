"""What is in force, and where it comes from."""

from __future__ import annotations

import pytest

from sdsync.config.effective import Setting, effective
from sdsync.config.load import load_text

TEXT = """\
store.url = "env:SDSYNC_DB"
[systems.desk]
connector = "request_tracker"
url = "https://rt.example.org"
token = "env:RT_TOKEN"
poll = "90s"
[systems.desk.options]
password = "file:rt"
[systems.dev]
connector = "redmine"
url = "https://redmine.example.org"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put = { project = "infra", tags = ["a", "b"] }
file_limit = "5 MB"
[syncs.escalations.fields]
priority = "desk"
"""


def test_every_setting_tells_its_value_and_where_it_comes_from() -> None:
    settings = {one.key: (one.value, one.origin) for one in effective(load_text(TEXT))}

    expected = {
        "store.url": ('"env:SDSYNC_DB"', "sdsync.toml:1"),
        "store.key": ("-", "default"),
        "broker.url": ("in this process", "default"),
        "server.port": ("8080", "default"),
        "lag.P4": ('"30m"', "default"),
        "systems.desk.url": ('"https://rt.example.org"', "sdsync.toml:4"),
        "systems.desk.poll": ('"90s"', "sdsync.toml:6"),
        "systems.desk.deadline": ('"10s"', "default"),
        "systems.desk.options.password": ('"file:rt"', "sdsync.toml:8"),
        "syncs.escalations.desk.take": ("'queue == \"Escalated\"'", "sdsync.toml:13"),
        "syncs.escalations.dev.put.project": ('"infra"', "sdsync.toml:14"),
        "syncs.escalations.dev.put.tags": ('["a", "b"]', "sdsync.toml:14"),
        "syncs.escalations.mode": ('"observe"', "default"),
        "syncs.escalations.mail": ("staff, for a person's own change", "default"),
        "syncs.escalations.file_limit": ('"5 MB"', "sdsync.toml:15"),
        "syncs.escalations.owner_silent": ('"15m"', "default"),
        "syncs.escalations.fields.urgency": ('"desk"', "sdsync.toml:17"),
    }
    assert {key: settings.get(key) for key in expected} == expected


def test_no_key_is_told_twice_and_none_that_the_file_may_not_have() -> None:
    keys = [one.key for one in effective(load_text(TEXT))]

    assert len(keys) == len(set(keys))
    assert not [key for key in keys if key.endswith((".name", "_s", "_bytes")) or key == "path"]


def test_a_secret_is_its_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", "c0ffee")

    settings = list(effective(load_text(TEXT)))

    assert Setting("systems.desk.token", '"env:RT_TOKEN"', "sdsync.toml:5") in settings
    assert "c0ffee" not in repr(settings)
