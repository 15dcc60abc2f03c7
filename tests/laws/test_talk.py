"""What people say arrives in the order in which they said it."""

from __future__ import annotations

from tests.laws.rig import House, shared


def test_notes_of_one_second_arrive_in_the_order_in_which_they_were_said() -> None:
    house = House()
    ticket = shared(house)
    said = [f"note {number}" for number in range(8)]
    for one in said:
        ticket.note(one)
    house.run(60)

    assert [one.body.splitlines()[-1] for one in ticket.copy("dev").record.notes] == said
