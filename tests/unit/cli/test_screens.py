"""The screens, letter by letter, as a pipe of 80 columns sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from sdsync.cli.looks import backlog, dead, held, refs, status, story, trace
from sdsync.cli.looks.people import People
from sdsync.cli.page import WIDTH, Page, plain
from sdsync.cli.screens import backlog as backlog_screen
from sdsync.cli.screens import dead as dead_screen
from sdsync.cli.screens import held as held_screen
from sdsync.cli.screens import status as status_screen
from sdsync.cli.screens import story as story_screen
from sdsync.cli.screens import trace as trace_screen
from sdsync.store.records import (
    Change,
    GroupRow,
    GroupState,
    MappingVersion,
    Pause,
    PlacementState,
    SyncRow,
)
from sdsync.testing.memory_store import MemoryStore
from tests.unit.cli import scenes

HOUSE = status.House(running=True, up_s=12 * 86_400, store_bytes=412_000_000, config_text=b"x")


REPLAY = Path(__file__).parents[3] / "docs/how-to/replay-a-failed-sync.md"


def told(page: Page) -> str:
    text = plain(page)
    assert all(cell_len(one) <= WIDTH for one in text.splitlines())
    return "\n" + text


def status_of(store: MemoryStore, house: status.House = HOUSE) -> status.StatusLook:
    return status.look(store, scenes.config(), scenes.NOW, house)


def test_status_says_what_needs_somebody_and_the_command_that_cures_it() -> None:
    assert told(status_screen.draw(status_of(scenes.busy()))) == STATUS


STATUS = """
up 12 d   store ok 412 MB   config 2d71                             03:07:12 UTC
NEEDS YOU
 7f3  1 record: dev refuses environment "prod2"                  since 02:14  P1
      mappings/dev-ticket.yaml:31   > sdsync dead show 7f3
 dev refuses our credential; what waits for it is not lost       since 02:51  P2
 > renew env:REDMINE_KEY, then it drains by itself
 9a1  1 record: outcome of both sides changed                    since 02:51  P3
      > sdsync held show 9a1
SYSTEM  STATE         SEEN  WAITING  OLDEST  BUDGET     NEXT
desk    ok             2 s        0       -  2 at once  poll in 8 s
dev     unauthorised  16 m        1    48 s  -          next now
SYNC         MODE  SHARED   LAG  PARKED  HELD  24 h: BORN  CLOSED
escalations  live       2  48 s       1     1           1       0
"""


def test_status_of_an_empty_house_needs_only_to_be_started() -> None:
    look = status_of(scenes.empty(), status.House(config_text=b"x"))

    assert [one.cure for one in look.needs] == ["sdsync run"]
    assert told(status_screen.draw(look)) == EMPTY


EMPTY = """
not running   store ok   config 2d71                                03:07:12 UTC
NEEDS YOU
 sdsync is not running                                                        P1
 > sdsync run
SYSTEM  STATE  SEEN  WAITING  OLDEST  BUDGET     NEXT
desk    new       -        0       -  2 at once  -
dev     new       -        0       -  0/600 min  -
SYNC         MODE  SHARED  LAG  PARKED  HELD  24 h: BORN  CLOSED
escalations  live       0    -       0     0           0       0
"""


def test_files_that_were_edited_since_the_start_are_named_with_what_to_do() -> None:
    house = status.House(running=True, config_text=b"y", in_force="2d71f", edited=["sdsync.toml"])

    look = status_of(scenes.empty(), house)

    assert look.config == "2d71"
    assert [one.cure for one in look.needs] == ["sdsync reload"]
    assert "sdsync.toml changed since sdsync started" in told(status_screen.draw(look))


def test_a_pause_is_named_with_the_command_that_ends_it() -> None:
    store = scenes.empty()
    store.commit(Change(pauses=[Pause("system:dev", scenes.at("03:00:00"), "ops-2", "upgrade")]))

    look = status_of(store)

    assert [(one.text, one.cure) for one in look.needs] == [
        ("system:dev is paused by ops-2: upgrade", "sdsync resume dev")
    ]
    assert [one.state for one in look.systems] == ["new", "paused"]


def test_trace_shows_sides_fields_and_the_story() -> None:
    store = scenes.busy()
    share = refs.find(store, "desk#4711", ["desk", "dev"])

    page = trace_screen.draw(trace.look(store, share, {}), scenes.NOW)

    assert told(page) == TRACE


TRACE = """
"db01: disk full"  P1  acme  escalations                            1 field: 7f3
 desk  #4711      in_progress  in step 03:05
       https://rt.example.org/4711
 dev   infra#882  in_progress  2 of 3
       https://redmine.example.org/issues/882
FIELD        desk         dev          hub          WHY
environment  prod2        -            prod2        parked 7f3 at dev: allowed:
                                                    prod, stage, test
status       in_progress  in_progress  in_progress  dev, ops-2
notes        7            5            7            2 on the way
02:14:03 desk   enters: db01: disk full
02:14:04 dev    > born dev#882 in infra                                   430 ms
02:14:05 dev    > parked 7f3 environment: dev refuses environment "prod2"
03:05:10 dev    ops-2: status triage -> in_progress
03:05:10 desk   > status triage -> in_progress, from dev                  190 ms
> sdsync dead show 7f3
"""


def test_an_address_stands_beside_its_record_where_all_of_it_has_room() -> None:
    store = scenes.busy()
    look = trace.look(store, refs.find(store, "desk#4711", ["desk", "dev"]), {})

    page = plain(trace_screen.draw(look, scenes.NOW, 120))

    assert "in step 03:05  https://rt.example.org/4711\n" in page
    assert "2 of 3         https://redmine.example.org/issues/882\n" in page


def test_an_address_is_never_cut() -> None:
    store = scenes.busy()
    look = trace.look(store, refs.find(store, "desk#4711", ["desk", "dev"]), {})
    url = f"https://rt.example.org/{'deep/' * 20}Ticket/Display.html?id=4711"
    first, *others = look.sides

    page = trace_screen.draw(replace(look, sides=[replace(first, url=url), *others]), scenes.NOW)

    assert f"       {url}\n" in plain(page)


def test_a_reason_is_told_whole_also_beside_long_values() -> None:
    store = scenes.busy()
    share = refs.find(store, "desk#4711", ["desk", "dev"])
    share.hub.values["title"] = "the disk of db01 is full again, and so is the one of db02"
    for one in share.replicas:
        one.sent["title"] = share.hub.values["title"]
    share.replicas[1].groups["title"] = GroupRow(
        GroupState.DIFFERS, scenes.NOW, note="somebody there said so in words that take their time"
    )

    page = told(trace_screen.draw(trace.look(store, share, {}, all_rows=True), scenes.NOW))

    assert page.split("\nnotes")[0].split("hub ")[1] == LONG_REASONS


LONG_REASONS = """           WHY
environment  prod2         -             prod2          parked 7f3 at dev:
                                                        allowed: prod, stage,
                                                        test
status       in_progress   in_progress   in_progress    dev, ops-2
title        the disk of…  the disk of…  the disk of…   differs at dev: somebody
                                                        there said so in words
                                                        that take their time"""


def test_trace_says_which_system_it_waits_for_and_what_ends_that() -> None:
    store = scenes.busy()
    share = refs.find(store, "desk#4711", ["desk", "dev"])

    look = trace.look(store, share, {}, systems=scenes.config().systems)

    page = told(trace_screen.draw(look, scenes.NOW))
    assert "\ndev refuses our credential; what waits for it is not lost\n" in page
    assert page.endswith("\n> renew env:REDMINE_KEY, then it drains by itself\n")


def test_trace_with_all_shows_every_field_and_what_a_write_lost() -> None:
    store = scenes.busy()
    share = refs.find(store, "infra#882", ["desk", "dev"])

    look = trace.look(store, share, {}, all_rows=True)

    assert {one.name: one.why for one in look.fields} == {
        "environment": "parked 7f3 at dev: allowed: prod, stage, test",
        "status": "dev, ops-2",
        "title": "dev: cut at 255 characters",
    }


def test_dead_list_has_the_worst_first_and_ends_in_what_to_type() -> None:
    page = dead_screen.draw_list(dead.listing(scenes.busy(), scenes.NOW), scenes.NOW)

    assert told(page) == DEAD_LIST


DEAD_LIST = """
CAUSE  RECORDS  WORST  SINCE  OWNER     WHAT
7f3          1  P1     02:14  ops-core  dev refuses environment "prod2"
1 conflict is held                                            > sdsync held list
7f3  mappings/dev-ticket.yaml:31                          > sdsync dead show 7f3
     > edit mappings/dev-ticket.yaml:31, then sdsync reload
     > sdsync dead replay 7f3 --dry-run
"""


def test_a_mapping_that_is_to_blame_is_told_with_its_version() -> None:
    store = scenes.busy()
    before, now = scenes.at("01:00:00"), scenes.at("01:58:00")
    first = MappingVersion("dev-ticket", 11, "a41f", before, "old")
    store.commit(Change(mappings=[first, replace(first, n=12, at=now, text="new", by="ops-2")]))

    listed = told(dead_screen.draw_list(dead.listing(store, scenes.NOW), scenes.NOW))
    status = told(status_screen.draw(status_of(store)))

    assert "\n7f3  mappings/dev-ticket.yaml:31, v12 by ops-2 01:58" in listed
    assert "\n     > sdsync mappings rollback dev-ticket\n" in listed
    assert "\n      mappings/dev-ticket.yaml:31, v12 by ops-2 01:58   > sdsync dead show" in status


def long_way(store: MemoryStore, **changed: Any) -> None:
    """The parked cause with a long name, below a mapping with a second version."""
    (cause,) = [one for one in store.causes() if one.id == "7f3"]
    first = MappingVersion("dev-ticket", 11, "a41f", scenes.at("01:00:00"), "old")
    at = changed.pop("at", scenes.at("01:58:00"))
    by = "ops-2 of the night shift"
    store.commit(
        Change(
            causes=[replace(cause, **changed)],
            mappings=[first, replace(first, n=12, at=at, text="new", by=by)],
        )
    )


def test_a_place_is_told_whole_and_never_cut_for_its_command() -> None:
    store = scenes.busy()
    long_way(store)
    cause = dead.pick(store, "7f")
    assert cause
    place = "mappings/dev-ticket.yaml:31, v12 by ops-2 of the night shift 01:58"

    listed = told(dead_screen.draw_list(dead.listing(store, scenes.NOW), scenes.NOW))
    shown = told(dead_screen.draw_detail(dead.detail(store, cause), scenes.NOW))
    status = told(status_screen.draw(status_of(store)))

    assert f"\n7f3  {place}\n     > sdsync dead show 7f3\n" in listed
    assert f"   owner ops-core\n     {place}\n" in shown
    assert f"\n      {place}\n      > sdsync dead show 7f3\n" in status


def test_a_mapping_that_came_later_is_not_blamed_and_not_edited_again() -> None:
    store = scenes.busy()
    long_way(store, at=scenes.at("03:00:00"))

    listed = told(dead_screen.draw_list(dead.listing(store, scenes.NOW), scenes.NOW))

    assert ", now v12 by ops-2 of the night shift 03:00" in listed
    assert "rollback" not in listed


def test_a_line_of_the_site_is_edited_after_the_look_that_its_cause_names() -> None:
    store = scenes.busy()
    (cause,) = [one for one in store.causes() if one.id == "7f3"]
    store.commit(Change(causes=[replace(cause, remedy="sdsync check --live dev")]))

    listed = told(dead_screen.draw_list(dead.listing(store, scenes.NOW), scenes.NOW))

    assert (
        "     > sdsync check --live dev\n"
        "     > edit mappings/dev-ticket.yaml:31, then sdsync reload\n"
    ) in listed


def test_a_line_of_a_pack_takes_no_file_of_the_site_back() -> None:
    store = scenes.busy()
    long_way(store, place="packs/redmine/ticket.yaml:23", remedy="sdsync check --live dev")

    listed = told(dead_screen.draw_list(dead.listing(store, scenes.NOW), scenes.NOW))

    assert "packs/redmine/ticket.yaml:23, v12 by " in listed
    assert "rollback" not in listed


def test_an_old_mapping_is_not_offered_to_be_taken_back() -> None:
    store = scenes.busy()
    older = MappingVersion("dev-ticket", 12, "a41f", scenes.NOW - timedelta(days=9), "old")
    store.commit(Change(mappings=[older]))

    (one,) = dead.listing(store, scenes.NOW).causes

    assert one.mapping is not None
    assert one.mapping.rollback is None


def test_dead_show_tells_what_differs_there() -> None:
    store = scenes.busy()
    cause = dead.pick(store, "7f")
    assert cause

    page = dead_screen.draw_detail(dead.detail(store, cause), scenes.NOW)

    assert told(page) == DEAD_SHOW


DEAD_SHOW = """
7f3  dev refuses environment "prod2"                                          P1
     1 record   since 02:14   owner ops-core   mappings/dev-ticket.yaml:31
 dev#882  db01: disk full                                        environment  P1
   allowed: prod, stage, test
   environment: dev has -, shall be prod2
> edit mappings/dev-ticket.yaml:31, then sdsync reload
> sdsync dead replay 7f3 --dry-run
> sdsync dead edit dev#882 environment=VALUE
"""


def test_notes_and_files_that_did_not_come_there_are_named() -> None:
    store = scenes.busy()
    share = store.share("h1")
    assert share
    share.elements[5].values = {"body": "full\nagain \x1b[2J", "author_display": "Nora"}
    share.elements[6].kind, share.elements[6].values = "attachment", {"name": "db01.log"}
    for place in share.placements:
        if place.state is not PlacementState.PENDING:
            continue
        place.state, place.cause = PlacementState.UNPLACEABLE, "7f3"
    store.commit(Change(shares=[share]))
    cause = dead.pick(store, "7f3")
    assert cause

    text = told(dead_screen.draw_detail(dead.detail(store, cause), scenes.NOW))

    assert "\n   not there: note of Nora: full again \\x1b[2J\n" in text
    assert '\n   not there: file "db01.log"\n' in text


def test_a_long_cause_is_wrapped_and_said_once() -> None:
    store = scenes.busy()
    cause = dead.pick(store, "7f3")
    assert cause
    cause.text = (
        'dev allows no way from "New" to "Waiting for customer": "infra" has no status '
        '"Waiting for customer"; did you mean "Waiting for the customer"?'
    )
    store.commit(Change(causes=[cause]))

    text = told(dead_screen.draw_detail(dead.detail(store, cause), scenes.NOW))

    assert text.startswith("""
7f3  dev allows no way from "New" to "Waiting for customer": "infra" has no   P1
     status "Waiting for customer"; did you mean "Waiting for the customer"?
     1 record   since 02:14   owner ops-core   mappings/dev-ticket.yaml:31
""")
    assert text.count("did you mean") == 1


@pytest.mark.parametrize("action", ["resync", "live", "observe", "linked", "chosen", "released"])
def test_what_a_person_had_done_is_told_as_done(action: str) -> None:
    row = scenes.story("h1")[2]
    row.action, row.source, row.actor = action, "person:ops-2", "ops-2"
    row.text, row.why, row.field = "", None, None

    assert story.tell(row).done.endswith(" by ops-2")


def test_a_replay_names_who_did_it() -> None:
    row = scenes.story("h1")[2]
    row.action, row.source, row.actor, row.text = "replayed", "person:ops-2", "ops-2", "outcome"

    assert story.tell(row).done == "replayed by ops-2: status (outcome)"


def test_held_shows_each_candidate_and_the_command_that_chooses_it() -> None:
    looks = held.listing(scenes.busy())

    assert told(held_screen.draw_list(looks, scenes.NOW)) == HELD_LIST
    assert told(held_screen.draw_detail(looks, scenes.NOW)) == HELD_SHOW


HELD_LIST = """
RECORD     GROUP             P   SINCE  TITLE            WHY
desk#4712  status (outcome)  P3  02:51  printer on fire  changed on both sides
> sdsync held show desk#4712
"""
HELD_SHOW = """
desk#4712  printer on fire                                  status (outcome)  P3
  changed on both sides
  SIDE  VALUE      BY      SINCE
  now   waiting
  desk  resolved   desk-7  02:51
  dev   cancelled  ops-2   02:51
> sdsync held choose desk#4712 outcome desk
> sdsync held choose desk#4712 outcome dev
> sdsync held choose desk#4712 outcome --edit
"""


def test_nothing_wrong_is_said_in_one_line() -> None:
    store = scenes.empty()

    assert (
        told(dead_screen.draw_list(dead.listing(store, scenes.NOW), scenes.NOW))
        == "\nnothing is parked\n"
    )
    assert told(held_screen.draw_list(held.listing(store), scenes.NOW)) == "\nnothing is held\n"


def test_the_backlog_leaves_out_what_only_a_person_ends() -> None:
    look = backlog.look(scenes.busy(), "escalations")

    assert told(backlog_screen.draw(look, scenes.NOW)) == BACKLOG


BACKLOG = """
escalations  2 records, nothing sent
 add          2  dev: 2 notes
"""


ACCOUNT = {
    "at": "2026-11-21T03:00:00+00:00",
    "all": {"births": 37, "updates": 118, "fields": {"status": 96, "priority": 22}, "notes": 1,
            "files": 0, "customers": 1, "staff": 41, "over_budget": 2},
    "day": {"births": 1},
}  # fmt: skip


def test_a_sync_that_observes_tells_what_it_would_have_sent() -> None:
    store = scenes.busy()
    row = store.system("dev")
    row.info = {"would_send": {"escalations": ACCOUNT}}
    sync = SyncRow("escalations", activated_at=scenes.NOW, mode="observe")
    store.commit(Change(systems=[row], syncs=[sync]))

    status_page = told(status_screen.draw(status.look(store, scenes.config(), scenes.NOW, HOUSE)))
    look = backlog.look(store, "escalations", ["desk", "dev"])

    assert status_page.endswith(WOULD_SEND)
    assert told(backlog_screen.draw(look, scenes.NOW)).endswith(ACCOUNT_LINES)
    assert all(len(one) <= WIDTH for one in (WOULD_SEND + ACCOUNT_LINES).splitlines())


WOULD_SEND = """
escalations would send dev: 37 births, 118 fields of 118 records, 1  as of 03:00
  note; 1 mail to customers, 41 mails to staff, 2 over the mail budget would
  wait
> sdsync live escalations
"""
ACCOUNT_LINES = """
 account  dev: 37 births, 118 fields of 118 records, 1 note; 1 mail  as of 03:00
          to customers, 41 mails to staff, 2 over the mail budget would wait
          since the day before: 1 birth
"""


def test_what_a_ticket_says_never_drives_the_terminal() -> None:
    row = scenes.story("h1")[0]
    row.text = "\x1b[2J\x1b]0;owned\x07 two\nlines"

    line = story_screen.draw(story.tell(row), scenes.NOW)

    assert line.plain == "02:14:03 desk   enters: \\x1b[2J\\x1b]0;owned\\x07 two lines"


def test_somebody_unknown_is_told_as_a_user() -> None:
    names = People(scenes.busy())

    assert names.name("dev", "7") == "user 7"
    assert names.name("dev", "RT_System") == "RT_System"


def test_a_doubt_without_candidates_ends_in_what_lets_it_go_on() -> None:
    (look,) = held.listing(scenes.busy())
    doubt = replace(look, group="notes", note="loop suspected", candidates=(), present={})

    assert told(held_screen.draw_detail([doubt], scenes.NOW)).endswith("""
  loop suspected
> sdsync trace desk#4712
> sdsync dead replay 9a1
""")


def test_the_manual_shows_the_causes_as_they_are_drawn() -> None:
    store = scenes.busy()
    long_way(store, remedy="sdsync check --live dev")
    listed = dead.listing(store, scenes.NOW)
    (one,) = listed.causes
    assert one.mapping is not None
    refused = 'dev refuses environment "prod2": Environment is not included in the list'
    shown = replace(
        one, records=40, owner=None, text=refused, mapping=replace(one.mapping, by="ops-2"),
    )  # fmt: skip

    drawn = told(dead_screen.draw_list(replace(listed, causes=(shown,), held=0), scenes.NOW))

    assert f"$ sdsync dead list{drawn}```\n" in REPLAY.read_text(encoding="utf-8")
