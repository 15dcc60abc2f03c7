"""Long readings that are cut short again and again: a plan's, and a feed's after an outage."""

from __future__ import annotations

import re
import subprocess
import sys

from sdsync.connectors.request_tracker.client import PAGE
from sdsync.sandbox import accounts
from sdsync.store.records import Json
from tests.crash.kept import newest_transaction
from tests.crash.ledger import rows
from tests.crash.people import AGENTS, API
from tests.crash.quiet import FEED_OF
from tests.faults.door import PATIENCE_S, until
from tests.faults.frame import Trial, fault
from tests.faults.shop import Shop, shop

#: Each is one transaction of its own at the desk.
EDITS = ({"Priority": "Low"}, {"Priority": "High"}, {"Subject": "noise"}, {"Subject": "more noise"})
OURS = accounts.SERVICE_LOGIN
#: Answers that show less than there is, with 200 or as a proxy's page.
PARTIAL: tuple[dict[str, Json], ...] = (
    {},
    {"wrong_type": {"login": OURS, "body": "list", "count": 2}},
    {"html_502": {"login": OURS, "count": 2}},
)
#: The desk shows short pages for rows that are hidden, and then all others.
SHORT: dict[str, Json] = {"short_pages": {"login": OURS, "items": 1}}


@fault("R19", "a backfill and a catching up killed again and again: each goes on where it stood")
def interrupted(trial: Trial) -> None:
    with shop(trial, old=trial.of(8, 80)) as one:
        one.stop()
        _backfill(trial, one)
        known = _newest(one)
        last = _pile(one, trial.of(120, 700))
        asked = one.house.behind("desk", "state")["requests"]
        for number, record in enumerate(one.records):
            one.title(record, f"title {number}")
        for _ in range(trial.of(3, 20)):
            one.house.switch("desk", **trial.dice.choice(PARTIAL))
            one.house.switch("dev", **trial.dice.choice((*PARTIAL, SHORT)))
            one.next("polled", visit=trial.dice.randrange(1, 5))
            trial.must(one.life.ends_within(PATIENCE_S), "it was not killed while it caught up")
            trial.count("kills of the daemon")
            for side in ("desk", "dev"):
                one.house.switch(side, short_pages=False, wrong_type=False, html_502=False)
        one.next()
        until(one.all_there, "every ticket has its issue")
        for number, record in enumerate(one.records):
            one.arrives(record, f"title {number}")
        until(lambda: _caught_up(one, asked, last), "the feed is read to its end")
        _judge_pages(trial, one.house.behind("desk", f"requests?after={asked}"), known, last)
        trial.must(one.stop() == 0, "it did not end in order")
        _judge_issues(trial, one)


def _backfill(trial: Trial, one: Shop) -> None:
    """Old tickets are let in by a command that is killed at seeded moments."""
    planned = one.house.command("backfill", "escalations", "--since", "30d")
    approved = one.house.command("plan", "approve", "p-1")
    trial.must((planned[0], approved[0]) == (4, 0), f"no plan: {planned[1]} {approved[1]}")
    before = len(_reads(one))
    for _ in range(trial.of(2, 20)):
        seen = len(_reads(one)) + trial.dice.randrange(1, 4)
        _apply_until(one, seen)
        trial.count("kills of the command")
    code, said = one.house.command("apply", "p-1")
    trial.must(code == 0, f"the plan was not carried out: {said}")
    again = len(_reads(one)) - before - len(one.records)
    trial.count("records let in", len(one.records))
    trial.count("read once more", again)
    trial.must(0 <= again <= trial.counts["kills of the command"], f"{again} were read once more")


def _apply_until(one: Shop, seen: int) -> None:
    """Carry the plan out, and kill the command when so many records were read."""
    command = [sys.executable, "-m", "sdsync", "apply", "p-1", "--config", str(one.house.config)]
    with subprocess.Popen(
        command, env=one.house.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        until(lambda: len(_reads(one)) >= seen or child.poll() is not None, "it reads")
        child.kill()


def _reads(one: Shop) -> list[str]:
    """Tickets that sdsync's account read one by one, in their order."""
    asked = one.house.behind("desk", "requests")
    whole = re.compile(rf"{re.escape(API)}/ticket/\d+")
    return [
        str(call["path"]) for call in asked
        if call["login"] == OURS and call["method"] == "GET"
        and whole.fullmatch(str(call["path"]))
    ]  # fmt: skip


def _pile(one: Shop, edits: int) -> int:
    """An hour ago somebody edited a ticket of no sync; the number of the last transaction of it."""
    client, headers = one.house.client, {"Authorization": f"token {AGENTS[0].token}"}
    url = f"{one.house.url('desk')}{API}/ticket"
    one.house.switch("desk", wrong_clock={"offset_s": -3600.0})
    new = {"Queue": "General", "Subject": "noise", "Content": "", "ContentType": "text/plain"}
    made = client.post(url, headers=headers, json=new).raise_for_status().json()
    for _ in range(edits):
        for edit in EDITS:
            client.put(f"{url}/{made['id']}", headers=headers, json=edit).raise_for_status()
    one.house.switch("desk", wrong_clock=False)
    return _newest(one)


def _newest(one: Shop) -> int:
    """The number of the desk's last transaction."""
    return newest_transaction(one.house.behind("desk", "records"))


def _judge_pages(trial: Trial, asked: list[Json], known: int, last: int) -> None:
    """No page of the feed was read twice save the one that each kill took with it.

    Args:
        trial: Whose counts they are.
        asked: Every call since the pile was made.
        known: The last transaction before the pile.
        last: That of the pile.
    """
    pages = [page for page in map(_page, asked) if page is not None and page[0] < last]
    once, again = len(set(pages)), len(pages) - len(set(pages))
    trial.count("pages of the feed", once)
    trial.count("asked once more", again)
    begun = min((after for after, _ in pages), default=last)
    trial.must(begun <= known, f"it went on after {begun}, and the pile begins after {known}")
    piled = last - begun
    trial.must(once >= piled // PAGE, f"{once} pages held {piled} transactions")
    trial.must(pages == sorted(pages), f"it went back: {pages}")
    trial.must(again <= trial.counts["kills of the daemon"], f"{again} pages were asked once more")


def _caught_up(one: Shop, asked: int, last: int) -> bool:
    calls = one.house.behind("desk", f"requests?after={asked}")
    return any(page[0] >= last for page in map(_page, calls) if page is not None)


def _page(call: Json) -> tuple[int, int] | None:
    """Which page of the feed a call read: after which transaction, and its number from there."""
    query = dict(call["query"])
    whole = call["status"] == 200 and not call["faults"]
    if call["path"] != FEED_OF["desk"] or query["order"] != "ASC" or not whole:
        return None
    after = re.search(r"id > (\d+)", query["query"])
    return (int(after[1]), int(query["page"])) if after else None


def _judge_issues(trial: Trial, one: Shop) -> None:
    """Each ticket has its one issue; nobody closed or deleted any, and so did sdsync."""
    desk, dev = (one.house.behind(side, "records") for side in ("desk", "dev"))
    tickets = {int(ticket["id"]): ticket["status"] for ticket in rows(desk, "tickets")}
    issues = {int(issue["id"]): issue["closed"] for issue in rows(dev, "issues")}
    wrong = [
        record.ids for record in one.records
        if tickets.get(record.ids["desk"]) != "new"
        or issues.get(record.ids["dev"], "gone") is not None
    ]  # fmt: skip
    trial.count("wrong deletes", len(wrong))
    trial.must(not wrong, f"closed or gone: {wrong}")
    trial.must(len(issues) == len(one.records), f"{len(issues)} issues, not {len(one.records)}")
