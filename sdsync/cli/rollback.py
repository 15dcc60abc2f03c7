"""Putting a former version of a mapping back into its file; a reload reads it there."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sdsync.cli import translators
from sdsync.cli.codes import Code, CommandError
from sdsync.cli.looks import versions as looks
from sdsync.sync.watch import activating

if TYPE_CHECKING:
    from sdsync.cli.session import Session
    from sdsync.config.model import Config
    from sdsync.store.records import MappingVersion


@dataclass(frozen=True, slots=True)
class Own:
    """A mapping's own file of the site, there or not, and the systems that read it."""

    mapping: str
    system: str
    kind: str
    path: Path
    sharing: tuple[str, ...]

    @property
    def file(self) -> str:
        """As people name it."""
        return f"{self.path.parent.name}/{self.path.name}"

    def present(self) -> str | None:
        """What stands there; None: nothing."""
        if not self.path.exists():
            return None
        try:
            return self.path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{self.file} cannot be read: {error}", cure=_LOOK) from None


@dataclass(frozen=True, slots=True)
class Rolled:
    """What a rollback did, or would do. ``changed`` holds the lines that went and came."""

    mapping: str
    file: str
    in_force: int
    to: int
    by: str | None
    since: datetime
    changed: Sequence[str]
    kept: str | None
    syncs: Sequence[str]
    dry_run: bool


_LOOK = "sdsync mappings check"


def own(config: Config, system: str, kind: str) -> Own:
    """The file of one mapping."""
    from sdsync.mappings.site import file_of

    names = {one.name: one.mapping or one.name for one in config.systems.values()}
    path = file_of(translators.folder_of(config), names[system], kind)
    sharing = tuple(
        name
        for name, file in names.items()
        if file == names[system] and kind in translators.kinds(config, name)
    )
    return Own(activating.name_of(system, kind), system, kind, path, sharing)


def every(config: Config) -> list[Own]:
    """All mappings of a configuration."""
    return [
        own(config, system, kind)
        for system in config.systems
        for kind in translators.kinds(config, system)
    ]


def named(config: Config, mapping: str) -> Own:
    """The mapping that somebody typed.

    Raises:
        CommandError: There is none of that name.
    """
    known = {one.mapping: one for one in every(config)}
    if mapping in known:
        return known[mapping]
    told = f"no mapping is called {mapping}; there are {', '.join(known)}"
    raise CommandError(told, cure="sdsync mappings history", code=Code.USAGE)


def rollback(session: Session, one: Own, to: int | None, *, dry_run: bool) -> Rolled:
    """Put a former version's text into the file; what stands there is kept.

    It is kept in the history, where it was in force once, else in a file beside.

    Raises:
        CommandError: There is no such version, or the file cannot be written.
        ConfigError: The version cannot be read any more: a table or pack changed.
    """
    known = [version for version in session.store.mapping_versions(one.mapping) if version.n]
    version = _former(one, known, to)
    present = one.present()
    changed = list(looks.changes(present, version.text))
    if present != version.text and not changed:
        changed = ["(other line ends)"]
    syncs = [
        name for name, sync in session.config.syncs.items() if {*sync.systems} & {*one.sharing}
    ]
    kept = None
    if changed:
        reads_as = {name: _reads_as(session.config, name, one, version) for name in one.sharing}
        if not dry_run:
            kept = _keep(one, present, known, session.now)
            _put(session, one, version, reads_as)
    return Rolled(one.mapping, one.file, known[0].n, version.n, version.by, version.at, changed,
                  kept, syncs, dry_run)  # fmt: skip


def changed(session: Session, wanted: Sequence[Own], number: int) -> list[str]:
    """The lines that one version of one mapping changed.

    Raises:
        CommandError: There is no such version, or not one mapping was named.
    """
    if len(wanted) != 1:
        cure = f"sdsync mappings history MAPPING --diff {number}"
        raise CommandError("say which mapping", cure=cure, code=Code.USAGE)
    known = [version for version in session.store.mapping_versions(wanted[0].mapping) if version.n]
    version = _former(wanted[0], known, number)
    before = next((one for one in known if one.n < number), None)
    return list(looks.changes(before.text if before else None, version.text))


def _former(one: Own, known: Sequence[MappingVersion], to: int | None) -> MappingVersion:
    cure = f"sdsync mappings history {one.mapping}"
    if not known:
        raise CommandError(f"{one.mapping} was never in force", cure="sdsync run")
    if to is not None:
        found = next((version for version in known if version.n == to), None)
        if found is None:
            raise CommandError(f"{one.mapping} has no v{to}", cure=cure)
        return found
    # Before its first time: who rolls back twice goes further back, and not forth again.
    first = max(n for n, version in enumerate(known) if version.text == known[0].text)
    if first + 1 == len(known):
        raise CommandError(f"the file of {one.mapping} was no other before", cure=cure)
    return known[first + 1]


def _reads_as(config: Config, system: str, one: Own, version: MappingVersion) -> str:
    """The digest of a system's mapping, were the version's text its file."""
    from sdsync.mappings.compile import compile_mapping

    settings = config.systems[system]
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / one.path.parent.name  # so problems name it as people do
        folder.mkdir()
        if version.text is not None:
            (folder / one.path.name).write_bytes(version.text.encode())
        tables = {name: config.table(name) for name in config.tables}
        made = compile_mapping(
            system, settings.connector, one.kind, folder=folder, tables=tables,
            name=settings.mapping,
        )  # fmt: skip
        return made.version


def _keep(
    one: Own, present: str | None, known: Sequence[MappingVersion], now: datetime
) -> str | None:
    """A copy of what the history does not have; its name, or None."""
    from sdsync.cli.newfile import write

    if present is None or any(version.text == present for version in known):
        return None
    beside = one.path.with_name(f"{one.path.name}.kept-{now:%Y%m%dT%H%M%S}")
    write(beside, present, overwrite=False)
    return f"{beside.parent.name}/{beside.name}"


def _put(session: Session, one: Own, version: MappingVersion, reads_as: dict[str, str]) -> None:
    """Say who does it, then do it: what was only said is in force never."""
    from sdsync.cli.newfile import write

    for system, digest in reads_as.items():
        named = replace(version, mapping=activating.name_of(system, one.kind))
        activating.put_back(session.store, named, digest, session.by, session.utc)
    if version.text is not None:
        write(one.path, version.text, overwrite=True)
        return
    try:
        one.path.unlink()
    except OSError as error:
        raise CommandError(f"{one.file}: {error.strerror}", cure=_LOOK) from None
