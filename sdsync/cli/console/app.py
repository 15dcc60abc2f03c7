"""The console on a terminal: one screen at a time, a line to choose, five keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList, Static

from sdsync.cli.console import outside
from sdsync.cli.console.lines import (
    Kind,
    Known,
    Subject,
    about,
    command_of,
    kind_of,
    replayed,
    subjects,
    typed,
    words_of,
)
from sdsync.cli.console.running import Runner
from sdsync.cli.output import WIDEST
from sdsync.cli.page import Page, clip, ends, plain

T = TypeVar("T")

#: Screens that cost no call to a product are drawn again after so long.
FRESH_S = 3.0
#: Columns and lines with which all is within reach; on fewer columns lines go on below.
LEAST, LINES = 60, 15
_FRESH = {("status",), ("trace",), ("dead", "list"), ("held", "list")}
#: Asks the products: drawn once.
_COSTLY = {("dead", "show")}
_KEYS = "enter open  esc back  r replay  p pause  t trace"


@dataclass(slots=True)
class Visit:
    """One screen that was opened, and where its reader stands."""

    words: tuple[str, ...]
    page: Page = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    about: Subject = field(default_factory=Subject)
    at: int | None = None
    width: int = 0


class Console(App[None]):
    """Browses the screens of commands."""

    #: The terminal's own two colours; what stands out is reversed, like a pager's line.
    CSS = """
    Screen, OptionList, OptionList:focus {
        color: ansi_default; background: ansi_default; border: none; padding: 0;
    }
    #head, #foot { height: 1; text-style: reverse; }
    OptionList { height: 1fr; scrollbar-size: 0 0; }
    OptionList > .option-list--option, OptionList > .option-list--option-hover {
        color: ansi_default; background: ansi_default; text-style: none; padding: 0;
    }
    OptionList > .option-list--option-highlighted,
    OptionList:focus > .option-list--option-highlighted {
        color: ansi_bright_white; background: ansi_blue; text-style: bold;
    }
    OptionList.plain > .option-list--option-highlighted,
    OptionList.plain:focus > .option-list--option-highlighted { text-style: bold underline; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave"),
        Binding("r", "replay"),
        Binding("p", "pause"),
        Binding("t", "trace"),
        Binding("ctrl+c", "quit", priority=True),
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, runner: Runner, *, alone: Callable[[Sequence[str]], None] | None = None):
        """Nothing is drawn yet.

        Args:
            alone: Runs a command that wants the terminal for itself.
        """
        super().__init__(ansi_color=True)
        self.bug: BaseException | None = None
        self._runner, self._alone = runner, alone or self._in_terminal
        # One at a time and in order: a connection of the store belongs to one thread.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="console")
        self._visits: list[Visit] = []
        self._said = ""  # until the next key, whatever is drawn meanwhile
        self._asked: tuple[str, ...] = ()
        self._asked_at: int | None = None
        self._busy = False
        self._width = LEAST

    # -- the screen ----------------------------------------------------------------------
    def compose(self) -> ComposeResult:
        """The command's line, its screen, the keys."""
        yield Static(id="head", markup=False)
        # Without colours bold alone would not tell the line from a heading.
        yield OptionList(markup=False, classes="plain" if os.environ.get("NO_COLOR") else None)
        yield Static(id="foot", markup=False)

    def on_mount(self) -> None:
        """Begin where the command line begins."""
        self._open(("status",))
        self.set_interval(FRESH_S, self._refresh)

    def on_unmount(self) -> None:
        """Leave nothing running."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def on_resize(self, event: events.Resize) -> None:
        """Screens are as wide as the terminal."""
        # The size of the app itself is still the one before.
        self._width = min(max(event.size.width, LEAST), WIDEST)
        if self._visits and not self._asked:
            visit = self._visits[-1]
            looks = kind_of(visit.words) is Kind.LOOK and visit.words[:2] not in _COSTLY
            if looks and visit.width != self._width:
                self._again(visit)
            self.call_after_refresh(self._say)

    @property
    def busy(self) -> bool:
        """Whether the screen on top is still being made."""
        return self._busy

    @property
    def asks(self) -> tuple[str, ...]:
        """The command that one more Enter runs; empty when nothing is asked."""
        return self._asked

    @property
    def shown(self) -> str:
        """The screen on top, as a pipe sees it; after the command that made it."""
        visit = self._visits[-1]
        return f"sdsync {typed(visit.words)}\n{plain(visit.page)}"

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    def _draw(self, visit: Visit) -> None:
        shown = self._list
        shown.clear_options()
        shown.add_options(visit.page)
        if visit.at is None:
            near = enumerate(visit.subjects[: shown.size.height])
            visit.at = next((n for n, subject in near if subject.any), 0)
        shown.highlighted = min(visit.at, len(visit.page) - 1) if visit.page else None
        self._say()

    def _say(self, text: str = "") -> None:
        """The first line names the command; the last one what was said or is asked, or the keys."""
        self._said = text or self._said
        visit, (width, height) = self._visits[-1], self.size
        head = f"sdsync {typed(visit.words)}{'  …' if self._busy else ''}"
        self.query_one("#head", Static).update(ends(Text(head), self._where(visit), width))
        asked = f"enter does it, esc leaves it: sdsync {typed(self._asked)}" if self._asked else ""
        keys = _KEYS if len(self._visits) > 1 else _KEYS.replace("back", "quit")
        if width < LEAST or height < LINES:
            keys = f"needs {LEAST}x{LINES}, has {width}x{height}; all keys work"
        self.query_one("#foot", Static).update(Text(clip(self._said or asked or keys, width)))

    def _where(self, visit: Visit) -> str:
        """``12/40`` where not all lines of the screen fit."""
        at, lines = self._list.highlighted, len(visit.page)
        fits = self._list.virtual_size.height <= self._list.size.height
        return "" if at is None or fits or not lines else f"{at + 1}/{lines}"

    # -- going on and back -----------------------------------------------------------------
    def _open(self, words: tuple[str, ...]) -> None:
        """A new screen on top; the one below stays as it was."""
        if self._visits:
            self._visits[-1].at = self._list.highlighted
        self._visits.append(Visit(words))
        self._ask(self._visits[-1])

    def _ask(self, visit: Visit) -> None:
        self._busy = True
        self._say()
        visit.width = width = self._width

        def work() -> tuple[Page, Known]:
            page = self._runner.run(visit.words, width)
            return page, self._runner.known()

        self._beside(work, lambda found: self._came(visit, width, *found))

    def _came(self, visit: Visit, width: int, page: Page, known: Known) -> None:
        """A screen is there; nobody may be waiting for it any more, or for one of its width."""
        if width != visit.width:
            return
        visit.page, visit.subjects = page, subjects(page, known)
        visit.about = about(visit.words, known)
        if self._visits[-1] is visit:
            self._busy = False
            # What is asked is asked of the line as it stood.
            self._say() if self._asked else self._draw(visit)

    def _beside(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Work that reads the store or asks a product; ``then`` is back in the console's thread."""

        def ended(done: Future[T]) -> None:
            if done.cancelled():
                return
            error = done.exception()
            if error is None:
                self.call_later(then, done.result())
            else:
                self.call_later(self._failed, error)

        self._worker.submit(work).add_done_callback(ended)

    def _failed(self, error: BaseException) -> None:
        """A bug ends the console; whoever ran it raises it, on a terminal that is whole again."""
        self.bug = error
        self.exit()

    def _refresh(self) -> None:
        # Whoever ignores SIGHUP, as under nohup, is told of a closed window by nothing else.
        if not self.is_headless and not os.isatty(0):
            self.exit()
        if not self._visits or self._busy or self._asked:
            return
        visit = self._visits[-1]
        if {visit.words[:1], visit.words[:2]} & _FRESH:
            self._again(visit)

    def _again(self, visit: Visit) -> None:
        """The screen on top anew; its reader stays where they are."""
        if not self._busy:
            visit.at = self._list.highlighted
        self._ask(visit)

    def action_leave(self) -> None:
        """Leave what is asked, else the screen, else the console."""
        if self._asked:
            self._asked = ()
            self._say()
        elif len(self._visits) > 1:
            self._visits.pop()
            self._busy = False
            self._draw(self._visits[-1])
            self._refresh()
        else:
            self.exit()

    # -- the keys ----------------------------------------------------------------------------
    async def on_event(self, event: events.Event) -> None:
        """What was said was read: a key comes here first, and once more when it was dealt with."""
        if isinstance(event, events.Key) and not event.is_forwarded and self._said:
            self._said = ""
            self._say()
        await super().on_event(event)

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        """Enter: what is asked, else the line's command, else its record or cause."""
        if self._asked:
            words, self._asked = self._asked, ()
            self._do(words)
            return
        subject = self._subject
        if subject.words:
            self._begin(subject.words)
        elif (command := command_of(self.chosen)) is not None and not words_of(command):
            self._say(f"fill it in at a shell: sdsync {command}")
        elif subject.ref:
            self._begin(("trace", subject.ref))
        elif subject.cause:
            self._begin(("held" if subject.held else "dead", "show", subject.cause))
        elif subject.scope:
            self._say(f"p pauses {subject.scope}, or lets it go on")
        else:
            self._say("there is nothing behind this line")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Who moves on does not do what was asked."""
        if event.option_index != self._asked_at:
            self._asked = ()
        self._say()

    def action_replay(self) -> None:
        """Show what a replay of the line's record or cause would try again."""
        one = self._acting
        screen = self._visits[-1]
        on_held = screen.words[:2] == ("held", "show")
        if on_held and (cause := replayed(screen.subjects)):
            self._begin(("dead", "replay", cause, "--dry-run"))
        elif one.cause and one.held:
            self._begin(("held", "show", one.cause))
        elif what := one.ref or one.cause:
            self._begin(("dead", "replay", what, "--dry-run"))
        else:
            self._say("r replays a record or a cause; this line names none")

    def action_pause(self) -> None:
        """Pause the line's record, system or sync, or let it go on."""
        one = self._acting
        if what := one.ref or one.scope:
            visit, self._busy = self._visits[-1], True
            self._beside(
                lambda: self._runner.steering(what), lambda words: self._steer(visit, words)
            )
        else:
            self._say("p pauses a record, a system or a sync; this line names none")

    def _steer(self, visit: Visit, words: tuple[str, ...]) -> None:
        if self._visits[-1] is visit:
            self._busy = False
            self._begin(words)

    def action_trace(self) -> None:
        """Show the story of the line's record."""
        if ref := self._acting.ref:
            self._begin(("trace", ref))
        else:
            self._say("t traces a record; this line names none")

    @property
    def _subject(self) -> Subject:
        at, visit = self._list.highlighted, self._visits[-1]
        return visit.subjects[at] if at is not None and at < len(visit.subjects) else Subject()

    @property
    def chosen(self) -> str:
        """The line that keys act on."""
        at, visit = self._list.highlighted, self._visits[-1]
        return visit.page[at].plain if at is not None and at < len(visit.page) else ""

    @property
    def _acting(self) -> Subject:
        """What the line names, else what the whole screen is about."""
        one = self._subject
        return one if one.named else self._visits[-1].about

    def _begin(self, words: tuple[str, ...]) -> None:
        """Look at once; ask before anything is changed."""
        if kind_of(words) is Kind.LOOK:
            self._open(words)
        else:
            self._asked, self._asked_at = words, self._list.highlighted
            self._say()

    def _do(self, words: tuple[str, ...]) -> None:
        if kind_of(words) is Kind.DEED:
            self._open(words)
        else:
            self._alone(words)
            if kind_of(self._visits[-1].words) is Kind.LOOK:  # a deed is never done anew
                self._again(self._visits[-1])  # what it shows may be mended by now
            else:
                self._say()

    def _in_terminal(self, words: Sequence[str]) -> None:
        """Give the terminal to a command that asks, edits or takes long."""
        with self.suspend():
            outside.run(words)
