"""Law 32: what a product shows that came back from its own backup is nobody's edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from sdsync.connectors.contract import NativeRecord
from sdsync.store.records import Change, GroupRow, GroupState, Plan, Verdict
from sdsync.sync.persons import commands
from sdsync.sync.plans import levelling
from sdsync.sync.plans.scene import Scene
from tests.laws.people import Ticket
from tests.laws.rig import House, shared
from tests.laws.test_plans import applied, lines, typed


@dataclass
class Night:
    """The tracker's backup of the night is put in its place, and somebody resumes it."""

    house: House
    old: Ticket  # in the backup
    young: list[Ticket]  # not in it

    def resumed(self) -> Night:
        """Somebody is sure."""
        commands.resume(self.house.store, "system:dev", "ann", self.house.clock.now())
        self.house.run(300)
        return self


def restored(system: str = "dev", then: Callable[[House], object] = id) -> Night:
    """A title that was changed since the backup, and five records made since.

    Args:
        then: What people do there as soon as it is back.
    """
    house = House()
    old = shared(house, "before")
    side = house.sides[system]
    put_back = side.back_up()
    house.run(60)
    if system == "dev":
        old.set({"Subject": "after"})
    else:
        old.copy("dev").set({"subject": "after"})
    young = [shared(house, f"young {number}") for number in range(5)]
    house.run(700)  # it has described itself since
    side.down(120)
    old.note("rings the lane")
    house.run(60)
    put_back()
    then(house)
    house.run(300)
    assert [one.scope for one in house.store.pauses()] == [f"system:{system}"]
    return Night(house, old, young)


def as_desk(scene: Scene) -> Plan:
    return levelling.as_shown(scene, "desk", only_restored=True)


def as_dev(scene: Scene) -> Plan:
    return levelling.as_shown(scene, "dev", only_restored=True)


def whys(house: House, plan: Plan) -> list[str]:
    assert not lines(house, plan, Verdict.AMBIGUOUS)
    return sorted(one.why for one in lines(house, plan, Verdict.CERTAIN))


def test_law_32_what_went_back_with_its_product_overwrites_nothing() -> None:
    night = restored()
    assert night.old["Subject"] == "after"  # nor while it is paused

    night.resumed()

    assert night.old["Subject"] == "after"
    assert night.old.copy("dev")["subject"] == "before"
    assert night.old.group("dev", "title") == "awaiting plan"
    (row,) = [one for one in night.house.told("went_back") if one.field == "title"]
    assert (row.before, row.after) == ("after", "before")
    (cause,) = night.house.store.causes()
    assert cause.remedy == "sdsync level escalations --as desk --restored"


def test_law_32_a_plan_brings_a_restored_product_up_again() -> None:
    night = restored().resumed()
    house = night.house

    plan = typed(house, as_desk)
    made = "made again in dev infra"
    assert whys(house, plan) == ["dev title before → after", *[made] * 5]
    applied(house, plan)
    house.run(600)

    assert night.old.copy("dev")["subject"] == "after"
    titles = sorted(str(one["subject"]) for one in house.dev.tickets)
    assert titles == sorted(["after", *(f"young {number}" for number in range(5))])
    assert [night.old.group("dev", one) for one in ("title", "existence")] == ["in step"] * 2
    assert whys(house, typed(house, as_desk)) == []
    house.run(700)
    assert not house.store.causes()
    night.young[0].set({"Subject": "goes on"})
    house.run()
    assert night.young[0].copy("dev")["subject"] == "goes on"


def test_law_32_a_plan_may_take_the_word_of_a_restored_product() -> None:
    night = restored().resumed()
    house = night.house

    applied(house, typed(house, as_dev))
    house.run(600)

    assert night.old["Subject"] == night.old.copy("dev")["subject"] == "before"
    assert {one.hub.state for one in night.young} == {"unlinked"}
    assert [one["Status"] for one in night.young] == ["new"] * 5
    assert len(house.dev.tickets) == 1


@pytest.mark.parametrize("policy", ["close", "unlink", "hold"])
def test_law_32_what_a_restored_product_has_lost_is_not_deleted(policy: str) -> None:
    night = restored()
    night.house.start(sync={"on_delete": policy})

    night.resumed().house.run(7200)

    assert [one["Status"] for one in night.young] == ["new"] * 5
    assert {one.hub.state for one in night.young} == {"open"}
    assert {one.group("dev", "existence") for one in night.young} == {"awaiting plan"}
    assert not night.house.store.held()
    assert len(night.house.dev.tickets) == 1  # nor is it made twice


def test_law_32_what_people_do_after_a_restore_flows() -> None:
    def at_once(house: House) -> None:
        house.dev.tickets[0].set({"subject": "by bob"}, by="bob").note("seen", by="bob")

    night = restored(then=at_once).resumed()
    copy = night.old.copy("dev")

    assert night.old["Subject"] == "by bob"
    assert "seen" in night.old.bodies

    night.old.set({"Subject": "by ann"})
    night.house.run()
    assert copy["subject"] == "by ann"


def test_law_32_an_edit_at_the_other_side_ends_the_wait() -> None:
    night = restored().resumed()

    night.old.set({"Subject": "newer"})
    night.house.run()

    assert night.old.copy("dev")["subject"] == night.old["Subject"] == "newer"
    assert night.old.group("dev", "title") == "in step"


def test_law_32_a_process_that_dies_does_not_forget_that_a_product_was_restored() -> None:
    house = House()
    old = shared(house, "before")
    put_back = house.dev.back_up()
    house.run(60)
    old.set({"Subject": "after"})
    [shared(house, f"young {number}") for number in range(5)]
    house.run(700)
    put_back()
    house.start()
    house.dies("decided", always=True)
    house.run(5)
    house.lives()
    house.start().run(900)

    assert old["Subject"] == "after"
    assert old.group("dev", "title") == "awaiting plan"


def test_law_32_a_plan_for_a_restored_product_ends_nothing_else() -> None:
    night = restored().resumed()
    house = night.house
    share = night.old.share
    desk = share.at("desk")
    assert desk is not None
    desk.groups["urgency"] = GroupRow(GroupState.DIFFERS, house.clock.now(), note="first contact")
    house.store.commit(Change(shares=[share]))

    assert whys(house, typed(house, levelling.remapped)) == []
    plan = typed(house, as_desk)
    applied(house, plan)
    assert night.old.group("desk", "urgency") == "differs"


def test_law_32_what_a_half_read_leaves_open_is_no_edit_later() -> None:
    halves: list[object] = []

    def half_at_first(house: House) -> None:
        def half(shown: object) -> object | None:
            if not isinstance(shown, NativeRecord) or len(halves) >= 3:
                return None
            halves.append(shown)
            return replace(shown, notes=None, unknown=frozenset({"subject"}))

        house.dev.line.instead["fetch"] = half

    night = restored(then=half_at_first).resumed()

    assert len(halves) == 3
    assert night.old["Subject"] == "after"
    assert night.old.group("dev", "title") == "awaiting plan"
    assert night.old.bodies == ["rings the lane"]


def test_law_32_another_record_with_the_number_of_a_lost_one_is_another() -> None:
    night = restored(then=lambda house: house.dev.open("another", by="bob"))
    house, lost = night.house, night.young[0]
    (other,) = [one for one in house.dev.tickets if one["subject"] == "another"]
    (row,) = [one for one in house.told("lost") if one.hub_id == lost.hub.id]
    assert row.text == f"dev#{other.record.id}"

    night.resumed()

    assert lost["Subject"] == "young 0"
    assert lost.replica("dev").native_id is None
    assert lost.group("dev", "existence") == "awaiting plan"
    assert other.copy("desk")["Subject"] == "another"
    applied(house, typed(house, as_desk))
    house.run(600)
    assert lost.copy("dev")["subject"] == "young 0"
    assert other["subject"] == "another"


def test_law_32_notes_and_files_that_a_restored_product_has_lost_are_not_removed() -> None:
    house = House()
    old = shared(house)
    put_back = house.dev.back_up()
    house.run(60)
    old.note("from the desk", internal=True)
    old.attach("log.txt", b"fetched once more")
    old.copy("dev").note("from dev", internal=True, by="bob")
    [shared(house, f"young {number}") for number in range(5)]
    house.run(700)
    house.dev.down(120)
    old.set({"Subject": "rings the lane"})
    house.run(60)
    put_back()
    house.run(300)
    night = Night(house, old, []).resumed()
    assert old.bodies == ["from the desk", "from dev"]
    assert old.copy("dev").bodies == []

    anew = old.copy("dev").note("bears an old number", internal=True, by="bob")
    assert anew.id == "1"
    house.run()
    assert old.bodies == ["from the desk", "from dev", "bears an old number"]

    applied(house, typed(house, as_desk))
    house.run(600)
    assert old.bodies == ["from the desk", "from dev", "bears an old number"]
    assert sorted(old.copy("dev").bodies) == ["bears an old number", "from dev", "from the desk"]
    assert [one.content for one in old.record.files] == [b"fetched once more"]
    assert [one.content for one in old.copy("dev").record.files] == [b"fetched once more"]
    assert night.house.quiet()


def test_law_32_a_restored_product_counts_on_from_its_backup_and_is_heard() -> None:
    """Its versions and the numbers of its feed are smaller than those that were read."""
    night = restored("desk")
    house, copy = night.house, night.old.copy("dev")
    commands.resume(house.store, "system:desk", "ann", house.clock.now())
    house.run(600)
    assert copy["subject"] == "after"
    assert night.old.group("desk", "title") == "awaiting plan"

    ticket = Ticket(house.desk, house.desk.product.records[night.old.record.id])
    ticket.set({"Priority": "90"})
    new = house.desk.open("new since")
    house.run(120)
    assert copy["priority"] == "Immediate"
    assert new.copy("dev")["subject"] == "new since"

    plan = typed(house, lambda scene: levelling.as_shown(scene, "dev", only_restored=True))
    assert whys(house, plan)[0] == "desk title before → after"
    applied(house, plan)
    house.run(600)
    assert ticket["Subject"] == "after"
    titles = sorted(str(one["Subject"]) for one in house.desk.tickets)
    assert titles == sorted(["after", "new since", *(f"young {number}" for number in range(5))])
    assert len(house.dev.tickets) == 7
    assert house.quiet()
