"""Run a command line in this process and keep its screen."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import typer

from sdsync.cli import wrong
from sdsync.cli.console.lines import Known
from sdsync.cli.looks import refs
from sdsync.cli.output import Output
from sdsync.cli.page import Page, line
from sdsync.cli.session import Session

if TYPE_CHECKING:
    from rich.text import Text


class Kept(Output):
    """Keeps a screen in place of printing it."""

    def __init__(self, width: int) -> None:
        super().__init__(io.StringIO())
        self.kept: Page = []
        self._width = width

    @property
    def width(self) -> int:
        """Of the console's own terminal."""
        return self._width

    def line(self, text: Text | str) -> None:
        """One line more."""
        self.kept.append(line(text) if isinstance(text, str) else text)


class Inside(Session):
    """The session of a command that the console runs; its store is the console's."""

    def __init__(self, host: Session, width: int) -> None:
        self.kept = Kept(width)
        super().__init__(host.path, store=host.store, out=self.kept)
        self.err = self.kept

    def show(self, value: object, page: Page) -> None:
        """The page; that it was made with ``-c FILE`` the console knows itself."""
        self.out.page(page)


class Runner:
    """Runs commands one after the other; settings and mappings are read anew each time."""

    def __init__(self, app: typer.Typer, host: Session) -> None:
        self._command = typer.main.get_command(app)
        self._host = host

    def run(self, words: Sequence[str], width: int) -> Page:
        """The screen of ``sdsync WORDS``, a message included where it failed.

        Raises:
            Exception: A bug; whatever a person can cure is on the page.
        """
        session = Inside(self._host, width)
        try:
            self._command.main(
                args=list(words), prog_name="sdsync", standalone_mode=False, obj=session
            )
        except click.ClickException as error:
            session.out.line(error.format_message())
        except Exception as error:  # those that are no cure's are raised again
            session.out.page(wrong.page(wrong.translated(error), error))
        return session.kept.kept

    def known(self) -> Known:
        """The names of today."""
        causes = self._host.store.causes()
        return Known(
            {one.id for one in causes},
            {*self._host.config.systems, *self._host.config.syncs},
            {one.id for one in causes if one.kind == "held"},
        )

    def steering(self, named: str) -> tuple[str, str]:
        """The command that pauses a record, system or sync, or lets it go on where it is paused."""
        paused = {one.scope for one in self._host.store.pauses()}
        scopes = {f"system:{named}", f"sync:{named}", f"record:{self._hub_id(named)}"}
        return ("resume" if paused & scopes else "pause", named)

    def _hub_id(self, named: str) -> str | None:
        try:
            return refs.find(self._host.store, named, self._host.systems).hub.id
        except refs.NotFoundError:  # then `pause` says so
            return None
