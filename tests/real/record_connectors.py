"""Record answers of the real products for the unit tests, scrubbed.

    SDSYNC_BOOT_HOME=… python -m tests.real.record_connectors

Writes tests/unit/connectors/fixtures/*.json. Run it when a new version is to be
supported, and read the difference.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors.contract import AddElement, Connector, Create, Done, Operation, Update
from sdsync.connectors.registry import create
from sdsync.store.records import Ref
from tests.unit.connectors.replay import FIXTURES, NAMES, ORIGIN, SECRET

KEPT_HEADERS = ("content-type", "date", "etag", "location")


class Recorder(httpx.HTTPTransport):
    """The network, with every answer kept."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, dict[str, Any]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        headers = {
            name: response.headers[name] for name in KEPT_HEADERS if name in response.headers
        }
        path = request.url.raw_path.decode("ascii")
        told = {
            "status": response.status_code,
            "headers": headers,
            "body": response.text,
        }
        self.answers.setdefault(f"{request.method} {path}", told)
        plain = {**headers, "content-length": str(len(response.content))}
        return httpx.Response(response.status_code, headers=plain, content=response.content)


def walk(connector: Connector, make: Create, change: Update) -> dict[str, Any]:
    """One of everything."""
    connector.describe()
    connector.teams()
    start = connector.changes(None)
    (made,) = connector.apply([make])
    assert isinstance(made, Done), made
    ref = Ref("x", "ticket", made.native_id or "")
    operations: list[Operation] = [
        AddElement(ref, "note", {"body": "between us"}, "m", "i"),
        AddElement(
            ref, "attachment", {"name": "a.txt", "media_type": "text/plain"}, "m", "i", b"abc"
        ),
        Update(ref, change.values),
        Create(
            "ticket", make.place, {**make.values, "Status": "nonsense", "subject": ""}, "m", "i"
        ),
    ]
    _, file, *_ = connector.apply(operations)
    assert isinstance(file, Done), file
    connector.fetch(ref)
    connector.download(ref, file.native_id or "", limit_bytes=1000)
    connector.changes(getattr(start, "cursor", None))
    connector.people()
    connector.readable(make.place)
    connector.fetch(Ref("x", "ticket", "99999999"))
    return {"ticket": ref.id, "file": file.native_id, "cursor": getattr(start, "cursor", None)}


def scrubbed(text: str, base: str, token: str) -> str:
    """Without address, token or key."""
    text = text.replace(base, ORIGIN).replace(token, SECRET)
    return re.sub(r'(\\?"api_key\\?":\\?")[0-9a-f]+', r"\g<1>" + "0" * 40, text)


def record(name: str, make: Create, change: Update) -> None:
    """Boot the product, walk, write the file."""
    script = Path(__file__).parent / "boot" / f"{name}.sh"
    shown = subprocess.run([str(script), "up"], capture_output=True, text=True, check=True).stdout
    facts = dict(line.split("=", 1) for line in shown.splitlines())
    os.environ["SDSYNC_RECORD"] = facts["SDSYNC_TOKEN"]
    recorder = Recorder()
    config = SystemConfig(
        name=NAMES[name], connector=name, url=facts["BASE_URL"],
        token=SecretRef.parse("env:SDSYNC_RECORD"),
    )  # fmt: skip
    found = walk(create(NAMES[name], config, transport=recorder), make, change)
    data = {
        "recorded_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "product": f"{name} {facts['VERSION']}",
        "facts": found,
        "answers": dict(sorted(recorder.answers.items())),
    }
    text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)
    FIXTURES.mkdir(exist_ok=True)
    target = FIXTURES / f"{name}.json"
    target.write_text(scrubbed(text, facts["BASE_URL"], facts["SDSYNC_TOKEN"]) + "\n")


def main() -> None:
    """Record both products."""
    record(
        "request_tracker",
        Create("ticket", "Escalated", {
            "Subject": "db01: disk full", "Content": "<p>no <b>space</b></p>",
            "ContentType": "text/html", "Requestor": ["customer1@example.org"],
            "CustomFields": {"sdsync tags": ["env:prod"], "Environment": "Production"},
        }, "mark-1", "i"),
        Update(Ref("x", "ticket", "0"), {"Status": "nonsense", "Priority": "50"}),
    )  # fmt: skip
    record(
        "redmine",
        Create("ticket", "infra", {
            "subject": "db01: disk full", "description": "no *space*", "tracker": "Bug",
            "priority": "High", "custom_fields": {"Environment": "Production"},
        }, "mark-1", "i"),
        Update(Ref("x", "ticket", "0"), {"status": "In Progress"}),
    )  # fmt: skip


if __name__ == "__main__":
    main()
