"""The connector for Redmine under the conformance kit."""

from __future__ import annotations

import pytest

from sdsync.connectors.contract import AddElement, Create, Update
from sdsync.store.records import Ref
from sdsync.testing.conformance import ConnectorConformance, Rig
from tests.unit.connectors.replay import SECRET, connector, recording


class TestRedmine(ConnectorConformance):
    @pytest.fixture
    def rig(self, monkeypatch: pytest.MonkeyPatch) -> Rig:
        monkeypatch.setenv("SDSYNC_TEST_SECRET", SECRET)
        product = recording("redmine")
        ref = Ref("dev", "ticket", product.facts["ticket"])
        return Rig(
            connect=lambda transport: connector("redmine", transport),
            behaved=product,
            secret=SECRET,
            ref=ref,
            place="infra",
            update=Update(ref, {"subject": "new"}),
            create=Create("ticket", "infra", {"subject": "db01", "tracker": "Bug"}, "mark", "i"),
            note=AddElement(ref, "note", {"body": "hello"}, "mark", "i"),
        )
