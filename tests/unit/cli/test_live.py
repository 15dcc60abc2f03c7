"""What a look at a system tells before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sdsync.cli import translators
from sdsync.cli.fitting import places_of
from sdsync.cli.looks import live
from sdsync.cli.page import plain
from sdsync.cli.probing import Probe
from sdsync.cli.screens import live as screen
from sdsync.config.model import Config
from sdsync.connectors import registry
from sdsync.connectors.contract import Account, Description, FieldInfo, PlaceInfo
from sdsync.connectors.preparing import Point, Stand, Survey
from tests.unit.cli import scenes
from tests.unit.cli.test_fitting import with_text

STATUSES = ("New", "In Progress", "Feedback", "Resolved", "Closed", "Rejected")
EVERY_WAY = {one: tuple(other for other in STATUSES if other != one) for one in STATUSES}


def said(version: str = "5.0.4", *places: PlaceInfo, ahead_s: float = 0.0) -> Description:
    account, clock = Account("1", "sdsync", "sdsync"), scenes.NOW + timedelta(seconds=ahead_s)
    shown = {one.key: one for one in places or (PlaceInfo("infra", "1"),)}
    return Description("Product", version, "id", account, clock, shown)


def surveyed(*points: Point, transitions: dict[str, tuple[str, ...]] | None = None) -> Survey:
    graphs = {"infra": transitions} if transitions is not None else {}
    return Survey("Product", "sdsync", points, (), (), "none", transitions=graphs)


def look(description: Description, survey: Survey | None = None) -> live.LiveLook:
    config = scenes.config()
    mapping = translators.tickets(config)["dev"]
    told = registry.capabilities("redmine")
    return live.look(description, told, places_of(config, "dev"), mapping, survey, scenes.NOW)


def troubles(description: Description, survey: Survey | None = None) -> list[str]:
    mapping = translators.tickets(scenes.config())["dev"]
    return list(live.troubles(look(description, survey), mapping))


@pytest.mark.parametrize("version", ["5.0.4", "5.0.4.stable", "Redmine 5.0.4-5+deb12u1", ""])
def test_a_tested_version_is_no_trouble(version: str) -> None:
    assert troubles(said(version)) == []


@pytest.mark.parametrize("version", ["5.0.3", "5.0.5", "5.1", "6.0.0", "4.2.10", "unknown"])
def test_a_version_outside_the_tested_range_is_told(version: str) -> None:
    (told,) = troubles(said(version))

    assert told.startswith(f"version {version} was never tested, 5.0.4 was")


@pytest.mark.parametrize(("ahead_s", "way"), [(61.0, "ahead of"), (-3600.0, "behind")])
def test_a_clock_that_is_off_is_told(ahead_s: float, way: str) -> None:
    (told,) = troubles(said(ahead_s=ahead_s))

    assert told.startswith(f"its clock is {abs(ahead_s):.0f} s {way} ours")


def test_a_clock_that_is_a_little_off_is_a_fact_and_no_trouble() -> None:
    assert troubles(said(ahead_s=-59.0)) == []
    assert look(said(ahead_s=-59.0)).clock_offset_s == -59.0


def test_what_the_account_lacks_is_told_by_place() -> None:
    told = troubles(
        said(),
        surveyed(
            Point("right", "Edit issues", Stand.MISSING, "infra"),
            Point("right", "Add notes", Stand.MISSING, "infra"),
            Point("right", "delete_issues", Stand.EXCESS, "infra"),
            Point("account", "Administrator", Stand.EXCESS),
            Point("right", "View members", Stand.OPTIONAL, "infra"),
            Point("field", "sdsync mark", Stand.UNTOLD, "infra"),
        ),
    )

    assert told == [
        "infra: lacks right Edit issues, Add notes; has more than is used: right delete_issues",
        "has more than is used: account Administrator",
    ]


def test_a_required_field_that_nothing_fills_is_told_where_records_are_born() -> None:
    fields = {
        "custom_fields.Severity": FieldInfo("custom_fields.Severity", required=True),
        "subject": FieldInfo("subject", required=True),
        "project": FieldInfo("project", required=True),
    }
    place = PlaceInfo("infra", "1", fields=fields)

    assert troubles(said("", place)) == [
        "infra requires custom_fields.Severity, and no rule of the mapping writes it"
    ]
    assert troubles(said("", replace(place, key="web"))) == []


def test_a_status_that_no_way_leads_to_is_told() -> None:
    ways = {one: tuple(o for o in to if o != "Rejected") for one, to in EVERY_WAY.items()}
    del ways["Rejected"]

    assert troubles(said(), surveyed(transitions=ways)) == [
        "infra: no way that our account may go leads to status Rejected"
    ]
    assert troubles(said(), surveyed(transitions=EVERY_WAY)) == []


def test_what_nobody_has_seen_may_lead_anywhere() -> None:
    assert troubles(said(), surveyed(transitions={"New": ("In Progress",)})) == []
    assert troubles(said(), surveyed(transitions={})) == []


def test_a_field_is_there_absent_or_not_told() -> None:
    fields = {
        "status": FieldInfo("status", STATUSES),
        "subject": FieldInfo("subject", required=True, max_length=255),
        "author": FieldInfo("author", read_only=True),
        "priority": FieldInfo("priority", derived=True, read_only=True),
    }
    survey = surveyed(Point("field", "sdsync tags", Stand.UNTOLD, "infra"))

    found = look(said("", PlaceInfo("infra", "1", fields=fields)), survey)

    told = {one.field: one.at["infra"] for one in found.fields}
    assert told["status"] == "6 values"
    assert told["title"] == "required, max 255"
    assert told["reporter"] == "read only"
    assert told["priority"] == "derived"
    assert told["tags"] == "not told"
    assert told["peer_key"] == "not here"


# -- between systems -------------------------------------------------------------------
def public(config: Config, *, home: bool, target: bool) -> list[str]:
    told = {
        "desk": said("", PlaceInfo("Escalated", "1", public=home)),
        "dev": said("", PlaceInfo("infra", "1", public=target)),
    }
    return [f"{system} {problem}" for system, problem in live.too_public(config, told)]


def test_a_public_place_for_records_that_are_not_is_told_at_its_line() -> None:
    (told,) = public(scenes.config(), home=False, target=True)

    assert told.startswith("dev sdsync.toml:13:25: ")
    assert '"infra" is public, and records of desk Escalated are not' in told


@pytest.mark.parametrize(("home", "target"), [(True, True), (False, False), (True, False)])
def test_a_place_that_is_no_wider_than_its_source_is_fine(*, home: bool, target: bool) -> None:
    assert public(scenes.config(), home=home, target=target) == []


def test_the_configuration_knows_a_places_audience_better() -> None:
    private = with_text("[syncs.", '[systems.dev.places.infra]\naudience = "internal"\n[syncs.')

    assert public(private, home=False, target=True) == []


@pytest.mark.parametrize(("ahead_s", "told"), [(-4.0, "clock fine"), (-9.0, "clock -9 s")])
def test_what_a_slow_call_explains_is_no_difference_of_clocks(ahead_s: float, told: str) -> None:
    probe = Probe("dev", failed=False, text="", live=look(said("", ahead_s=ahead_s)))

    assert f"; {told}; " in plain(screen.draw([probe]))
