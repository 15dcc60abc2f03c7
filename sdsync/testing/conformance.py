"""What every connector must do, whatever the other side does.

A connector's whole test is one fixture::

    class TestAcmeDesk(ConnectorConformance):
        @pytest.fixture
        def rig(self) -> Rig:
            return Rig(connect=…, behaved=…, secret=…, ref=…, place=…, update=…, create=…, note=…)
"""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sdsync.connectors.contract import (
    Done,
    Find,
    Handle,
    Impersonates,
    Lists,
    NativeRecord,
)
from sdsync.connectors.failures import (
    FAILURES,
    Missing,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Transient,
)
from sdsync.testing.conformance_feed import FeedConformance
from sdsync.testing.conformance_writes import WritesConformance
from sdsync.testing.misbehaving import (
    JSON,
    UNREADABLE,
    raising,
    whole,
)
from sdsync.testing.rig import MOST_MEMORY_BYTES, NOW, Rig, answers

__all__ = ["ConnectorConformance", "Rig"]


class ConnectorConformance(WritesConformance, FeedConformance):
    """Subclass it in the connector's tests, with a fixture ``rig``."""

    def test_it_declares_how_it_finds_what_it_made(self, rig: Rig) -> None:
        """Law 26: one handle for each kind that it makes, and how long a call may land."""
        connector, watching = self.over(rig, rig.behaved)
        told = connector.capabilities

        assert {*told.record_kinds, "note", "attachment"} <= told.create.keys()
        assert all(isinstance(one.handle, Handle) for one in told.create.values())
        assert all(one.landing_s > 0 for one in told.create.values())
        assert told.window
        assert isinstance(connector, Impersonates) or not told.impersonates
        assert watching.requests == []

    @pytest.mark.parametrize("status", range(300, 600))
    def test_a_refused_read_is_a_failure_without_a_secret(self, rig: Rig, status: int) -> None:
        """Every status is a value; none is an exception."""
        refusal = whole(b'{"message": "no", "errors": ["no"]}', status=status)
        connector, _ = self.over(rig, lambda _: refusal)

        answer = connector.fetch(rig.ref)

        assert isinstance(answer, FAILURES)
        assert not isinstance(answer, OutcomeUnknown)
        assert rig.secret not in repr(answer)

    @pytest.mark.parametrize("name", sorted(UNREADABLE))
    def test_an_unreadable_answer_is_a_failure_in_bounded_memory(self, rig: Rig, name: str) -> None:
        """Bombs, endless lists, other types: a value, and little memory."""
        connector, _ = self.over(rig, UNREADABLE[name])
        find = Find("ticket", rig.place, "m", NOW)
        tracemalloc.start()
        try:
            told: list[Any] = [
                connector.describe(),
                connector.changes(None),
                connector.fetch(rig.ref),
                connector.find(find),
                connector.people(),
                connector.teams(),
                connector.search(rig.place, "id", "1"),
            ]
            if isinstance(connector, Lists):
                told.append(connector.records(rig.place, ""))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

        assert all(isinstance(one, FAILURES) for one in told)
        assert peak < MOST_MEMORY_BYTES

    @pytest.mark.parametrize(
        "trouble", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.PoolTimeout]
    )
    def test_a_broken_read_is_transient_and_tells_no_secret(
        self, rig: Rig, trouble: type[httpx.TransportError]
    ) -> None:
        """The text of the trouble may hold whole addresses."""
        connector, _ = self.over(rig, raising(trouble, rig.secret))

        answer = connector.fetch(rig.ref)

        assert isinstance(answer, Transient)
        assert rig.secret not in repr(answer)

    def test_an_unknown_id_is_missing(self, rig: Rig) -> None:
        """Also one that would be another path."""
        connector, _ = self.over(rig, lambda _: whole(b"{}", status=404))

        assert connector.fetch(replace(rig.ref, id="987654321")) == Missing()
        assert connector.fetch(replace(rig.ref, id="../../admin")) == Missing()

    def test_a_job_that_nobody_knows_is_missing(self, rig: Rig) -> None:
        """A lost job is in doubt; a handle that is no path of the product asks nobody."""
        connector, watched = self.over(rig, lambda _: whole(b"{}", status=404))

        assert connector.job("/jobs/987654321") == Missing()
        asked = len(watched.requests)
        assert not isinstance(connector.job("https://elsewhere.example/jobs/1"), Done)
        assert len(watched.requests) == asked

    def test_a_record_is_read_with_all_that_hangs_on_it(self, rig: Rig) -> None:
        """Values are JSON, instants are aware, and what was asked for was answered."""
        connector, _ = self.over(rig, rig.behaved)

        record = connector.fetch(rig.ref)

        assert isinstance(record, NativeRecord), record
        assert record.ref == rig.ref
        assert record.place == rig.place
        assert json.loads(json.dumps(record.values)) == record.values
        assert record.created_at.tzinfo is not None
        assert record.notes is not None
        assert record.attachments is not None

    @pytest.mark.parametrize(
        ("header", "after_s"),
        [("7", 7.0), ("Fri, 02 Jan 2026 03:04:25 GMT", 20.0), ("-5", None), ("soon", None)],
    )
    def test_it_waits_as_long_as_it_was_asked_to(
        self, rig: Rig, header: str, after_s: float | None
    ) -> None:
        """RFC 9110, 10.2.3: seconds or a date, which is read by the answer's own clock."""
        headers = {"retry-after": header, "date": "Fri, 02 Jan 2026 03:04:05 GMT"}
        connector, _ = self.over(rig, lambda _: whole(b"{}", status=429, headers=headers))

        answer = connector.fetch(rig.ref)

        assert isinstance(answer, Throttled)
        assert answer.hinted == (after_s is not None)
        assert after_s is None or answer.after_s == after_s
        assert answer.after_s > 0

    @pytest.mark.parametrize("evil", ["1\r\nX-Evil: 1", "1\nX-Evil: 1", "1\x00", "\u2028", "ü\r"])
    def test_no_value_becomes_a_header_or_a_path(self, rig: Rig, evil: str) -> None:
        """Line breaks in versions, ids, file names and places stay values or are refused."""
        connector, watching = self.over(rig, rig.behaved)
        file = replace(rig.note, kind="attachment", content=b"x",
                       values={"name": evil, "media_type": evil})  # fmt: skip

        answers(connector, [replace(rig.update, if_version=evil)])
        answers(connector, [replace(rig.update, ref=replace(rig.ref, id=evil))])
        answers(connector, [replace(rig.create, place=evil)])
        answers(connector, [file])
        connector.fetch(replace(rig.ref, id=evil))
        connector.search(evil, evil, evil)
        connector.readable(evil)
        if isinstance(connector, Lists):
            connector.records(evil, evil)
            connector.records(rig.place, evil)

        for request in watching.requests:
            assert "x-evil" not in request.headers
            assert all(value.isprintable() for value in request.headers.values())
            assert str(request.url).isprintable()

    def test_the_credential_stays_at_its_origin(self, rig: Rig) -> None:
        """Law 51: no redirect is followed, and the secret stands in no address."""
        away = whole(b"", status=302, headers={"location": "https://elsewhere.example.net/"})
        connector, watching = self.over(rig, lambda _: away)

        connector.describe()
        connector.fetch(rig.ref)
        connector.download(rig.ref, "1", limit_bytes=10)

        assert {one.url.host for one in watching.requests} <= {watching.requests[0].url.host}
        assert all(rig.secret not in str(one.url) for one in watching.requests)
        assert all(rig.secret in repr(one.headers.raw) for one in watching.requests)

    def test_a_file_beyond_its_limit_is_refused(self, rig: Rig) -> None:
        """However it is wrapped."""
        connector, _ = self.over(rig, UNREADABLE["endless"])

        assert isinstance(connector.download(rig.ref, "1", limit_bytes=1000), Rejected)

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"null", b"[1]", b'{"kind":"ticket"}', b'{"kind":"ticket","id":"../1"}',
         b'{"kind":"x","id":1}', b'{"kind":"ticket","id":NaN}', b'{"a":' * 5000],
    )  # fmt: skip
    def test_a_webhook_that_is_none_is_rejected(self, rig: Rig, body: bytes) -> None:
        """Law 52: at best it is a bell."""
        connector, _ = self.over(rig, rig.behaved)

        assert isinstance(connector.read_webhook(JSON, body, now=NOW), Rejected)
