"""Day one on the stock products: init, prepare and check --live as somebody types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import sdsync
from tests.real.conftest import Product

pytestmark = pytest.mark.real

Type = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def type_(request_tracker: Product, redmine: Product, tmp_path: Path) -> Type:
    """``sdsync WORDS`` in an empty folder, with every credential in the environment."""
    home = str(Path(sdsync.__file__).resolve().parents[1])
    env = {**os.environ, "PYTHONPATH": home, "COLUMNS": "80"}
    env |= {"RT_TOKEN": request_tracker.token, "REDMINE_KEY": redmine.token}
    env |= {
        "RT_ADMIN": request_tracker.facts["ADMIN_TOKEN"],
        "REDMINE_ADMIN": redmine.facts["ADMIN_TOKEN"],
        "RT_AGENT": request_tracker.facts["AGENT1_TOKEN"],
        "REPORTER": redmine.facts["REPORTER_TOKEN"],
    }

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sdsync", *words],
            cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return typed


@pytest.fixture
def addresses(request_tracker: Product, redmine: Product) -> tuple[str, ...]:
    return ("--url", request_tracker.base_url, "--other-url", redmine.base_url)


def told(ran: subprocess.CompletedProcess[str]) -> Any:
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout)


def names(ran: subprocess.CompletedProcess[str], stand: str) -> set[str]:
    return {one["name"] for one in told(ran)["survey"]["points"] if one["stand"] == stand}


def test_from_nothing_to_two_prepared_products(
    type_: Type, addresses: tuple[str, ...], request_tracker: Product, redmine: Product
) -> None:
    words = ("--yes", *addresses, "--take", "Escalated", "--put", "infra")
    ticket = {"Queue": "Escalated", "Subject": "day one", "Content": "x"}
    made = request_tracker.act("agent1", "POST", "/REST/2.0/ticket", ticket).json()
    note = {"Content": "between us", "ContentType": "text/plain"}
    path = f"/REST/2.0/ticket/{made['id']}/comment"
    assert request_tracker.act("agent1", "POST", path, note).status_code == 201
    issue = {"issue": {"project_id": "infra", "subject": "day one"}}
    assert redmine.act("agent1", "POST", "/issues.json", issue).status_code == 201

    written = type_("init", *words)
    assert written.returncode == 0, written.stderr
    assert type_("check").returncode == 0

    for system, admin in (("desk", "env:RT_ADMIN"), ("dev", "env:REDMINE_ADMIN")):
        alone = type_("prepare", system, "--json")
        ran = type_("prepare", system, "--admin-token", admin, "--json")
        assert names(alone, "missing") == names(ran, "missing") == set(), ran.stdout
        assert names(ran, "excess") == set()
        assert names(alone, "not told") <= {"ModifyCustomField", "ReassignTicket"}
        assert (alone.returncode, ran.returncode) == (0, 0)
        again = type_("prepare", system, "--admin-token", admin, "--apply", "--json")
        assert told(again)["made"] == []

    live = type_("check", "--live")
    assert live.returncode == 0, live.stdout


def test_wrong_credentials_and_addresses_are_said(
    type_: Type, addresses: tuple[str, ...], request_tracker: Product, redmine: Product
) -> None:
    rest = ("--take", "Escalated", "--put", "infra")
    crossed = ("--url", redmine.base_url, "--other-url", request_tracker.base_url)

    swapped = type_("init", "--yes", *crossed, *rest)
    wrong = type_("init", "--yes", *addresses, *rest, "--token", "env:REDMINE_KEY")
    other = type_("init", "--yes", *addresses, *rest, "--other-token", "env:RT_TOKEN")

    assert "has no Request Tracker there" in swapped.stderr
    assert "refuses our credential" in wrong.stderr
    assert "refuses our credential" in other.stderr
    assert [one.returncode for one in (swapped, wrong, other)] == [1, 1, 1]


def test_a_field_is_made_once_and_what_the_api_cannot_is_left_to_the_pages(
    type_: Type, addresses: tuple[str, ...], request_tracker: Product, tmp_path: Path
) -> None:
    queue, mark = (f"{word} {uuid4().hex[:6]}" for word in ("Day one", "mark"))
    new = request_tracker.act("admin", "POST", "/REST/2.0/queue", {"Name": queue})
    assert new.status_code == 201, new.text
    written = type_("init", "--yes", *addresses, "--take", queue, "--put", "infra")
    assert written.returncode == 0, written.stderr
    # A mark of its own: custom fields are never deleted, and other tests use ours.
    with (tmp_path / "sdsync.toml").open("a", encoding="utf-8") as file:
        file.write(f'[systems.desk.options]\nmark_field = "{mark}"\n')
    admin = ("prepare", "desk", "--admin-token", "env:RT_ADMIN")

    dry = type_(*admin, "--json")
    done = type_(*admin, "--apply", "--json")
    again = type_(*admin, "--apply", "--json")

    assert (dry.returncode, done.returncode, again.returncode) == (4, 0, 0), done.stdout
    assert mark in names(dry, "missing")
    assert f'makes the custom field "{mark}" on {queue}' in {
        one["text"] for one in told(done)["made"] if one["failed"] is None
    }
    assert told(again)["made"] == []
    assert mark in names(type_("prepare", "desk", "--json"), "there")


def test_half_granted_rights_are_named(
    type_: Type, addresses: tuple[str, ...], redmine: Product
) -> None:
    words = ("--yes", *addresses, "--take", "Escalated", "--put", "infra")
    assert redmine.act("reporter", "GET", "/users/current.json").status_code == 200

    written = type_("init", *words, "--other-token", "env:REPORTER")
    ran = type_("prepare", "dev", "--json")
    dry = type_("prepare", "dev", "--admin-token", "env:REDMINE_ADMIN", "--json")

    assert written.returncode == 0, written.stderr
    assert {"Set notes as private", "Edit issues"} <= names(ran, "missing")
    assert (ran.returncode, dry.returncode) == (3, 4)
    (deed,) = (one["deed"] for one in told(dry)["survey"]["steps"] if one["deed"])
    assert (deed["method"], deed["text"]) == ("PUT", "gives reporter the role sdsync in infra")
