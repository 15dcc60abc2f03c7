"""What we give products that send no webhooks: it says what the connector reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sdsync.connectors
from sdsync.connectors import registry
from sdsync.server.signatures import HUB

SENDERS = sorted(Path(sdsync.connectors.__file__).parent.glob("*/webhook_*"))


def test_there_is_one_for_each_product() -> None:
    assert {one.parent.name for one in SENDERS} == set(registry.names())


@pytest.mark.parametrize("sender", SENDERS, ids=lambda one: one.name)
def test_it_signs_what_the_intake_verifies_and_names_a_record(sender: Path) -> None:
    text = sender.read_text()

    assert HUB in text.lower()
    assert "ticket" in registry.capabilities(sender.parent.name).record_kinds
    assert re.search(r"kind\s*(=>|:)\s*'ticket'", text)
    assert re.search(r"\bid\s*(=>|:)", text)
    assert "once" in text, "two changes within a second are two messages"
