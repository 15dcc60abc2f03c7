"""What must hold of a connector and a product that keeps what it is told.

The other kit asks what a connector says when things go wrong; this one whether its
writes arrive. It needs a product: a fake with a memory, a sandbox, or the real one.
"""

from __future__ import annotations

from dataclasses import replace

from sdsync.connectors.contract import (
    AddElement,
    Connector,
    Create,
    Description,
    Done,
    EditElement,
    Find,
    Found,
    Handle,
    NativeElement,
    NativeRecord,
    RemoveElement,
    Update,
)
from sdsync.connectors.failures import FAILURES, Conflict, Rejected
from sdsync.store.records import Ref
from sdsync.testing.conformance_feed import FeedConformance
from sdsync.testing.misbehaving import Watching
from sdsync.testing.rig import Rig, answers

#: Handles by which the record itself shows the mark.
MARKED = (Handle.STRONG_MARK, Handle.LAGGING_MARK)
FILE = b"\x00one\r\ntwo\xff"


class LivingConformance(FeedConformance):
    """Subclass it with a fixture ``rig`` whose ``behaved`` remembers; each test gets a new one."""

    def test_it_says_who_and_where_it_is(self, rig: Rig) -> None:
        """Its place is among the places, its clock is aware, its account has a name."""
        connector = rig.connect(Watching(rig.behaved))

        told = connector.describe()

        assert isinstance(told, Description), told
        assert rig.place in told.places
        assert all(key == one.key for key, one in told.places.items())
        assert told.clock.tzinfo is not None
        assert told.account.login
        assert told.identity
        assert connector.readable(rig.place) is True
        assert not told.newest or rig.ref.id in told.newest

    def test_what_was_made_is_found_and_shows_what_was_written(self, rig: Rig) -> None:
        """Law 26: by its mark, once, and by no other mark."""
        connector, since = rig.connect(Watching(rig.behaved)), rig.now()

        made = _id(connector, rig.create)
        shown = _fetch(connector, replace(rig.ref, id=made))
        query = Find(rig.create.kind, rig.place, rig.create.mark, since, None, rig.create.values)

        assert connector.find(query) == Found((made,))
        assert connector.find(replace(query, mark="of nobody", values={})) == Found(())
        assert shown.place == rig.place
        assert shown.ours
        assert {key: shown.values.get(key) for key in rig.create.values} == rig.create.values
        if connector.capabilities.create[rig.create.kind].handle in MARKED:
            assert shown.mark == rig.create.mark

    def test_an_update_writes_its_values_and_no_other(self, rig: Rig) -> None:
        """Law 3: a write carries what it names."""
        connector = rig.connect(Watching(rig.behaved))
        before = _fetch(connector, rig.ref).values

        (answer,) = answers(connector, [rig.update])

        assert isinstance(answer, Done), answer
        after = _fetch(connector, rig.ref).values
        assert {key: after.get(key) for key in rig.update.values} == rig.update.values
        others = {key for key, value in after.items() if value != before.get(key)}
        assert not others - rig.update.values.keys() - rig.restless

    def test_a_write_against_an_older_version_is_as_it_declares(self, rig: Rig) -> None:
        """Law 3: with compare-and-set it is a Conflict, and nothing was written."""
        connector = rig.connect(Watching(rig.behaved))
        old = _fetch(connector, rig.ref).version
        answers(connector, [replace(rig.update, if_version=old)])
        name, value = next(iter(rig.update.values.items()))
        late = Update(rig.ref, {name: f"{value} too late"}, if_version=old)

        (answer,) = answers(connector, [late])

        assert isinstance(answer, Conflict) == connector.capabilities.compare_and_set
        if connector.capabilities.compare_and_set:
            assert _fetch(connector, rig.ref).values[name] == value

    def test_a_note_keeps_its_audience_and_is_found_by_its_content(self, rig: Rig) -> None:
        """Law 45: what was written internal is internal there."""
        connector, since = rig.connect(Watching(rig.behaved)), rig.now()
        hidden = replace(rig.note, values={**rig.note.values, "internal": True})
        open_ = replace(rig.note, values={"body": "for all to read", "internal": False})

        answers(connector, [hidden, open_])

        notes = {str(one.values["body"]): one for one in _notes(connector, rig.ref)}
        mine = notes[str(hidden.values["body"])]
        assert mine.ours
        assert mine.values["internal"] is True
        assert notes["for all to read"].values["internal"] is False
        query = Find("note", rig.place, hidden.mark, since, rig.ref, hidden.values)
        assert connector.find(query) == Found((mine.native_id,))
        assert connector.find(replace(query, values={"body": "never said"})) == Found(())

    def test_a_note_is_edited_and_taken_back_as_it_declares(self, rig: Rig) -> None:
        """Law 54: and where the product cannot, that is Rejected."""
        connector = rig.connect(Watching(rig.behaved))
        able = connector.capabilities
        answers(connector, [rig.note])
        (note,) = [one for one in _notes(connector, rig.ref) if one.ours]
        edit = EditElement(rig.ref, "note", note.native_id, {**rig.note.values, "body": "mended"})

        (edited,) = answers(connector, [edit])
        bodies = [one.values["body"] for one in _notes(connector, rig.ref)]
        (removed,) = answers(connector, [RemoveElement(rig.ref, "note", note.native_id)])
        left = [one.native_id for one in _notes(connector, rig.ref)]

        assert isinstance(edited, Done if able.edits_notes else Rejected)
        assert ("mended" in bodies) == able.edits_notes
        assert isinstance(removed, Done if able.removes_notes else Rejected)
        assert (note.native_id not in left) == able.removes_notes

    def test_a_file_comes_back_as_it_went(self, rig: Rig) -> None:
        """Byte for byte, and not at all when it is larger than the limit."""
        connector, since = rig.connect(Watching(rig.behaved)), rig.now()
        values = {"name": "a.bin", "media_type": "application/octet-stream", "size": len(FILE)}
        file = AddElement(rig.ref, "attachment", values, "mark of a file", "intent", FILE)

        (answer,) = answers(connector, [file])

        assert isinstance(answer, Done), answer
        record = _fetch(connector, rig.ref)
        (shown,) = [one for one in record.attachments or () if one.values["name"] == "a.bin"]
        assert shown.values["size"] == len(FILE)
        id_ = shown.native_id
        assert connector.download(rig.ref, id_, limit_bytes=1000) == FILE
        assert isinstance(connector.download(rig.ref, id_, limit_bytes=5), Rejected)
        query = Find("attachment", rig.place, file.mark, since, rig.ref, values)
        assert connector.find(query) == Found((id_,))

    def test_a_worklog_is_found_by_its_content_and_changed_as_it_declares(self, rig: Rig) -> None:
        """Law 26; and where the product cannot change it, that is Rejected."""
        connector, since = rig.connect(Watching(rig.behaved)), rig.now()
        able, log = connector.capabilities, rig.worklog
        if log is None:
            assert "worklog" not in able.create, (
                "the rig logs no work, and the product has worklogs"
            )
            return
        cursor = self.all_changes(connector, None)[1]

        first, second = answers(connector, [log, log])

        assert isinstance(first, Done), first
        assert isinstance(second, Done), second
        ids = (str(first.native_id), str(second.native_id))
        shown = {one.native_id: one for one in _logs(connector, rig.ref)}
        assert all(shown[one].ours for one in ids)
        assert {name: shown[ids[0]].values.get(name) for name in log.values} == log.values
        query = Find("worklog", rig.place, log.mark, since, rig.ref, log.values)
        found = connector.find(query)
        assert isinstance(found, Found), found
        assert set(found.native_ids) == set(ids)
        other = {**log.values, "text": "never done", "comments": "never done"}
        assert connector.find(replace(query, values=other)) == Found(())
        assert not [one for one in _notes(connector, rig.ref) if one.native_id in ids and one.ours]
        rig.later()
        assert rig.ref.id in {one.native_id for one in self.all_changes(connector, cursor)[0]}

        edit = EditElement(rig.ref, "worklog", ids[0], log.values)
        (edited,) = answers(connector, [edit])
        (removed,) = answers(connector, [RemoveElement(rig.ref, "worklog", ids[1])])
        assert isinstance(edited, Done if able.edits_worklogs else Rejected)
        assert isinstance(removed, Done if able.edits_worklogs else Rejected)
        left = [one.native_id for one in _logs(connector, rig.ref)]
        assert (ids[1] not in left) == able.edits_worklogs

    def test_teams_are_told_once_and_one_is_assigned(self, rig: Rig) -> None:
        """A team is named by the id that ``teams`` tells, and shown by it."""
        connector = rig.connect(Watching(rig.behaved))

        teams = connector.teams()

        assert not isinstance(teams, FAILURES)
        assert len({one.native_id for one in teams}) == len(teams)
        assert all(one.native_id and one.name.strip() for one in teams)
        if rig.team is None:
            assert not teams, "the rig assigns no team, and the product has some"
            return
        assert any(one.native_id in repr(rig.team.values) for one in teams)
        (answer,) = answers(connector, [rig.team])
        assert isinstance(answer, Done), answer
        shown = _fetch(connector, rig.ref).values
        assert {key: shown.get(key) for key in rig.team.values} == rig.team.values

    def test_links_and_a_parent_arrive_and_both_ends_tell_of_them(self, rig: Rig) -> None:
        """And are gone from both when they are taken away."""
        connector = rig.connect(Watching(rig.behaved))
        other = replace(rig.ref, id=_id(connector, rig.create))
        for ties in rig.ties:
            tied = Update(rig.ref, ties(other.id))
            (answer,) = answers(connector, [tied])
            assert isinstance(answer, Done), answer
            shown = _fetch(connector, rig.ref)
            assert {key: shown.values.get(key) for key in tied.values} == tied.values
            assert shown.linked == {other.id}
            assert _fetch(connector, other).linked == {rig.ref.id}

            empty = {key: [] if isinstance(one, list) else "" for key, one in tied.values.items()}
            (answer,) = answers(connector, [Update(rig.ref, empty)])

            assert isinstance(answer, Done), answer
            assert not _fetch(connector, rig.ref).linked
            assert not _fetch(connector, other).linked

    def test_the_feed_names_what_changed(self, rig: Rig) -> None:
        """What was made, changed and spoken of after the cursor is named."""
        connector = rig.connect(Watching(rig.behaved))
        cursor = self.all_changes(connector, None)[1]

        made = _id(connector, rig.create)
        answers(connector, [rig.update])
        events, cursor = self.all_changes(connector, cursor)
        answers(connector, [replace(rig.note, ref=replace(rig.ref, id=made))])
        rig.later()
        later, _ = self.all_changes(connector, cursor)

        assert {made, rig.ref.id} <= {one.native_id for one in events}
        assert made in {one.native_id for one in later}


def _id(connector: Connector, create: Create) -> str:
    (answer,) = answers(connector, [create])
    assert isinstance(answer, Done), answer
    assert answer.native_id is not None
    return answer.native_id


def _fetch(connector: Connector, ref: Ref) -> NativeRecord:
    record = connector.fetch(ref)
    assert isinstance(record, NativeRecord), record
    return record


def _logs(connector: Connector, ref: Ref) -> tuple[NativeElement, ...]:
    return _fetch(connector, ref).worklogs or ()


def _notes(connector: Connector, ref: Ref) -> tuple[NativeElement, ...]:
    return _fetch(connector, ref).notes or ()
