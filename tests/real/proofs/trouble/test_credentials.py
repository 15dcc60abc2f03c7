"""Credentials that are revoked, renewed and given back while the daemon runs on."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.real.conftest import Product
from tests.real.proofs.trouble.world import CHANGES, LONG, House, Keys, new_token, renew, revoke
from tests.real.rig import until

pytestmark = pytest.mark.real


def test_keys_that_were_made_anew_are_taken_up_by_the_daemon_that_runs(
    house: House, keys: Keys
) -> None:
    records = house.born("shop", 2)
    key = _another_key(house.redmine, house.run)
    revoke(house.desk, house.run)
    said = {}
    for name in ("desk", "dev"):
        until(lambda name=name: house.is_now(name, "unauthorised"))  # type: ignore[misc]
        said[name] = house.said(name)
    for _ in range(CHANGES):
        house.change(records, name="shop")

    cures = {one["cure"] for one in house.daemon.told("status")["needs"]}
    for path in (keys.desk, keys.dev):
        assert f"renew file:{path}, then it drains by itself" in cures
    renew(keys.dev, key)
    renew(keys.desk, new_token(house.desk, house.run))

    house.arrive(records)
    until(lambda: house.in_step(records))
    for name, before in said.items():
        assert house.said(name)[len(before)] == "system_back"
    assert house.letters() == []


if LONG:  # it takes minutes, and would else be told as not run

    def test_an_account_that_was_locked_and_is_given_back_with_its_old_key(house: House) -> None:
        records = house.born("shop", 1)
        _turn(house, "locked")
        until(lambda: house.is_now("dev", "unauthorised"))
        said = house.said("dev")
        house.comments(records[0])
        house.retitles(records[0])
        records.append(house.opens("shop"))
        until(lambda: house.has_read(records))

        _turn(house, "active")

        house.arrive(records)
        assert house.said("dev")[len(said)] == "system_back"
        assert house.letters() == []


def _another_key(redmine: Product, run: str) -> str:
    """The account's owner makes it on the page *My account*; no call does it."""
    with httpx.Client(base_url=redmine.base_url, timeout=60, trust_env=False) as page:
        told = {"username": f"key-{run}", "password": f"password of {run}"}
        page.post("/login", data={**told, "authenticity_token": _token(page, "/login")})
        page.post("/my/api_key", data={"authenticity_token": _token(page, "/my/account")})
        shown = page.get("/my/api_key").text
    (key,) = re.findall(r"<pre>\s*([0-9a-f]{40})\s*</pre>", shown)
    return str(key)


def _token(page: httpx.Client, path: str) -> str:
    shown = page.get(path).text
    found = re.search(r'name="csrf-token" content="([^"]+)"', shown)
    assert found, shown[:2000]
    return found[1]


def _turn(house: House, state: str) -> None:
    """Redmine's administrator locks sdsync's account, or opens it again."""
    path = f"/users.json?name=key-{house.run}&status="
    (account,) = house.redmine.act("admin", "GET", path).json()["users"]
    told = {"user": {"status": {"active": 1, "locked": 3}[state]}}
    done = house.redmine.act("admin", "PUT", f"/users/{account['id']}.json", told)
    assert done.is_success, done.text
