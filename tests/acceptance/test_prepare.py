"""What a product lacks, as steps for its administrator; and carried out where its API can."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest

from sdsync.connectors import registry
from sdsync.connectors.contract import Answer
from sdsync.connectors.preparing import Deed
from sdsync.connectors.request_tracker import RequestTracker
from sdsync.sandbox import accounts
from sdsync.sandbox.redmine.product import Tracker
from sdsync.sandbox.redmine.seed import DEVELOPER, MANAGER, REPORTER, SERVICE, SYNC
from sdsync.sandbox.rt.product import Desk
from sdsync.store.opening import open_store
from tests.acceptance.ran import Ran
from tests.acceptance.shops import Shop

ADMIN = ("--admin-token", "env:RT_ADMIN")
DEV_ADMIN = ("--admin-token", "env:REDMINE_ADMIN")
SEEN_ON_TICKETS = ("ModifyTicket", "CommentOnTicket", "ReplyToTicket")
SEEN_BY_OTHERS = ("ShowTicket", "ShowTicketComments", "SeeCustomField")


@pytest.fixture
def ready(shop: Shop) -> Shop:
    """Both products have a record in the places of the configuration."""
    assert shop.init().code == 0
    made = cast("dict[str, Any]", shop.pair.desk.act("create", Queue="Escalated", Subject="x"))
    shop.pair.desk.act("note", id=made["id"], text="between us")
    shop.pair.dev.act("create", project="infra", subject="x")
    return shop


def points(ran: Ran, stand: str) -> set[str]:
    return {one["name"] for one in ran.json["survey"]["points"] if one["stand"] == stand}


def steps(ran: Ran) -> list[str]:
    return [one["text"] for one in ran.json["survey"]["steps"] if not one["optional"]]


def rt_admin(shop: Shop) -> httpx.Client:
    headers = {"Authorization": "token root-token"}
    return httpx.Client(base_url=f"{shop.pair.desk.url}/REST/2.0", headers=headers)


def desk_of(shop: Shop) -> Desk:
    assert isinstance(shop.pair.desk.product, Desk)
    return shop.pair.desk.product


def tracker_of(shop: Shop) -> Tracker:
    assert isinstance(shop.pair.dev.product, Tracker)
    return shop.pair.dev.product


def role_of(shop: Shop, role: int) -> None:
    """Give our account this role, and no other."""
    for one in tracker_of(shop).state.members.values():
        if one.user == SERVICE:
            one.roles = [role]


def drop_field(shop: Shop, name: str) -> None:
    """As the administrator does who knows no better."""
    fields = desk_of(shop).state.custom_fields
    (number,) = (key for key, one in fields.items() if one.name == name)
    with rt_admin(shop) as admin:
        assert admin.delete(f"/customfield/{number}").status_code == 204


# -- nothing is wrong ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("system", "admin"), [("desk", ()), ("desk", ADMIN), ("dev", ()), ("dev", DEV_ADMIN)]
)
def test_a_prepared_product_lacks_nothing(ready: Shop, system: str, admin: tuple[str, ...]) -> None:
    ran = ready.type("prepare", system, *admin, "--json")

    assert ran.code == 0, ran.out
    assert points(ran, "missing") == points(ran, "excess") == set()
    assert ran.json["changes"] == ran.json["needed"] == 0
    assert "seats" in ran.json["survey"]["seats"]


def test_the_screen_fits_and_ends_in_the_next_command(ready: Shop) -> None:
    role_of(ready, REPORTER)
    for system, word in (("desk", "On Create Autoreply"), ("dev", "watchers of an issue")):
        ran = ready.type("prepare", system)

        lines = ran.out.splitlines()
        assert all(len(one) <= 80 for one in lines if not one.startswith(">")), ran.out
        assert lines[-1] == f"> sdsync check --live {system}"
        assert word in " ".join(ran.out.split())
        assert " seats   none: " in ran.out


# -- Request Tracker -------------------------------------------------------------------
@pytest.mark.parametrize("right", SEEN_ON_TICKETS)
def test_a_right_that_a_ticket_shows_is_missed(ready: Shop, right: str) -> None:
    ready.pair.desk.act("take_right", login="sdsync", right=right)

    ran = ready.type("prepare", "desk", "--json")

    assert ran.code == 3
    assert points(ran, "missing") == {right}
    (step,) = steps(ran)
    assert step.startswith("Admin > Queues > Select > Escalated > User Rights: sdsync: tick")
    assert right in step


@pytest.mark.parametrize("right", SEEN_BY_OTHERS)
def test_what_an_administrator_sees_and_we_do_not_is_missed(ready: Shop, right: str) -> None:
    ready.pair.desk.act("take_right", login="sdsync", right=right)

    alone = ready.type("prepare", "desk", "--json")
    ran = ready.type("prepare", "desk", *ADMIN, "--json")

    assert right in points(alone, "not told")
    assert (alone.code, ran.code) == (0, 3)
    assert points(ran, "missing") == {right}
    assert right in steps(ran)[0]


def test_a_queue_that_is_hidden_is_told_from_one_that_is_not_there(ready: Shop) -> None:
    ready.pair.desk.act("take_right", login="sdsync", right="SeeQueue")

    hidden = ready.type("prepare", "desk", *ADMIN, "--json")
    text = ready.toml.read_text(encoding="utf-8").replace('"Escalated"', '"Escalatd"')
    ready.toml.write_text(text, encoding="utf-8")
    absent = ready.type("prepare", "desk", *ADMIN, "--json")

    assert points(hidden, "missing") == {"SeeQueue"}
    assert points(absent, "missing") == {"Escalatd"}
    assert steps(absent) == ["Admin > Queues > Create: Name Escalatd; or name another one"]


def test_making_tickets_is_asked_for_only_where_they_are_made(ready: Shop) -> None:
    ready.pair.desk.act("take_right", login="sdsync", right="CreateTicket")
    assert ready.type("prepare", "desk").code == 0

    text = ready.toml.read_text(encoding="utf-8")
    ready.toml.write_text(f"{text}desk.put = {{ queue = 'General' }}\n", encoding="utf-8")
    ran = ready.type("prepare", "desk", "--json")

    assert [one["place"] for one in ran.json["survey"]["points"] if one["stand"] == "missing"] == [
        "General"
    ]


def test_a_custom_field_is_made_by_the_api_and_only_once(ready: Shop) -> None:
    drop_field(ready, "sdsync mark")
    before = ready.type("prepare", "desk", "--json")
    dry = ready.type("prepare", "desk", *ADMIN, "--json")
    fields = desk_of(ready).state.custom_fields
    known = len(fields)

    done = ready.type("prepare", "desk", *ADMIN, "--apply", "--json")
    again = ready.type("prepare", "desk", *ADMIN, "--apply", "--json")

    assert (before.code, dry.code, done.code, again.code) == (3, 4, 0, 0)
    assert steps(before)[0].startswith("unless it is there: Admin > Custom Fields > Create: ")
    assert 'Type "Enter one value"' in steps(dry)[0]
    assert done.json["made"] == [
        {"text": 'makes the custom field "sdsync mark" on Escalated', "failed": None}
    ]
    assert again.json["made"] == []
    assert len(fields) == known + 1
    made = fields[max(fields)]
    assert (made.name, made.queues, made.max_values) == ("sdsync mark", [2], 1)
    assert ready.type("prepare", "desk").code == 0


def test_tags_are_many_values_and_may_be_left_out(ready: Shop) -> None:
    drop_field(ready, "sdsync tags")

    ran = ready.type("prepare", "desk", *ADMIN, "--json")
    assert ran.code == 4
    assert points(ran, "left out") >= {"sdsync tags"}
    assert ready.type("prepare", "desk").code == 0
    ready.type("prepare", "desk", *ADMIN, "--apply")

    fields = desk_of(ready).state.custom_fields
    assert fields[max(fields)].max_values == 0


def test_the_administrators_credential_is_kept_nowhere(ready: Shop) -> None:
    drop_field(ready, "sdsync mark")
    open_store(None, None, path=ready.folder).close()

    assert ready.type("prepare", "desk", *ADMIN, "--apply").code == 0

    kept = [one for one in ready.folder.rglob("*") if one.is_file()]
    assert kept
    assert not [one for one in kept if b"root-token" in one.read_bytes()]
    assert not [one for one in kept if b"RT_ADMIN" in one.read_bytes()]


def test_what_the_api_cannot_apply_is_left_to_the_pages(ready: Shop) -> None:
    drop_field(ready, "sdsync mark")
    text = ready.toml.read_text(encoding="utf-8")
    ready.toml.write_text(f"{text}desk.put = {{ queue = 'General' }}\n", encoding="utf-8")

    ran = ready.type("prepare", "desk", *ADMIN, "--apply", "--json")

    assert ran.code == 3
    assert steps(ran) == [
        'Admin > Custom Fields > Select > "sdsync mark" > Applies to: tick General; Submit'
    ]


def test_an_account_without_rights_is_made_one_that_can_have_them(ready: Shop) -> None:
    ready.pair.desk.act("take_right", login="sdsync", right="Privileged")

    dry = ready.type("prepare", "desk", *ADMIN, "--json")
    assert dry.code == 4
    assert "Let this user be granted rights" in steps(dry)[0]
    assert ready.type("prepare", "desk", *ADMIN, "--apply").code in {0, 3}
    user = desk_of(ready).state.user("sdsync")
    assert user is not None
    assert user.privileged


def test_a_superuser_is_too_much(ready: Shop) -> None:
    ready.pair.desk.act("take_right", login="sdsync", right="all", undo=False)

    ran = ready.type("prepare", "desk", "--json")

    assert ran.code == 3
    assert points(ran, "excess") == {"SuperUser"}
    assert "untick SuperUser" in steps(ran)[0]


@pytest.mark.parametrize("scrip", ["On Create", "On Correspond", "On Resolve"])
def test_each_scrip_that_mails_is_told_with_its_own_condition(ready: Shop, scrip: str) -> None:
    mail = ready.type("prepare", "desk", "--json").json["survey"]["mail"]

    (said,) = [one for one in mail if one.startswith(f"{scrip}: ")]
    kind = {"On Resolve": "Status"}.get(scrip, scrip.removeprefix("On "))
    assert f'$t->Type eq "{kind}"' in said


# -- Redmine ---------------------------------------------------------------------------
def test_a_role_that_lacks_rights_is_named_in_redmines_own_words(ready: Shop) -> None:
    role_of(ready, REPORTER)

    ran = ready.type("prepare", "dev", "--json")

    assert ran.code == 3
    assert "Set notes as private" in points(ran, "missing")
    assert points(ran, "missing") >= {"Edit issues", "View private notes"}
    assert "Administration > Roles and permissions" in steps(ran)[0]


def test_a_role_that_fits_is_given_by_the_api_and_only_once(ready: Shop) -> None:
    role_of(ready, REPORTER)
    dry = ready.type("prepare", "dev", *DEV_ADMIN, "--json")
    assert tracker_of(ready).state.members[1].roles == [REPORTER]

    done = ready.type("prepare", "dev", *DEV_ADMIN, "--apply", "--json")
    again = ready.type("prepare", "dev", *DEV_ADMIN, "--apply", "--json")

    assert (dry.code, done.code, again.code) == (4, 0, 0)
    assert done.json["made"][0]["text"] == "gives sdsync the role sdsync in infra"
    assert again.json["made"] == []
    roles = {
        one.project: one.roles
        for one in tracker_of(ready).state.members.values()
        if one.user == SERVICE
    }
    assert roles == {1: [REPORTER, SYNC], 2: [REPORTER]}  # of the places that are used alone


def test_a_stranger_becomes_a_member(ready: Shop) -> None:
    members = tracker_of(ready).state.members
    for key in [key for key, one in members.items() if one.user == SERVICE]:
        del members[key]

    ran = ready.type("prepare", "dev", *DEV_ADMIN, "--apply", "--json")

    assert ran.code == 0, ran.out
    (member,) = (one for one in members.values() if one.user == SERVICE)
    assert (member.project, member.roles) == (1, [SYNC])


def test_no_role_that_can_do_harm_is_ever_given(ready: Shop) -> None:
    """A manager's role has all that is needed, and may delete as well."""
    role_of(ready, REPORTER)
    del tracker_of(ready).state.roles[SYNC]

    ran = ready.type("prepare", "dev", *DEV_ADMIN, "--json")

    assert (ran.code, ran.json["changes"]) == (3, 0)


@pytest.mark.parametrize(
    ("role", "extra"), [(MANAGER, "delete_issues"), (DEVELOPER, "manage_categories")]
)
def test_what_is_never_used_is_too_much(ready: Shop, role: int, extra: str) -> None:
    role_of(ready, role)

    ran = ready.type("prepare", "dev", "--json")

    assert ran.code == 3
    assert extra in points(ran, "excess")


def test_an_administrators_key_is_too_much(ready: Shop) -> None:
    ready.secret("REDMINE_KEY", accounts.ADMIN_KEY)

    ran = ready.type("prepare", "dev", "--json")

    assert points(ran, "excess") == {"Administrator"}


def test_redmines_fields_are_steps_and_no_deeds(ready: Shop) -> None:
    del tracker_of(ready).state.custom_fields[1]

    ran = ready.type("prepare", "dev", *DEV_ADMIN, "--json")

    assert (ran.code, ran.json["changes"]) == (3, 0)
    assert points(ran, "missing") == {"sdsync mark"}
    assert 'New custom field > Issues > Format Text: Name "sdsync mark"' in steps(ran)[0]


@pytest.mark.parametrize(("own", "code", "stand"), [(True, 3, "missing"), (False, 0, "left out")])
def test_a_role_that_shows_only_some_issues_is_told_from_one_that_shows_all(
    ready: Shop, own: bool, code: int, stand: str
) -> None:
    role = tracker_of(ready).state.roles[SYNC]
    role.sees_all, role.sees_own = False, own

    ran = ready.type("prepare", "dev", "--json")

    assert ran.code == code
    assert points(ran, stand) >= {"Issues visibility: All issues"}
    (step,) = [one for one in ran.json["survey"]["steps"] if "Issues visibility" in one["text"]]
    assert step["text"].startswith("Administration > Roles and permissions > the role that sdsync")
    assert step["optional"] is not own


def test_a_role_that_hides_issues_is_not_the_one_that_is_given(ready: Shop) -> None:
    role_of(ready, REPORTER)
    tracker_of(ready).state.roles[SYNC].sees_all = False

    ran = ready.type("prepare", "dev", *DEV_ADMIN, "--json")

    assert (ran.code, ran.json["changes"]) == (3, 0)


def test_a_workflow_without_a_way_is_missed(ready: Shop) -> None:
    tracker_of(ready).state.roles[SYNC].transitions.clear()

    ran = ready.type("prepare", "dev", "--json")

    assert ran.code == 3
    assert points(ran, "missing") == {"Status transitions"}
    assert "Administration > Workflow > Status transitions" in steps(ran)[0]


# -- trouble ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("desk", "--apply"), 2, "--apply needs an administrator's credential"),
        (("dsk",), 1, "has no system dsk; it has desk, dev"),
        (("desk", "--admin-token", "s3cret"), 2, "--admin-token: expected a reference"),
        (("desk", "--admin-token", "env:NOT_SET"), 1, "set the environment variable NOT_SET"),
        (("desk", "--admin-token", "env:NOT_SET"), 1, "> set the environment variable NOT_SET"),
        (("desk", "--admin-token", "env:TWO"), 1, "--admin-token: env:TWO holds what no header"),
        (("desk", "--admin-token", "env:WRONG"), 1, "desk, as env:WRONG: refuses our credential"),
        (("desk", "--admin-token", "env:RT_TOKEN"), 1, "is no administrator's credential in desk"),
        (("dev", "--admin-token", "env:REDMINE_KEY"), 1, "is no administrator's credential in dev"),
    ],
)
def test_a_credential_that_does_not_do_is_told_from_ours(
    ready: Shop, words: tuple[str, ...], code: int, told: str
) -> None:
    ready.secret("WRONG", "s3cret")
    ready.secret("TWO", "s3cret\ns3cret")

    ran = ready.type("prepare", *words)

    assert ran.code == code
    assert told in ran.err
    assert "s3cret" not in ran.out + ran.err


@pytest.mark.parametrize(("system", "secret"), [("desk", "RT_TOKEN"), ("dev", "REDMINE_KEY")])
def test_our_own_credential_is_told_with_its_remedy(ready: Shop, system: str, secret: str) -> None:
    ready.secret(secret, "wrong")

    ran = ready.type("prepare", system)

    assert ran.code == 1
    assert f"{system}: refuses our credential" in ran.err
    assert f"> renew env:{secret}" in ran.err


@pytest.mark.parametrize("secret", [None, "s3cret\ns3cret", "s3crét"])
@pytest.mark.parametrize("words", [("prepare", "desk"), ("init",)])
def test_a_credential_that_was_never_sent_is_not_called_refused(
    ready: Shop, words: tuple[str, ...], secret: str | None
) -> None:
    ready.secret("RT_TOKEN", secret)

    ran = ready.init("--overwrite") if words == ("init",) else ready.type(*words)

    assert ran.code == 1
    assert "env:RT_TOKEN " in ran.err
    assert "> set the environment variable RT_TOKEN for sdsync" in ran.err
    assert "refuses" not in ran.err
    assert "s3c" not in ran.err


def test_a_step_that_fails_is_said_and_found_undone_the_next_time(ready: Shop) -> None:
    drop_field(ready, "sdsync mark")
    ready.pair.desk.switch("cut", count=1, path="/customfield$")

    failed = ready.type("prepare", "desk", *ADMIN, "--apply")
    again = ready.type("prepare", "desk", *ADMIN, "--apply", "--json")

    assert failed.code == 1
    assert "failed  makes the custom field" in failed.out
    assert again.code == 0


def test_what_was_done_is_told_when_the_second_look_fails(
    ready: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_field(ready, "sdsync mark")
    carried, desk = RequestTracker.carry_out_deed, ready.pair.desk

    def and_then_it_fell_silent(self: RequestTracker, deed: Deed) -> Answer[str]:
        said = carried(self, deed)
        desk.switch("auth_revoked")
        return said

    monkeypatch.setattr(RequestTracker, "carry_out_deed", and_then_it_fell_silent)

    ran = ready.type("prepare", "desk", *ADMIN, "--apply")

    assert ran.code == 1
    assert "done    makes the custom field" in ran.out
    assert "not seen what came of it could not be read" in ran.out


@pytest.mark.parametrize(("lost", "code", "told"), [("effect_then_500", 0, "done "),
                                                    ("ignored_write", 1, "failed ")])  # fmt: skip
def test_what_is_seen_afterwards_counts_and_not_the_answer(
    ready: Shop, monkeypatch: pytest.MonkeyPatch, lost: str, code: int, told: str
) -> None:
    drop_field(ready, "sdsync mark")
    if lost == "ignored_write":
        monkeypatch.setattr(RequestTracker, "carry_out_deed", lambda *_: "done")
    else:
        ready.pair.desk.switch(lost, count=1, path="/customfield$")

    ran = ready.type("prepare", "desk", *ADMIN, "--apply")

    assert ran.code == code
    assert f" {told} " in ran.out


def test_an_answer_that_got_lost_makes_no_second_field(ready: Shop) -> None:
    drop_field(ready, "sdsync mark")
    ready.pair.desk.switch("effect_then_500", count=1, path="/customfield$")
    fields = desk_of(ready).state.custom_fields
    known = len(fields)

    ready.type("prepare", "desk", *ADMIN, "--apply")
    again = ready.type("prepare", "desk", *ADMIN, "--apply")

    assert again.code == 0
    assert len(fields) == known + 1


def test_a_connector_that_cannot_tell_says_so(ready: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Mute:
        def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr(registry, "create", lambda *_: Mute())

    ran = ready.type("prepare", "desk")

    assert ran.code == 1
    assert "request_tracker cannot tell what desk lacks" in ran.err


# -- teams --------------------------------------------------------------------------------
def optional(ran: Ran) -> list[str]:
    return [one["text"] for one in ran.json["survey"]["steps"] if one["optional"]]


def test_the_role_that_holds_a_team_is_missed_queue_by_queue_and_may_be_left_out(
    ready: Shop,
) -> None:
    before = ready.type("prepare", "desk", "--json")
    ready.pair.desk.act("make_role", name="Team", on=["Escalated"])
    after = ready.type("prepare", "desk", "--json")

    assert {"Team"} <= points(before, "left out")
    (step,) = [one for one in optional(before) if "Custom Roles" in one]
    assert 'Name "Team"' in step
    assert "Applies to: tick Escalated" in step
    assert before.code == after.code == 0
    assert "Team" in points(after, "there")
    assert not [one for one in optional(after) if "Custom Roles" in one]


def test_groups_are_asked_for_where_teams_are_carried(ready: Shop) -> None:
    seen = ready.type("prepare", "desk", "--json")
    assert "SeeGroup" in points(seen, "there")
    ready.pair.desk.act("take_right", login="sdsync", right="SeeGroup")
    alone = ready.type("prepare", "desk", "--json")
    assert "SeeGroup" in points(alone, "not told")
    lacks = ready.type("prepare", "desk", *ADMIN, "--json")
    assert "SeeGroup" in points(lacks, "left out")
    assert [one for one in optional(lacks) if "tick SeeGroup" in one]

    text = ready.toml.read_text(encoding="utf-8")
    ready.toml.write_text(f'{text}\n[syncs.escalations.fields]\nassignment = "each"\n', "utf-8")
    kept = ready.type("prepare", "desk", "--json")

    assert not {"SeeGroup", "Team"} & {one["name"] for one in kept.json["survey"]["points"]}
