"""A service-desk-like product in memory: what people and accounts can do in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sdsync.connectors.contract import FieldChange
from sdsync.store.records import Json
from sdsync.testing.simulated.clock import VirtualClock
from sdsync.testing.simulated.flavours import Flavour, Rule, Setting
from sdsync.testing.simulated.things import OURS, Actor, File, Log, Note, Place, Record


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that became visible in a product, told to who watches."""

    product: str
    what: str  # born | fields | note | note edited | note removed | file | file removed | …
    record: Record
    by: str
    thing: Note | File | Log | None = None
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the product's own log, in order."""

    record_id: str
    at: datetime
    by: str
    deleted: bool


class Refused(Exception):  # noqa: N818  it names what the product did
    """The product does not do this. ``paths`` are to blame."""

    def __init__(self, paths: Sequence[str], why: str) -> None:
        super().__init__(why)
        self.paths = tuple(paths)


class SimulatedProduct:
    """One instance of a flavour. Records are found by their immutable id."""

    def __init__(self, name: str, flavour: Flavour, setting: Setting, clock: VirtualClock) -> None:
        self.name = name
        self.flavour = flavour
        self.clock = clock
        self.offset = timedelta(seconds=setting.clock_offset_s)
        self.people: dict[str, Actor] = {}
        self.places = {
            one.key: Place(
                one.key, f"{name}-p{number}", one.default_audience, one.public,
                one.private_right, one.may_create,
            )
            for number, one in enumerate(setting.places, 1)
        }  # fmt: skip
        self.records: dict[str, Record] = {}
        self.log: list[Logged] = []
        self.keyed: dict[str, str] = {}  # idempotency key -> id of what it made
        self.read: set[str] = set()  # ids of records that our account was shown
        self.unheard: set[str] = set()  # ids of those whose newest event the feed lost
        self.twice = False  # what happens now is a call that somebody on the way repeated
        self.late = False  # what happens now is a call that landed after it was given up
        self.tell: Callable[[str], None] = lambda _: None  # what of its own nature struck
        self.watch: Callable[[Seen], None] = lambda _: None
        self.automation: Callable[[Record, tuple[str, ...], str], None] = lambda *_: None
        self._numbers = 0
        self._elements: Counter[str] = Counter()
        self.us = self.hire(OURS, human=False)

    # -- people ----------------------------------------------------------------
    def hire(self, login: str, *, human: bool = True) -> str:
        """Give somebody an account; the native id."""
        native_id = self.flavour.person_form.format(login=login, number=100 + len(self.people))
        self.people[native_id] = Actor(
            native_id, login, f"{login}@example.org", login.title(), human
        )
        return native_id

    def person(self, login: str) -> str | None:
        """The native id behind a login; None: no account here."""
        return next((one.native_id for one in self.people.values() if one.login == login), None)

    # -- time --------------------------------------------------------------------
    def now(self) -> datetime:
        """The product's own, possibly wrong, clock at the resolution of its stamps."""
        now = self.clock.now() + self.offset
        if self.flavour.capabilities.stamp_resolution_s >= 1:
            return now.replace(microsecond=0)
        return now

    # -- records -----------------------------------------------------------------
    def create(
        self, place: str, values: Mapping[str, Json], *, by: str, truth: str,
        intent: str | None = None,
    ) -> Record:  # fmt: skip
        """Make a record; values that are not given start as the product says."""
        self._open(place, creating=True)
        self._numbers += 1
        start: dict[str, Json] = {
            path: [] if rule.multiple else rule.start for path, rule in self.flavour.rules.items()
        }
        now = self.now()
        record = Record(
            id=str(self._numbers), number=self._numbers, truth=truth, place=place,
            values=start, created_at=now, created_by=by, updated_at=now,
            made_at=self.clock.now(), changed_at=self.clock.now(), intent=intent,
        )  # fmt: skip
        accepted, _ = self.judge(record, values, by=by, birth=True)
        record.values.update(accepted)
        record.born_values = dict(record.values)
        record.indexed_at = self.clock.now() + timedelta(seconds=self.flavour.search_lag_s)
        self.records[record.id] = record
        self._changed(record, "born", by, paths=tuple(accepted))
        return record

    def judge(
        self, record: Record, values: Mapping[str, Json], *, by: str, birth: bool = False
    ) -> tuple[dict[str, Json], list[str]]:
        """What of ``values`` the product would take, cut to size, and what it would not."""
        accepted: dict[str, Json] = {}
        refused: list[str] = []
        for path, value in values.items():
            rule = self.flavour.rules.get(path)
            if rule is None or not self._fits(record, path, rule, value, birth=birth, by=by):
                refused.append(path)
            elif rule.limit is not None and isinstance(value, str):
                accepted[path] = value[: rule.limit].rstrip()
            else:
                accepted[path] = list(value) if isinstance(value, (list, tuple)) else value
        return accepted, refused

    def write(
        self, record: Record, values: Mapping[str, Json], *, by: str, automatic: bool = False
    ) -> tuple[str, ...]:
        """Change fields; the paths that changed. What does not fit is left as it was."""
        self._open(record.place)
        accepted, _ = self.judge(record, values, by=by)
        changed = tuple(path for path, new in accepted.items() if record.values[path] != new)
        now = self.now()
        for path in changed:
            record.history.append(
                FieldChange(path, now, by, record.values[path], accepted[path], automatic)
            )
            record.values[path] = accepted[path]
            if self._is_person(by) and not automatic:
                record.by_people[path] = self.clock.now()
        if changed:
            self._changed(record, "fields", by, paths=changed)
            self.automation(record, changed, by)
        return changed

    def move(self, record: Record, place: str, *, by: str) -> None:
        """Put the record into another place; its key may change, its id does not."""
        self._open(place)
        record.history.append(
            FieldChange(self.flavour.place_path, self.now(), by, record.place, place)
        )
        record.place = place
        self._changed(record, "moved", by, paths=(self.flavour.place_path,))

    def merge(self, loser: Record, survivor: Record, *, by: str) -> None:
        """The loser's id answers with the survivor from now on."""
        loser.merged_into = survivor.id
        self._changed(loser, "merged", by)
        self._changed(survivor, "fields", by)

    def delete(self, record: Record, *, by: str) -> None:
        """Remove the record for good."""
        record.deleted = True
        self._changed(record, "deleted", by)

    def clone(self, record: Record, *, by: str, truth: str, text: str) -> Record:
        """A person's copy of a record: all fields, the mark's too, under a new text."""
        values = {**record.values, self.flavour.text_path: text}
        return self.create(record.place, values, by=by, truth=truth)

    # -- notes, files and work ---------------------------------------------------------
    def note(
        self, record: Record, body: str, *, internal: bool, by: str, truth: str,
        mark: str | None = None, intent: str | None = None,
    ) -> Note:  # fmt: skip
        """Add a note; an account without the right loses the flag silently."""
        self._open(record.place)
        flag = internal and self.flavour.private_flag
        dropped = flag and by == self.us and not self.places[record.place].private_right
        if dropped:
            self.tell("private flag dropped")
            flag = False
        note = Note(
            self._next_id("note"), truth, by, self.now(), body, flag,
            mark if self.flavour.note_marks else None, intent, dropped=dropped,
        )  # fmt: skip
        record.notes.append(note)
        self._changed(record, "note", by, note)
        self._react(record, note)
        return note

    def edit_note(
        self, record: Record, note: Note, *, by: str, body: str, internal: bool, truth: str
    ) -> None:
        """Change a note where it stands."""
        self._open(record.place)
        note.body, note.truth = body, truth
        note.internal = internal and self.flavour.private_flag
        note.edited_at = self.now()
        self._changed(record, "note edited", by, note)

    def remove_note(self, record: Record, note: Note, *, by: str) -> None:
        """Take a note away."""
        record.notes.remove(note)
        self._changed(record, "note removed", by, note)

    def attach(
        self, record: Record, name: str, content: bytes, *, internal: bool, by: str, truth: str,
        media_type: str = "text/plain", intent: str | None = None,
    ) -> File:  # fmt: skip
        """Add a file."""
        self._open(record.place)
        flag = internal and self.flavour.private_flag
        file = File(
            self._next_id("file"), truth, by, self.now(), name, media_type, content, flag, intent
        )
        record.files.append(file)
        self._changed(record, "file", by, file)
        return file

    def remove_file(self, record: Record, file: File, *, by: str) -> None:
        """Take a file away."""
        record.files.remove(file)
        self._changed(record, "file removed", by, file)

    def log_work(
        self, record: Record, seconds: int, text: str, *, by: str, truth: str,
        intent: str | None = None,
    ) -> Log:  # fmt: skip
        """Log time."""
        self._open(record.place)
        log = Log(self._next_id("log"), truth, by, self.now(), seconds, text, intent)
        record.logs.append(log)
        self._changed(record, "log", by, log)
        return log

    def edit_log(self, record: Record, log: Log, *, by: str, seconds: int, text: str) -> None:
        """Change what was logged."""
        self._open(record.place)
        log.seconds, log.text, log.edited_at = seconds, text, self.now()
        self._changed(record, "log edited", by, log)

    def remove_log(self, record: Record, log: Log, *, by: str) -> None:
        """Take logged time away."""
        record.logs.remove(log)
        self._changed(record, "log removed", by, log)

    def audience(self, record: Record, thing: Note | File) -> str:
        """Who can really read this, whatever anybody meant."""
        return "internal" if thing.internal else self.places[record.place].default_audience

    def touch(self, record: Record) -> None:
        """Something about the record's answer changed without leaving a trace in its log."""
        record.version += 1
        record.shown = None

    # -- inside --------------------------------------------------------------------
    def _open(self, place: str, *, creating: bool = False) -> None:
        found = self.places.get(place)
        if found is None or found.archived or (creating and not found.may_create):
            raise Refused((self.flavour.place_path,), f"{place} takes nothing")

    def _fits(
        self, record: Record, path: str, rule: Rule, value: Json, *, birth: bool, by: str
    ) -> bool:
        if not birth and (rule.write_once or (rule.derived and record.has_child)):
            return False
        if by == self.us and path in record.frozen:
            return False
        if path in self.flavour.people_paths and not self._are_people(value):
            return False
        if rule.values is not None and value not in ("", None) and value not in rule.values:
            return False
        if path == self.flavour.status_path and not birth:
            return self._may_go(str(record.values[path]), str(value))
        return True

    def _are_people(self, value: Json) -> bool:
        listed = value if isinstance(value, list) else [value]
        return all(one in ("", None) or one in self.people for one in listed)

    def _may_go(self, old: str, new: str) -> bool:
        moves = self.flavour.transitions
        return bool(new) and (moves is None or old == new or new in moves[old])

    def _is_person(self, native_id: str) -> bool:
        return self.people[native_id].human

    def _react(self, record: Record, note: Note) -> None:
        """A reply that a customer can read starts the work: the product's own doing."""
        reacts = self.flavour.reacts
        if reacts and not note.internal and record.values[self.flavour.status_path] == reacts[0]:
            self.tell("product's own reaction")
            robot = self.person("robot") or self.us
            self.write(record, {self.flavour.status_path: reacts[1]}, by=robot, automatic=True)

    def _next_id(self, kind: str) -> str:
        """Each kind is numbered by itself: a note and a file may bear the same number."""
        self._elements[kind] += 1
        return str(self._elements[kind])

    def _changed(
        self, record: Record, what: str, by: str, thing: Note | File | Log | None = None,
        paths: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        record.version += 1
        if record.shown is not None:
            record.shown_before = record.shown
        record.shown = None
        record.updated_at = self.now()
        record.changed_at = self.clock.now()
        self.log.append(Logged(record.id, record.updated_at, by, record.deleted))
        self.watch(Seen(self.name, what, record, by, thing, paths))
