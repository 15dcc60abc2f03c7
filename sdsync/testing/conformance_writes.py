"""What must hold of every write, whatever comes back."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from sdsync.connectors.contract import (
    Done,
)
from sdsync.connectors.failures import (
    FAILURES,
    AuthFailed,
    OutcomeUnknown,
    Rejected,
    Transient,
)
from sdsync.testing.misbehaving import (
    UNREADABLE,
    only_writes,
    raising,
    whole,
)
from sdsync.testing.rig import Rig, RiggedTests, answers


class WritesConformance(RiggedTests):
    """A write is done, refused or in doubt, and never blindly repeated."""

    @pytest.mark.parametrize("status", range(300, 600))
    def test_no_write_is_blindly_repeated(self, rig: Rig, status: int) -> None:
        """Whatever a write got back, it is never called Transient or done."""
        refusal = whole(b'{"message": "no", "errors": ["no"]}', status=status)
        connector, _ = self.over(rig, only_writes(rig.behaved, lambda _: refusal))

        for operation in (rig.update, rig.create, rig.note):
            (answer,) = answers(connector, [operation])
            assert isinstance(answer, FAILURES)
            assert not isinstance(answer, Transient)
            assert rig.secret not in repr(answer)

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 599])
    def test_a_write_that_broke_there_is_in_doubt(self, rig: Rig, status: int) -> None:
        """Law 5: an effect may have come before the 5xx."""
        page = whole(b"<html>", status=status, headers={"content-type": "text/html"})
        connector, _ = self.over(rig, only_writes(rig.behaved, lambda _: page))

        (answer,) = answers(connector, [rig.create])

        assert isinstance(answer, OutcomeUnknown)

    @pytest.mark.parametrize(
        "trouble", [httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]
    )
    def test_a_write_that_broke_on_the_way_is_in_doubt(
        self, rig: Rig, trouble: type[httpx.TransportError]
    ) -> None:
        """Law 27: it may yet take effect."""
        connector, _ = self.over(rig, only_writes(rig.behaved, raising(trouble, rig.secret)))

        (answer,) = answers(connector, [rig.create])

        assert isinstance(answer, OutcomeUnknown)
        assert rig.secret not in repr(answer)

    @pytest.mark.parametrize("trouble", [httpx.ConnectError, httpx.ConnectTimeout])
    def test_a_write_that_never_left_is_harmless(
        self, rig: Rig, trouble: type[httpx.TransportError]
    ) -> None:
        """Nothing was sent, so nothing took effect."""
        connector, _ = self.over(rig, only_writes(rig.behaved, raising(trouble, rig.secret)))

        (answer,) = answers(connector, [rig.create])

        assert isinstance(answer, Transient)
        assert rig.secret not in repr(answer)

    @pytest.mark.parametrize("name", sorted(UNREADABLE))
    def test_an_unreadable_answer_to_a_create_is_in_doubt(self, rig: Rig, name: str) -> None:
        """It was taken and we do not know as what: look it up, never repeat."""
        connector, _ = self.over(rig, only_writes(rig.behaved, UNREADABLE[name]))

        (answer,) = answers(connector, [rig.create])

        assert isinstance(answer, OutcomeUnknown)

    def test_each_operation_has_its_answer(self, rig: Rig) -> None:
        """In order; and after a failure of the system nothing more is sent."""
        connector, _ = self.over(rig, rig.behaved)
        assert answers(connector, []) == []
        stranger = replace(rig.create, kind="no such kind")

        mixed = answers(connector, [stranger, rig.update, stranger])

        assert [type(one) for one in mixed] == [Rejected, Done, Rejected]

    def test_nothing_is_sent_after_a_failure_of_the_system(self, rig: Rig) -> None:
        """The rest is Transient: not sent."""
        refusal = lambda _: whole(b"{}", status=401)  # noqa: E731 - a handler
        connector, watching = self.over(rig, only_writes(rig.behaved, refusal))

        answered = answers(connector, [rig.update, rig.update, rig.note])

        assert isinstance(answered[0], AuthFailed)
        assert all(isinstance(one, Transient) for one in answered[1:])
        assert len([one for one in watching.requests if one.method != "GET"]) == 1
