"""What we ship to ring, in stock products: each change is told once, signed, and taken."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from sdsync.config.clock import SystemClock
from sdsync.config.model import SystemConfig
from sdsync.config.secrets import SecretRef
from sdsync.connectors import redmine as redmine_package
from sdsync.connectors import request_tracker as request_tracker_package
from sdsync.connectors.contract import Answer, ChangeEvent
from sdsync.connectors.registry import create
from sdsync.server.hooks import Hooks, Webhook
from sdsync.server.metrics import Metrics
from tests.real.conftest import Product
from tests.real.inside import end, perl, ruby
from tests.real.people import Agent
from tests.real.rig import until

pytestmark = pytest.mark.real

HERE = Path(__file__).parent
SCRIP = Path(request_tracker_package.__file__).with_name("webhook_scrip.pl")
PLUGIN = Path(redmine_package.__file__).with_name("webhook_plugin.rb")
SECRET = "forty letters and digits 0123456789 abcd"


@contextmanager
def listening() -> Iterator[tuple[str, list[Webhook]]]:
    """An address, and what was posted to it, as the intake hands it on."""
    came: list[Webhook] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            came.append(Webhook(self.path.rpartition("/")[2], headers, body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library has it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        server.server_close()


def shipped(file: Path, url: str, target: Path) -> Path:
    """The file with its two constants set, as an administrator would."""
    text = file.read_text("utf-8")
    for old, new in ((r"'https://sdsync\.example\.org/hooks/\w+'", url), ("'the secret'", SECRET)):
        text, times = re.subn(old, f"'{new}'", text)
        assert times == 1, old
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")
    return target


class Captured:
    """The engine's door: reads as the connector does, keeps what would be committed."""

    def __init__(self, name: str, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SDSYNC_TEST_KEY", product.token)
        token = SecretRef.parse("env:SDSYNC_TEST_KEY")
        config = SystemConfig(name=name, connector=product.name, url=product.base_url, token=token)
        self.connector = create(name, config)
        self.events: list[ChangeEvent] = []

    def read(
        self, system: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Answer[Sequence[ChangeEvent]]:
        return self.connector.read_webhook(headers, body, now=now)

    def capture(self, told: Sequence[tuple[str, Sequence[ChangeEvent]]]) -> None:
        self.events += [event for _, events in told for event in events]

    def poll(self, system: str) -> None:
        raise AssertionError("a signed webhook is no mere bell")


def judge(came: Sequence[Webhook], door: Captured, native_id: str) -> None:
    """All is taken as news of one record; a repeat is no second news, a change of it refused."""
    (system,) = {one.system for one in came}
    hooks = Hooks(door, {system: lambda: SECRET}, clock=SystemClock(), metrics=Metrics())
    with closing(door.connector):
        assert [one.status for one in hooks.receive(came)] == [202] * len(came)
        assert {(one.kind, one.native_id) for one in door.events} == {("ticket", native_id)}
        assert len({one.digest for one in door.events}) == len(door.events) == len(came)
        again = hooks.receive(came[:1])[0]
        forged = hooks.receive([Webhook(system, came[0].headers, came[0].body + b" ")])[0]
    assert (again.status, forged.status, len(door.events)) == (202, 401, len(came))


def rang(came: list[Webhook], times: int) -> None:
    assert len(came) >= times, f"rung {len(came)} times"


def test_the_scrip_rings_for_each_transaction(
    request_tracker: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = f"Bells {uuid4().hex[:6]}"
    with listening() as (url, came):
        scrip = shipped(SCRIP, f"{url}/hooks/desk", tmp_path / "scrip.pl")
        end(perl(request_tracker, HERE / "bell.pl", queue, str(scrip)))
        agent = Agent(request_tracker)
        ticket = agent.opens("it rings", queue=queue)
        until(lambda: rang(came, 1))
        opened = len(came)
        agent.comments(ticket, "for the team: ünïcode")
        until(lambda: rang(came, opened + 1))
    judge(came, Captured("desk", request_tracker, monkeypatch), ticket)


def test_the_plugin_rings_for_a_note(redmine: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    issue = str(
        redmine.act(
            "agent1", "POST", "/issues.json",
            {"issue": {"project_id": "infra", "tracker_id": 1, "subject": "it rings"}},
        ).json()["issue"]["id"]
    )  # fmt: skip
    plugin = Path(redmine.facts["DATA_DIR"]) / "app" / "plugins" / "sdsync_bell"
    with listening() as (url, came):
        shipped(PLUGIN, f"{url}/hooks/dev", plugin / "init.rb")
        try:
            # In a process of its own: the product that the other tests use stays as it was.
            end(ruby(redmine, HERE / "bell.rb", issue))
        finally:
            shutil.rmtree(plugin)
        until(lambda: rang(came, 1))
    judge(came, Captured("dev", redmine, monkeypatch), issue)
