"""The connector for Request Tracker under the conformance kit."""

from __future__ import annotations

import pytest

from sdsync.connectors.contract import AddElement, Create, Update
from sdsync.store.records import Ref
from sdsync.testing.conformance import ConnectorConformance, Rig
from tests.unit.connectors.replay import SECRET, connector, recording


class TestRequestTracker(ConnectorConformance):
    @pytest.fixture
    def rig(self, monkeypatch: pytest.MonkeyPatch) -> Rig:
        monkeypatch.setenv("SDSYNC_TEST_SECRET", SECRET)
        product = recording("request_tracker")
        ref = Ref("desk", "ticket", product.facts["ticket"])
        return Rig(
            connect=lambda transport: connector("request_tracker", transport),
            behaved=product,
            secret=SECRET,
            ref=ref,
            place="Escalated",
            update=Update(ref, {"Subject": "new"}),
            create=Create("ticket", "Escalated", {"Subject": "db01"}, "mark", "i"),
            note=AddElement(ref, "note", {"body": "hello"}, "mark", "i"),
        )
