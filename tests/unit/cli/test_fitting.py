"""What the files name is compared with what a system tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from sdsync.cli import translators
from sdsync.cli.fitting import misfits
from sdsync.config.load import load, load_text
from sdsync.config.model import Config
from sdsync.connectors.contract import Account, Description, FieldInfo, PlaceInfo
from tests.unit.cli import scenes

TRACKERS = ("Bug", "Feature", "Support")
FIELDS = {
    "tracker": FieldInfo("tracker", TRACKERS),
    "status": FieldInfo(
        "status", ("New", "In Progress", "Feedback", "Resolved", "Closed", "Rejected")
    ),
    "priority": FieldInfo("priority", ("Low", "Normal", "High", "Urgent", "Immediate")),
}


def project(key: str, *, may_create: bool = True, archived: bool = False) -> PlaceInfo:
    return PlaceInfo(key, key, may_create=may_create, archived=archived, fields=FIELDS)


def said(*places: PlaceInfo) -> Description:
    account = Account("1", "sdsync", "sdsync")
    return Description("Product", "5", "id", account, scenes.NOW, {one.key: one for one in places})


def told(config: Config, system: str, description: Description) -> list[str]:
    mapping = translators.tickets(config).get(system)
    return [str(one) for one in misfits(config, system, description, mapping)]


def with_text(old: str, new: str) -> Config:
    assert old in scenes.TOML
    return load_text(scenes.TOML.replace(old, new), path=Path("sdsync.toml"))


def test_a_pair_that_fits_has_nothing_to_tell() -> None:
    config = scenes.config()

    assert told(config, "desk", said(project("Escalated"))) == []
    assert told(config, "dev", said(project("infra"), project("web"))) == []


def test_a_queue_that_no_take_can_meet_is_told_at_its_own_column() -> None:
    config = with_text('queue == "Escalated"', 'queue == "Escalatd"')

    assert told(config, "desk", said(project("Escalated"), project("General"))) == [
        (
            'sdsync.toml:12:23: syncs.escalations.desk.take: found "Escalatd", '
            'expected a place that our account sees; did you mean "Escalated"?'
        )
    ]


@pytest.mark.parametrize(
    "take",
    [
        '"Escalatd" == queue',
        'queue in ["General", "Escalatd"]',
        'title == "x" || !(project != "Escalatd")',
        'has(title) ? place == "Escalatd" : false',
    ],
)
def test_a_place_is_found_wherever_an_expression_compares_one(take: str) -> None:
    config = with_text('queue == "Escalated"', take)

    found = told(config, "desk", said(project("Escalated"), project("General")))

    assert len(found) == 1
    assert '"Escalatd"' in found[0]


def test_a_text_that_is_compared_with_another_field_is_no_place() -> None:
    config = with_text('queue == "Escalated"', 'title == "Escalatd"')

    assert told(config, "desk", said(project("Escalated"))) == []


def test_a_project_out_of_reach_is_told_with_those_that_there_are() -> None:
    found = told(scenes.config(), "dev", said(project("billing"), project("web")))

    assert found == [
        (
            'sdsync.toml:13:25: syncs.escalations.dev.put.project: found "infra", '
            "expected a place that our account sees: billing or web"
        )
    ]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (project("infra", may_create=False), 'our account may not create in "infra"'),
        (project("infra", archived=True), '"infra" is archived or closed'),
    ],
)
def test_a_project_that_takes_nothing_is_told_at_its_line(place: PlaceInfo, text: str) -> None:
    assert told(scenes.config(), "dev", said(place)) == [
        f"sdsync.toml:13:25: syncs.escalations.dev.put.project: {text}"
    ]


def test_a_value_of_put_that_the_mapping_cannot_say_is_told() -> None:
    config = with_text('type = "bug"', 'type = "bgu"')
    pack = (resources.files("sdsync") / "mappings/packs/redmine/ticket.yaml").read_text("utf-8")
    line = pack.splitlines().index("  type:") + 1

    assert told(config, "dev", said(project("infra"))) == [
        (
            'sdsync.toml:13:41: syncs.escalations.dev.put.type: "bgu": the table has no entry for '
            f'"bgu"; did you mean "bug"? (packs/redmine/ticket.yaml:{line}:3)'
        )
    ]


def test_a_value_of_put_that_the_project_lacks_is_told() -> None:
    fields = {**FIELDS, "tracker": FieldInfo("tracker", ("Feature",))}
    place = PlaceInfo("infra", "1", fields=fields)

    assert told(scenes.config(), "dev", said(place)) == [
        (
            'sdsync.toml:13:41: syncs.escalations.dev.put.type: "bug" is written as "Bug", '
            'none of the values of tracker in "infra": Feature'
        )
    ]


def test_an_expression_of_put_waits_for_its_record() -> None:
    config = with_text('project = "infra"', 'project = "= tenant"')

    assert told(config, "dev", said(project("web"))) == []


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str], Config]:
    """The desk with a mapping file of its own for dev."""

    def made(mapping: str) -> Config:
        (tmp_path / "mappings").mkdir()
        (tmp_path / "mappings" / "dev-ticket.yaml").write_text(mapping, encoding="utf-8")
        (tmp_path / "sdsync.toml").write_text(scenes.TOML, encoding="utf-8")
        return load(tmp_path / "sdsync.toml")

    return made


def test_words_of_a_mapping_that_the_project_lacks_are_told(
    site: Callable[[str], Config],
) -> None:
    config = site(
        "extends: redmine/ticket\n"
        "fields:\n"
        "  priority:\n"
        "    at: priority\n"
        "    table: { critical: Immediate, high: [High, Urgnt], normal: Normal, low: Low }\n"
        "    also: { lowest: Low }\n"
        "  status:\n"
        "    at: status\n"
        "    table: { new: New, waiting: Waiting for customer, closed: Closed }\n"
        "    also: { triage: New, in_progress: New, resolved: Closed, cancelled: Closed }\n"
    )

    assert told(config, "dev", said(project("infra"))) == [
        (
            'mappings/dev-ticket.yaml:7:3: fields.status: "Waiting for customer" is none of the '
            'values of status in "infra": Closed, Feedback, In Progress, New, Rejected or Resolved'
        ),
        (
            'mappings/dev-ticket.yaml:3:3: fields.priority: "Urgnt" is none of the values of '
            'priority in "infra"; did you mean "Urgent"?'
        ),
    ]


def test_a_further_word_that_is_only_read_may_be_another_sites(
    site: Callable[[str], Config],
) -> None:
    config = site(
        "extends: redmine/ticket\n"
        "fields:\n"
        "  priority:\n"
        "    at: priority\n"
        "    table: { critical: [Immediate, Blocker], high: [High, Urgent], normal: Normal,\n"
        "             low: Low }\n"
        "    also: { lowest: Low }\n"
    )

    assert told(config, "dev", said(project("infra"))) == []
