"""Two shops with a past: hundreds of tickets and issues, and what of them belongs together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from subprocess import Popen
from uuid import uuid4

from tests.real.conftest import BOOT, Product
from tests.real.inside import LONG_S, end, perl, ruby
from tests.real.tables import Row

_RUN = uuid4().hex[:6]  # the products may have been used before
QUEUE, PROJECT = f"Day one {_RUN}", f"dayone-{_RUN}"
#: Where the desk writes down which issue belongs to a ticket, each agent in a way of their own.
FIELD = f"Development {_RUN}"
RECORDS = int(os.environ.get("SDSYNC_REAL_RECORDS", "400"))
#: Each takes seconds, so the server takes fewer; all else is the same there.
PAIRS = int(os.environ.get("SDSYNC_REAL_PAIRS", "4" if "CI" in os.environ else "150"))
#: Tickets that nobody joins and that are not over, every other one somebody's; most is over.
STILL_OPEN = max(2, PAIRS // 5)
#: Tickets that name an issue which another ticket names too.
RIVALS = 4
OPEN, CLOSED = ("new", "open", "stalled"), ("resolved", "rejected")


@dataclass(frozen=True)
class Years:
    """What stood in both products before sdsync came."""

    pairs: Mapping[str, str]  # ticket -> issue
    rivals: Sequence[str]  # tickets that claim one issue together
    alone: Sequence[str]  # tickets that nobody at dev knows
    tickets: Sequence[str]  # all of them
    issues: Sequence[str]


def years(desk: Product, dev: Product, seed: int) -> Years:
    """Write :data:`RECORDS` down, of which :data:`PAIRS` pairs belong together."""
    rand = Random(seed)
    rest = RECORDS - 2 * PAIRS - RIVALS - RIVALS // 2
    at_desk = rest // 2
    _places(desk, dev)
    wanted = [_issue(rand, one) for one in range(PAIRS + RIVALS // 2 + rest - at_desk)]
    issues = _issues(dev, wanted)
    named = [*issues[:PAIRS], *issues[PAIRS : PAIRS + RIVALS // 2] * 2, *[""] * at_desk]
    told = [_ticket(rand, number, one, dev.base_url) for number, one in enumerate(named)]
    for number, one in enumerate(told[PAIRS + RIVALS :]):
        one["Status"] = rand.choice(OPEN if number < STILL_OPEN else CLOSED)
        one["Owner"] = ("Nobody", "agent1")[number % 2]
        if number < STILL_OPEN:  # a note that follows a birth mails too
            one["notes"] = one["notes"] or [("Comment", f"note: {_words(rand)}")]
    for one, issue in zip(told[:PAIRS:2], wanted[:PAIRS:2], strict=True):
        one["Subject"] = issue["subject"]  # half of them say the same, half agree to differ
    tickets = _tickets(desk, told)
    return Years(
        pairs=dict(zip(tickets[:PAIRS], issues[:PAIRS], strict=True)),
        rivals=tickets[PAIRS : PAIRS + RIVALS],
        alone=tickets[PAIRS + RIVALS :],
        tickets=tickets,
        issues=issues,
    )


def _places(desk: Product, dev: Product) -> None:
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
    end(perl(desk, "-e", code))
    project = {"project": {"name": QUEUE, "identifier": PROJECT, "is_public": False}}
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


def _tickets(desk: Product, told: Sequence[Row]) -> list[str]:
    return _made(perl(desk, BOOT / "request_tracker_years.pl", told=told))


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
    return _made(ruby(dev, BOOT / "redmine_years.rb", PROJECT, told=told))


def _made(began: Popen[str]) -> list[str]:
    said = end(began, within_s=LONG_S).splitlines()
    return [line.partition(" ")[2] for line in said if line.startswith("MADE ")]


def _words(rand: Random) -> str:
    things = ("disk", "Drucker", "VPN", "mail", "Büro 4", "db01", "backup", "printer <3rd> & co")
    states = ("is full", "fails", "ist kaputt", "is slow", "asks for a password", "=1+1")
    return f"{rand.choice(things)} {rand.choice(states)} {rand.randrange(10**6):06}"
