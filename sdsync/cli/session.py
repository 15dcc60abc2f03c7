"""What one command works with: settings, store, clock, streams; each opened when first needed."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sdsync.cli.codes import CommandError
from sdsync.cli.output import Output

if TYPE_CHECKING:
    from sdsync.cli.asking import Asking
    from sdsync.cli.page import Page
    from sdsync.cli.progress import Bar
    from sdsync.config.model import Config
    from sdsync.mappings.contract import Mapping as FieldMapping
    from sdsync.mappings.contract import People
    from sdsync.store.contract import Store
    from sdsync.store.records import Share
    from sdsync.store.sql import SqlStore

CONFIG_FILE = "sdsync.toml"


class Session:
    """One command's run. Tests give a store and a clock of their own."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        as_json: bool = False,
        whole: bool = True,
        store: Store | None = None,
        now: datetime | None = None,
        out: Output | None = None,
    ) -> None:
        self.path = path or Path(CONFIG_FILE)
        self.as_json = as_json
        self._whole = whole  # whether settings without systems or syncs are refused
        self.out = out or Output()
        self.err = Output(sys.stderr)
        self._store = store
        self._now = now

    @contextlib.contextmanager
    def waiting(self) -> Iterator[Bar]:
        """A bar for what takes its time: on a terminal alone, and gone in the end."""
        from sdsync.cli.progress import Bar

        bar = Bar(self.err.stream, quiet=self.as_json)
        try:
            yield bar
        finally:
            bar.clear()

    @cached_property
    def config(self) -> Config:
        """The settings; all of their problems are told at once when there are any."""
        from sdsync.cli import translators
        from sdsync.config.load import PartlySoundError, load
        from sdsync.config.problems import ConfigError

        if not self.path.is_file():
            other = "-c FILE, or SDSYNC_CONFIG=FILE, names another"
            if self.path.is_dir():
                raise CommandError(f"{self.path} is a folder", cure=other)
            told = f"{self.path} is not there"
            raise CommandError(told, cure=f"sdsync init makes one; {other}")
        try:
            return load(self.path, whole=self._whole)
        except ConfigError as error:
            more = translators.problems(error.sound) if isinstance(error, PartlySoundError) else ()
            raise ConfigError([*error.problems, *more]) from None

    @cached_property
    def store(self) -> Store:
        """The store that the settings name."""
        from sdsync.cli import rooms

        return self._store or rooms.open_store(self.config)

    @property
    def sql(self) -> SqlStore:
        """The same store, with what only a database can do."""
        from sdsync.store.sql import SqlStore

        if not isinstance(self.store, SqlStore):
            raise CommandError("this store is no database")
        return self.store

    @property
    def now(self) -> datetime:
        """Aware, in the reader's own zone."""
        return self._now or datetime.now().astimezone()

    @property
    def utc(self) -> datetime:
        """The same instant as everything is stored."""
        return self.now.astimezone(UTC)

    @property
    def by(self) -> str:
        """Who types: the person behind sudo, else the account."""
        with contextlib.suppress(KeyError, OSError):
            return os.environ.get("SUDO_USER") or getpass.getuser()
        return f"uid {os.getuid()}"

    @property
    def systems(self) -> Sequence[str]:
        """Names of the configured systems, as written."""
        return tuple(self.config.systems)

    @cached_property
    def mappings(self) -> Mapping[str, FieldMapping]:
        """Ticket mappings by system; empty when they cannot be read, which ``check`` tells."""
        from sdsync.cli import translators

        return translators.tickets(self.config)

    @cached_property
    def people(self) -> People:
        """Who is who, from what the systems told and the site's own tables."""
        from sdsync.sync.assemble import people_of
        from sdsync.sync.capture.people import KnownPeople

        tables = {name: self.config.table(name) for name in self.config.tables}
        return KnownPeople(self.store, lambda store: people_of(store, self.config, tables))

    def asking(self, *, offline: bool = False) -> Asking:
        """The systems themselves, to be asked about a record."""
        from sdsync.cli.asking import Asking

        return Asking(self.config, self.store, self.now, offline=offline)

    def share(self, ref: str) -> Share:
        """The shared record that somebody typed."""
        from sdsync.cli.looks import refs, unshared

        try:
            return refs.find(self.store, ref, self.systems)
        except refs.NotFoundError as error:
            told = unshared.why(self.store, self.config, ref, self.now) or str(error)
            raise CommandError(told, cure="sdsync status") from None

    def show(self, value: object, page: Page) -> None:
        """A look: as JSON where that was asked for, else as the page."""
        if self.as_json:
            self.out.json(value)
        else:
            from sdsync.cli.again import page_here

            self.out.page(page_here(page))

    @contextlib.contextmanager
    def closing(self) -> Iterator[Session]:
        """Close the store in the end, if it was opened here."""
        try:
            yield self
        finally:
            opened = self.__dict__.get("store")
            if opened is not None and self._store is None:
                opened.close()
