"""The console as somebody at 3 a.m. goes through it: by keys, on 80 columns and 24 lines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from sdsync.cli.app import app
from sdsync.cli.console import app as console
from sdsync.cli.console.app import Console
from sdsync.cli.console.running import Runner
from sdsync.cli.page import Page
from sdsync.cli.session import Session
from sdsync.store.opening import open_store
from sdsync.store.records import Change, GroupRow, GroupState, Pause
from tests.acceptance.conftest import Desk
from tests.unit.cli.scenes import NOW


class Keys:
    """Presses keys and waits for the screen that they bring."""

    def __init__(self, console: Console, pilot: Pilot[None]) -> None:
        self.console, self.pilot = console, pilot

    @property
    def head(self) -> str:
        """The first line of the terminal."""
        return str(self.console.query_one("#head", Static).render())

    @property
    def foot(self) -> str:
        """The last line of the terminal."""
        return str(self.console.query_one("#foot", Static).render())

    async def press(self, *names: str) -> str:
        """The screen after the last key."""
        for name in names:
            await self.pilot.press(name)
            while self.console.busy:
                await self.pilot.pause()
            await self.pilot.pause()
        return self.console.shown

    async def to(self, text: str) -> None:
        """Go down to the first line that says so."""
        for _ in range(40):
            if text in self.console.chosen:
                return
            await self.press("down")
        raise AssertionError(f"no line to choose says {text!r}:\n{self.console.shown}")


@pytest.fixture
def desk(empty_desk: Desk) -> Desk:
    """The night of the screens; both products are away, and asked nevertheless."""
    empty_desk.lose_products()
    empty_desk.fill()
    return empty_desk


def sit(
    desk: Desk,
    walk: Callable[[Keys], Awaitable[None]],
    outside: Callable[[Sequence[str]], None] | None = None,
) -> None:
    """Open the console in the desk's folder and do as ``walk`` says."""

    async def sat() -> None:
        session = Session(desk.toml)
        with session.closing():
            console = Console(Runner(app, session), alone=outside)
            async with console.run_test(size=(80, 24)) as pilot:
                keys = Keys(console, pilot)
                await keys.press()
                while console.busy:
                    await pilot.pause()
                await walk(keys)

    asyncio.run(sat())


def test_it_begins_with_the_status_and_esc_ends_it(desk: Desk) -> None:
    status = desk.type("status").out.splitlines()

    async def walk(keys: Keys) -> None:
        command, *shown = keys.console.shown.splitlines()
        assert command == "sdsync status"
        assert shown[1:12] == status[1:12]
        await keys.press("escape")
        assert not keys.console.is_running or keys.console._exit

    sit(desk, walk)


def test_a_cause_is_looked_at_and_replayed_only_when_asked_twice(desk: Desk) -> None:
    async def walk(keys: Keys) -> None:
        await keys.to("7f3")
        assert "allowed: prod, stage, test" in await keys.press("enter")
        assert "would be tried again" in await keys.press("r")
        await keys.to("> sdsync dead replay 7f3")
        await keys.press("enter")
        assert keys.console.asks == ("dead", "replay", "7f3")
        await keys.press("escape")
        assert not keys.console.asks
        assert state(desk) == "parked"
        assert "will be tried again" in await keys.press("enter", "enter")

    sit(desk, walk)

    assert state(desk) != "parked"


def state(desk: Desk) -> str:
    store = open_store(None, None, path=desk.folder)
    try:
        share = store.share("h1")
        assert share is not None
        return str(share.replicas[1].groups["environment"].state)
    finally:
        store.close()


def test_p_pauses_what_the_line_names_and_lets_it_go_on(desk: Desk) -> None:
    async def walk(keys: Keys) -> None:
        await keys.to("escalations")
        assert "escalations is paused" in await keys.press("p", "enter")
        await keys.press("escape")
        await keys.to("escalations")
        await keys.press("p")
        assert keys.console.asks == ("resume", "escalations")
        assert "escalations goes on" in await keys.press("enter")

    sit(desk, walk)

    assert "is paused" not in desk.type("status").out


def test_t_tells_the_story_and_esc_goes_back_to_the_line(desk: Desk) -> None:
    async def walk(keys: Keys) -> None:
        await keys.to("7f3")
        await keys.press("enter")
        await keys.to("dev#882")
        assert (await keys.press("t")).startswith("sdsync trace dev#882\n")
        assert (await keys.press("escape")).startswith("sdsync dead show 7f3\n")
        assert "dev#882" in keys.console.chosen

    sit(desk, walk)


def test_a_conflict_is_chosen_and_its_editor_gets_the_terminal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Sequence[str]] = []

    async def walk(keys: Keys) -> None:
        await keys.to("9a1")
        shown = await keys.press("enter")
        assert "cancelled" in shown
        assert "resolved" in shown
        await keys.to("--edit")
        await keys.press("enter")
        assert not given
        await keys.press("enter")
        assert keys.foot.startswith("enter open")
        await keys.press("home")
        await keys.to("outcome dev")
        assert "outcome of desk#4712 is what dev says" in await keys.press("enter", "enter")

    def edits(words: Sequence[str]) -> None:
        given.append(words)
        looked.clear()

    run, looked = Runner.run, list[Sequence[str]]()

    def seen(runner: Runner, words: Sequence[str], width: int) -> Page:
        looked.append(words)
        return run(runner, words, width)

    monkeypatch.setattr(Runner, "run", seen)
    sit(desk, walk, edits)

    assert looked[0] == ("held", "show", "9a1")  # it may be ended by now
    assert given == [("held", "choose", "desk#4712", "outcome", "--edit")]


def test_a_screen_is_as_wide_as_the_terminal_that_it_is_read_on(desk: Desk) -> None:
    async def walk(keys: Keys) -> None:
        await keys.to("9a1")
        narrow = (await keys.press("enter")).splitlines()[1]
        await keys.pilot.resize_terminal(100, 30)
        while keys.console.shown.splitlines()[1] == narrow:
            await keys.pilot.pause()
        assert [len(narrow), len(keys.console.shown.splitlines()[1])] == [80, 100]

    sit(desk, walk)


def test_sixty_columns_and_fifteen_lines_are_enough_and_less_is_told(desk: Desk) -> None:
    async def walk(keys: Keys) -> None:
        await keys.pilot.resize_terminal(60, 15)
        while keys.console.size.width != 60 or keys.console.busy:
            await keys.pilot.pause()
        shown = (await keys.press("home")).splitlines()
        assert max(map(cell_len, shown)) <= 60
        assert keys.head.endswith(f" 1/{len(shown) - 1}")
        assert keys.foot == "enter open  esc quit  r replay  p pause  t trace"
        assert (await keys.press("end")).splitlines()[-1] == keys.console.chosen.rstrip()
        await keys.pilot.resize_terminal(40, 8)
        while keys.foot != "needs 60x15, has 40x8; all keys work":
            await keys.pilot.pause()

    sit(desk, walk)


def test_what_was_done_is_not_done_anew_after_an_editor(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, done = Runner.run, list[Sequence[str]]()

    def seen(runner: Runner, words: Sequence[str], width: int) -> Page:
        done.append(words)
        return run(runner, words, width)

    async def walk(keys: Keys) -> None:
        await keys.to("escalations")
        await keys.press("p", "enter")
        keys.console._do(("apply", "p-1"))
        await keys.press("home")

    monkeypatch.setattr(Runner, "run", seen)
    sit(desk, walk, lambda _: None)

    assert done.count(("pause", "escalations")) == 1


def test_without_colours_the_chosen_line_is_seen_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def walk(keys: Keys) -> None:
        await keys.press("home")
        shown = keys.console.query_one(OptionList)
        drawn = [
            {one.style and one.style.underline for one in shown.render_line(y)} for y in (0, 1)
        ]
        assert drawn[0] == {True}
        assert True not in drawn[1]

    sit(desk, walk)


def test_what_goes_wrong_is_told_with_its_cure(desk: Desk) -> None:
    async def walk(keys: Keys) -> None:
        await keys.to("7f3")
        await keys.press("enter")
        await keys.to("dev#882")
        desk.toml.write_text("[systems.desk]\nconnector = 1\n", encoding="utf-8")
        assert "sdsync.toml:2" in await keys.press("t")

    sit(desk, walk)


def test_a_long_story_is_read_from_its_first_line_to_its_last(desk: Desk) -> None:
    async def walk(keys: Keys) -> None:
        await keys.to("7f3")
        await keys.press("enter")
        await keys.to("dev#882")
        first, *story = (await keys.press("t")).splitlines()
        assert first == "sdsync trace dev#882"
        await keys.press("home")
        assert keys.console.chosen.rstrip() == story[0]
        await keys.press("end")
        assert keys.console.chosen.rstrip() == story[-1]

    sit(desk, walk)


def test_a_key_that_finds_nothing_says_so(desk: Desk) -> None:
    async def walk(keys: Keys) -> None:
        before = keys.console.shown
        for key in ("r", "t"):
            assert await keys.press(key) == before

    sit(desk, walk)


def test_without_a_terminal_it_names_the_command_that_does(desk: Desk) -> None:
    ran = desk.type("console")

    assert ran.code == 2
    assert "> sdsync status" in ran.err


def test_esc_does_not_wait_for_a_screen_that_is_still_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, answered = Runner.run, threading.Event()

    def slow(runner: Runner, words: Sequence[str], width: int) -> Page:
        if words[0] == "dead":
            answered.wait(60)  # only a test that failed waits so long
        return run(runner, words, width)

    async def walk(keys: Keys) -> None:
        await keys.to("7f3")
        await keys.pilot.press("enter")
        assert keys.head == "sdsync dead show 7f3  …"
        await keys.pilot.press("escape")
        assert keys.console.shown.startswith("sdsync status\n")
        answered.set()

    monkeypatch.setattr(Runner, "run", slow)
    sit(desk, walk)


def test_a_screen_that_asks_no_product_follows_what_happens(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "FRESH_S", 0.3)

    async def walk(keys: Keys) -> None:
        assert "is paused" not in keys.console.shown
        store = open_store(None, None, path=desk.folder)
        store.commit(Change(pauses=[Pause("system:dev", NOW, "ops-2", None)]))
        store.close()
        while "system:dev is paused by ops-2" not in keys.console.shown:
            await keys.pilot.pause()

    sit(desk, walk)


def test_what_it_says_stands_until_the_next_key(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, runs = Runner.run, list[Sequence[str]]()

    def counted(runner: Runner, words: Sequence[str], width: int) -> Page:
        runs.append(words)
        return run(runner, words, width)

    monkeypatch.setattr(Runner, "run", counted)
    monkeypatch.setattr(console, "FRESH_S", 0.2)

    async def walk(keys: Keys) -> None:
        await keys.press("home", "t")
        said, before = keys.foot, len(runs)
        assert said == "t traces a record; this line names none"
        while len(runs) < before + 3:
            await keys.pilot.pause()
        assert keys.foot == said
        await keys.press("down")
        assert keys.foot.startswith("enter open")

    sit(desk, walk)


def test_enter_on_the_second_line_of_a_trouble_opens_it(desk: Desk) -> None:
    long_text = "dev allows no way from New to Waiting for customer in infra; did you mean Waiting?"
    store = open_store(None, None, path=desk.folder)
    (cause,) = [one for one in store.causes() if one.id == "7f3"]
    store.commit(Change(causes=[replace(cause, text=long_text)]))
    store.close()

    async def walk(keys: Keys) -> None:
        await keys.to("did you mean")
        assert "7f3" not in keys.console.chosen
        assert (await keys.press("enter")).startswith("sdsync dead show 7f3\n")

    sit(desk, walk)


def loop(desk: Desk) -> None:
    """What is held of the second record is no conflict, but a suspected loop."""
    store = open_store(None, None, path=desk.folder)
    share = store.share("h2")
    assert share is not None
    for one in share.replicas:
        one.groups = {"notes": GroupRow(GroupState.HELD, NOW, cause="9a1", note="loop suspected")}
    store.commit(Change(shares=[share]))
    store.close()


def test_r_replays_the_cause_of_a_held_loop(desk: Desk) -> None:
    loop(desk)

    async def walk(keys: Keys) -> None:
        await keys.to("9a1")
        assert (await keys.press("r")).startswith("sdsync held show 9a1\n")
        assert "> sdsync dead replay 9a1" in keys.console.shown
        shown = await keys.press("r")
        assert shown.startswith("sdsync dead replay 9a1 --dry-run\n")
        assert "would be tried again" in shown

    sit(desk, walk)


def test_a_replay_of_a_record_names_what_is_held_of_it(desk: Desk) -> None:
    loop(desk)

    replayed = desk.type("dead", "replay", "desk#4712", "--dry-run")

    assert replayed.out == (
        "nothing is parked for desk#4712; held under 9a1: notes\n> sdsync dead replay 9a1\n"
    )


def test_a_replay_of_a_record_leads_to_the_choice_that_it_waits_for(desk: Desk) -> None:
    replayed = desk.type("dead", "replay", "desk#4712")

    assert replayed.out == (
        "nothing is parked for desk#4712; held under 9a1: status (outcome)\n"
        "> sdsync held show desk#4712\n"
    )
