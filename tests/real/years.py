"""Two shops with a past: hundreds of tickets and issues, and what of them belongs together."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from tests.real.conftest import BOOT, Product

_RUN = uuid4().hex[:6]  # the products may have been used before
QUEUE, PROJECT = f"Day one {_RUN}", f"dayone-{_RUN}"
#: Where the desk writes down which issue belongs to a ticket, each agent in a way of their own.
FIELD = f"Development {_RUN}"
#: The whole form by default; the server takes fewer pairs, for each costs it seconds.
RECORDS = int(os.environ.get("SDSYNC_REAL_RECORDS", "400"))
PAIRS = int(os.environ.get("SDSYNC_REAL_PAIRS", "150"))
#: Tickets that nobody joins and that are not over; most that is old is.
STILL_OPEN = max(4, PAIRS // 5)
#: Tickets that name an issue which another ticket names too.
RIVALS = 4
OPEN, CLOSED = ("new", "open", "stalled"), ("resolved", "rejected")
#: Thousands of records in one process.
LONG_S = 3_600

Row = dict[str, Any]


@dataclass(frozen=True)
class Years:
    """What stood in both products before sdsync came."""

    pairs: Mapping[str, str]  # ticket -> issue
    rivals: Sequence[str]  # tickets that claim one issue together
    alone: Sequence[str]  # tickets that nobody at dev knows
    tickets: int  # all of them
    issues: int


def years(desk: Product, dev: Product, seed: int, scratch: Path) -> Years:
    """Write :data:`RECORDS` down, of which :data:`PAIRS` pairs belong together."""
    rand = Random(seed)
    rest = RECORDS - 2 * PAIRS - RIVALS - RIVALS // 2
    at_desk = rest // 2
    _places(desk, dev, scratch)
    wanted = [_issue(rand, one) for one in range(PAIRS + RIVALS // 2 + rest - at_desk)]
    issues = _issues(dev, wanted)
    named = [*issues[:PAIRS], *issues[PAIRS : PAIRS + RIVALS // 2] * 2, *[""] * at_desk]
    told = [_ticket(rand, number, one, dev.base_url) for number, one in enumerate(named)]
    for number, one in enumerate(told[PAIRS + RIVALS :]):
        one["Status"] = rand.choice(OPEN if number < STILL_OPEN else CLOSED)
        one["Owner"] = ("Nobody", "agent1")[number % 2]
    for one, issue in zip(told[:PAIRS:2], wanted[:PAIRS:2], strict=True):
        one["Subject"] = issue["subject"]  # half of them say the same, half agree to differ
    tickets = _tickets(desk, told, scratch)
    return Years(
        pairs=dict(zip(tickets[:PAIRS], issues[:PAIRS], strict=True)),
        rivals=tickets[PAIRS : PAIRS + RIVALS],
        alone=tickets[PAIRS + RIVALS :],
        tickets=len(tickets),
        issues=len(issues),
    )


def _places(desk: Product, dev: Product, scratch: Path) -> None:
    """A queue, a project and the field that names an issue; no other test knows them."""
    made = desk.act("admin", "POST", "/REST/2.0/queue", {"Name": QUEUE})
    assert made.status_code == 201, made.text
    # REST has no call that puts a field on a queue.
    head = "use lib map { qq($_/request-tracker5/lib) } qw(/usr/share /usr/local/share);"
    code = f"""{head} use RT; RT::LoadConfig(); RT::Init();
        my $queue = RT::Queue->new(RT->SystemUser); $queue->Load('{QUEUE}');
        my $field = RT::CustomField->new(RT->SystemUser);
        $field->Create(Name => '{FIELD}', Type => 'Freeform', MaxValues => 1,
                       LookupType => 'RT::Queue-RT::Ticket') or die;
        for my $name ('{FIELD}', 'sdsync mark', 'sdsync tags', 'sdsync peer') {{
            my $one = RT::CustomField->new(RT->SystemUser);
            $one->LoadByName(Name => $name, LookupType => 'RT::Queue-RT::Ticket') or die;
            my ($ok, $why) = $one->AddToObject($queue); die $why unless $ok;
        }}"""
    _perl(desk, ["-e", code], [], scratch)
    project = {"project": {"name": "Day one", "identifier": PROJECT, "is_public": False}}
    made = dev.act("admin", "POST", "/projects.json", project)
    assert made.status_code == 201, made.text
    people = dev.act("admin", "GET", "/projects/infra/memberships.json?limit=100").json()
    for one in people["memberships"]:
        roles = [role["id"] for role in one["roles"]]
        member = {"membership": {"user_id": one["user"]["id"], "role_ids": roles}}
        joined = dev.act("admin", "POST", f"/projects/{PROJECT}/memberships.json", member)
        assert joined.status_code == 201, joined.text


# -- the desk ---------------------------------------------------------------------------
def _ticket(rand: Random, number: int, issue: str, dev: str) -> Row:
    """A ticket as one of several agents writes it; it names the issue, if there is one."""
    html = rand.random() < 0.5
    told: Row = {
        "by": rand.choice(("agent1", "agent2")), "Queue": QUEUE,
        "Subject": f"{number}: {_words(rand)}",
        "Requestor": [f"customer{rand.randrange(40)}@example.org"],
        "Content": "<p>It <b>broke</b> &amp; smokes.</p>" if html else "It broke.\n\nÜberall.\n",
        "ContentType": "text/html" if html else "text/plain",
        "Status": rand.choice((*OPEN, *CLOSED)),
        "Priority": rand.choice((0, 0, 50, 100, 17, 66, 80)),
        "Owner": rand.choice(("Nobody", "agent1", "agent2")),
        "notes": [
            (rand.choice(("Comment", "Correspond")), f"note: {_words(rand)}")
            for _ in range(rand.choice((0, 0, 1, 2)))
        ],
        "CustomFields": {},
    }  # fmt: skip
    if rand.random() < 0.2:
        told["Due"] = f"2027-{rand.randrange(1, 13):02}-15 10:30:00"
    if rand.random() < 0.3:
        told["Cc"] = ["boss@example.org"]
    if issue:
        forms = (issue, f"#{issue}", f"{PROJECT}#{issue}", f"{dev}/issues/{issue}")
        told["CustomFields"][FIELD] = rand.choice(forms)
    return told


def _tickets(desk: Product, told: Sequence[Row], scratch: Path) -> list[str]:
    return _perl(desk, [str(BOOT / "request_tracker_years.pl")], told, scratch).split()


def _perl(desk: Product, words: Sequence[str], told: Sequence[Row], scratch: Path) -> str:
    home = desk.facts["DATA_DIR"]
    env = {"RT_SITE_CONFIG": f"{home}/RT_SiteConfig.pm", "RT_SITE_CONFIG_DIR": f"{home}/conf.d"}
    return _ran(["perl", *words], told, env, scratch)


def _ran(words: Sequence[str], told: Sequence[Row], env: Mapping[str, str], cwd: Path) -> str:
    """What one of the product's own processes prints, given these rows."""
    done = subprocess.run(
        words, input="".join(f"{json.dumps(one)}\n" for one in told), cwd=cwd,
        env={**os.environ, **env}, capture_output=True, text=True, timeout=LONG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- development ------------------------------------------------------------------------
def _issue(rand: Random, number: int) -> Row:
    """An issue as one of several people writes it."""
    return {
        "by": rand.choice(("admin", "agent1", "agent2", "reporter")),
        "tracker": rand.choice(("Bug", "Feature", "Support")),
        "status": rand.choice(("New", "In Progress", "Resolved", "Feedback", "Closed", "Rejected")),
        "priority": rand.choice(("Low", "Normal", "Normal", "High", "Urgent", "Immediate")),
        "subject": f"{number}: {_words(rand)}",
        "description": rand.choice(("", "h2. It broke\n\n* *here*\n* and @there@", "Überall.")),
        "owner": rand.choice(("", "agent1", "agent2")),
        "due_date": f"2027-{rand.randrange(1, 13):02}-20" if rand.random() < 0.2 else None,
        "watchers": ["agent1", "agent2"] if rand.random() < 0.3 else [],
        "notes": [
            (rand.choice(("agent1", "agent2")), f"note: {_words(rand)}", rand.random() < 0.5)
            for _ in range(rand.choice((0, 0, 1, 2)))
        ],
    }  # fmt: skip


def _issues(dev: Product, told: Sequence[Row]) -> list[str]:
    home = dev.facts["DATA_DIR"]
    env = {"BUNDLE_GEMFILE": f"{home}/Gemfile", "BUNDLE_APP_CONFIG": f"{home}/bundle",
           "RAILS_ENV": "production", "REDMINE_LANG": "en", "LANG": "C.UTF-8",
           "SCHEMA": f"{home}/schema.rb", "PROJECT": PROJECT}  # fmt: skip
    words = ["bundle", "exec", "bin/rails", "runner", str(BOOT / "redmine_years.rb")]
    said = _ran(words, told, env, Path(home) / "app")
    return [line.partition(" ")[2] for line in said.splitlines() if line.startswith("MADE ")]


def _words(rand: Random) -> str:
    things = ("disk", "Drucker", "VPN", "mail", "Büro 4", "db01", "backup", "printer <3rd> & co")
    states = ("is full", "fails", "ist kaputt", "is slow", "asks for a password", "=1+1")
    return f"{rand.choice(things)} {rand.choice(states)} {rand.randrange(10**6):06}"
