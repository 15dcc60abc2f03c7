"""What was edited since the daemon started is told by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdsync.config.load import load
from sdsync.server.health import Health
from sdsync.server.started import changed, files_of
from tests.unit.cli import scenes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text("key,desk\nann,a1\n", encoding="utf-8")
    toml = f'tables.people = "people.csv"\n{scenes.TOML}'
    (tmp_path / "sdsync.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "dev-ticket.yaml").write_text("fields: {}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["sdsync.toml", "mappings/dev-ticket.yaml", "people.csv"])
def test_a_file_that_was_edited_is_named(folder: Path, name: str) -> None:
    config = load(folder / "sdsync.toml")
    before = files_of(config)
    assert changed(before, files_of(config)) == ()

    with (folder / name).open("a", encoding="utf-8") as file:
        file.write("\n")

    assert changed(before, files_of(config)) == (name,)


def test_files_that_came_and_went_are_named(folder: Path) -> None:
    config = load(folder / "sdsync.toml")
    before = files_of(config)

    (folder / "mappings" / "desk-note.yaml").write_text("fields: {}\n", encoding="utf-8")
    (folder / "mappings" / "dev-ticket.yaml").unlink()
    (folder / "people.csv").unlink()

    assert changed(before, files_of(config)) == (
        "mappings/desk-note.yaml", "mappings/dev-ticket.yaml", "people.csv",
    )  # fmt: skip


def test_a_touched_file_has_not_changed(folder: Path) -> None:
    config = load(folder / "sdsync.toml")
    before = files_of(config)

    (folder / "sdsync.toml").touch()

    assert changed(before, files_of(config)) == ()


def test_health_tells_the_files_that_are_in_force() -> None:
    health = Health({}, version="1", files={"sdsync.toml": "4d45"})

    assert health.alive()["files"] == {"sdsync.toml": "4d45"}
    health.stop()
