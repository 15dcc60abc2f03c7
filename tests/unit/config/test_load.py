"""What a right file means: defaults, orders, places."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from sdsync.config.load import load, load_text, missing_secrets, secrets_of
from sdsync.config.model import Config, SyncConfig, SystemConfig
from sdsync.config.problems import ConfigError
from sdsync.config.secrets import SecretRef

MINIMAL = """\
[systems.desk]
connector = "request_tracker"
url       = "https://rt.example.org"
token     = "env:RT_TOKEN"
[systems.dev]
connector = "redmine"
url       = "https://redmine.example.org"
token     = "env:REDMINE_KEY"
[syncs.escalations]
desk.take = 'queue == "Escalated"'                # what enters, from where
dev.put   = { project = "infra", type = "bug" }   # where a new one is born
# mode    = "live"                                 # left out: observe
"""

CUSTOMERS = """\
store.url  = "env:SDSYNC_DB"          # left out: SQLite beside this file
broker.url = "env:SDSYNC_AMQP"        # left out: in-process
lag.P1     = "20s"                    # alarm: oldest unsent change is older
[systems.desk]
connector = "request_tracker"
url       = "https://rt.example.org"
token     = "env:RT_TOKEN"
[systems.dev]
connector = "redmine"
url       = "https://redmine.example.org"
token     = "env:REDMINE_KEY"
[systems.prom]
connector = "alertmanager"
url       = "https://alerts.example.org"
webhook   = "env:PROM_HOOK"           # intake at /hooks/prom; a poll repairs
[tables]
customers = "tables/customers.csv"    # tenant, queue, project; first column is the key
[syncs.outages]
prom.take = 'severity in ["critical", "warning"] && !in_maintenance'
desk.put  = { queue = "= customers[tenant].queue" }
[syncs.escalations]
desk.take = '"escalate" in tags'      # RT has no tags: the pack keeps them in a field
dev.put   = { project = "= customers[tenant].project", type = "bug" }
[syncs.escalations.fields]            # only what differs from the pack
urgency    = "desk"                   # a system's name: it owns the group
due_at     = "each"                   # never carried
resolution = "hold"                   # both changed it: a person decides
"""


class Fixed:
    """A clock that stands."""

    def __init__(self, day: date) -> None:
        self._now = datetime(day.year, day.month, day.day, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def customers(tmp_path: Path) -> Config:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "customers.csv").write_text(
        "tenant,queue,project\nacme,acme-in,acme\n", encoding="utf-8"
    )
    (tmp_path / "sdsync.toml").write_text(CUSTOMERS, encoding="utf-8")
    return load(tmp_path / "sdsync.toml")


def test_the_minimal_file_is_complete() -> None:
    config = load_text(MINIMAL)

    desk, sync = config.systems["desk"], config.syncs["escalations"]
    assert (desk.connector, desk.url, str(desk.token)) == (
        "request_tracker",
        "https://rt.example.org",
        "env:RT_TOKEN",
    )
    assert (desk.poll_s, desk.calls_at_once, desk.per_minute, desk.deadline_s) == (10, 2, None, 10)
    assert sync.systems == ("desk", "dev")
    assert sync.take == {"desk": 'queue == "Escalated"'}
    assert sync.put == {"dev": {"project": "infra", "type": "bug"}}


def test_a_new_sync_observes_and_keeps_notes_internal() -> None:
    sync = load_text(MINIMAL).syncs["escalations"]

    assert (sync.mode, sync.mail, sync.notes) == ("observe", None, "internal")
    assert (sync.closes, sync.on_refused, sync.on_delete, sync.on_leave) == (
        "birth",
        "keep",
        "hold",
        "finish",
    )
    assert (sync.file_limit_bytes, sync.owner_silent_s) == (10_000_000, 900)


def test_what_is_left_out_has_its_default() -> None:
    config = load_text("", whole=False)

    assert (config.store.url, config.broker.url) == (None, None)
    assert (config.server.host, config.server.port) == ("127.0.0.1", 8080)
    assert load_text(MINIMAL).systems["desk"].poll_s == 10
    assert config.lag == {"P1": 30, "P2": 120, "P3": 600, "P4": 1800, "P5": 3600}


NO_SYSTEMS = (
    "sdsync.toml: systems: found none, expected [systems.NAME] for each product; "
    "sdsync init asks for them and writes the file"
)
NO_SYNCS = (
    "sdsync.toml: syncs: found none, expected [syncs.NAME] with its systems, "
    "such as desk.take and dev.put; sdsync init writes one"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", [NO_SYSTEMS, NO_SYNCS]),
        ("# only a comment\n[systems]\n", [NO_SYSTEMS, NO_SYNCS]),
        (MINIMAL.partition("[syncs")[0], [NO_SYNCS]),
    ],
)
def test_a_file_that_was_cut_off_is_refused(text: str, told: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(text)

    assert [str(one) for one in caught.value.problems] == told


def test_what_is_wrong_beside_is_told_as_well() -> None:
    with pytest.raises(ConfigError) as caught:
        load_text("log.level = 'loud'\n")

    assert [one.where for one in caught.value.problems] == ["systems", "syncs", "log.level"]


def test_the_file_for_many_customers_is_read(customers: Config) -> None:
    assert str(customers.store.url) == "env:SDSYNC_DB"
    assert customers.lag == {"P1": 20, "P2": 120, "P3": 600, "P4": 1800, "P5": 3600}
    assert customers.syncs["outages"].systems == ("prom", "desk")
    assert customers.table("customers").rows["acme"]["queue"] == "acme-in"


def test_a_policy_of_a_member_is_the_policy_of_its_group(customers: Config) -> None:
    fields = customers.syncs["escalations"].fields

    assert fields == {"urgency": "desk", "due_at": "each", "outcome": "hold"}


def test_an_expression_stays_text_and_tells_its_place() -> None:
    config = load_text(MINIMAL)

    take = config.place("syncs", "escalations", "take", "desk")
    put = config.place("syncs", "escalations", "put", "dev", "type")

    assert take is not None
    assert put is not None
    assert (take.value_line, take.value_column) == (10, 13)
    assert (put.line, put.column, put.path[-1]) == (11, 34, "type")


def test_a_default_has_no_place() -> None:
    assert load_text(MINIMAL).place("systems", "desk", "poll") is None


def test_a_nested_name_in_a_put_is_one_field() -> None:
    text = MINIMAL.replace('type = "bug"', "ext.team = 'ops'")

    assert load_text(text).syncs["escalations"].put["dev"] == {
        "project": "infra",
        "ext.team": "ops",
    }


def test_a_put_may_hold_every_kind_of_literal() -> None:
    text = MINIMAL.replace(
        'type = "bug"', 'ext = { a = 1, b = 1.5, c = true, d = ["x"], e = 2030-01-02 }'
    )

    put = load_text(text).syncs["escalations"].put["dev"]

    assert put == {
        "project": "infra",
        "ext.a": 1,
        "ext.b": 1.5,
        "ext.c": True,
        "ext.d": ["x"],
        "ext.e": "2030-01-02",
    }


def test_systems_of_a_sync_keep_the_order_in_which_they_are_written() -> None:
    text = MINIMAL.replace("desk.take", "dev.take").replace("dev.put", "desk.put")

    assert load_text(text).syncs["escalations"].systems == ("dev", "desk")


def test_a_site_s_own_field_has_a_policy_too() -> None:
    text = MINIMAL + '[syncs.escalations.fields]\next.po_no = "desk"\n'

    assert load_text(text).syncs["escalations"].fields == {"ext.po_no": "desk"}


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sdsync.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())

    assert load(path).systems == load_text(MINIMAL, path=path).systems


def test_relative_paths_start_from_the_folder_of_the_file(customers: Config) -> None:
    assert customers.tables["customers"] == customers.path.parent / "tables" / "customers.csv"


def test_a_loopback_address_needs_no_tls() -> None:
    for host in ("127.0.0.1:8081", "localhost", "[::1]:80"):
        text = MINIMAL.replace("https://rt.example.org", f"http://{host}/rt/")

        assert load_text(text).systems["desk"].url == f"http://{host}/rt"


@pytest.mark.parametrize("host", ["127.0.0.1.example.org", "localhost.example.org", "10.0.0.1"])
def test_what_only_looks_like_loopback_needs_tls(host: str) -> None:
    with pytest.raises(ConfigError, match="expected https://"):
        load_text(MINIMAL.replace("https://rt.example.org", f"http://{host}"))


def test_a_scheme_in_capitals_is_the_same_scheme() -> None:
    with pytest.raises(ConfigError, match="expected https://"):
        load_text(MINIMAL.replace("https://rt", "HTTP://rt"))

    found = load_text(MINIMAL.replace("https://rt", "HTTPS://rt"))
    assert found.systems["desk"].url == "https://rt.example.org"


def test_a_waiver_holds_through_its_last_day() -> None:
    waiver = 'insecure_until = 2026-11-21\ninsecure_reason = "the certificate is ordered"\n'
    text = MINIMAL.replace("https://rt", "http://rt").replace("token", waiver + "token", 1)

    load_text(text, clock=Fixed(date(2026, 11, 21)))
    with pytest.raises(ConfigError, match="ended on 2026-11-21"):
        load_text(text, clock=Fixed(date(2026, 11, 22)))


def test_two_syncs_that_share_no_system_may_have_different_owners() -> None:
    other = "".join(
        f'[systems.{name}]\nconnector = "redmine"\nurl = "https://{name}.example.org"\n'
        for name in ("web", "shop")
    )
    text = (
        f"{MINIMAL}[syncs.escalations.fields]\ntitle = 'desk'\n"
        f"{other}[syncs.other]\nweb.take = 'true'\nshop.put.project = 'a'\nfields.title = 'web'\n"
    )

    assert set(load_text(text).syncs) == {"escalations", "other"}


def test_one_broken_value_hides_no_other_mistake() -> None:
    text = (
        MINIMAL.replace("https://rt", "http://rt")
        .replace('"env:RT_TOKEN"', '"c0ffee"\npeople = "nobody"')
        .replace("# mode    = ", "mode = 'x' #")
    )

    with pytest.raises(ConfigError) as caught:
        load_text(text)

    wheres = [problem.where for problem in caught.value.problems]
    assert wheres == [
        "systems.desk.url",
        "systems.desk.token",
        "systems.desk.people",
        "syncs.escalations.mode",
    ]


def test_secrets_are_found_wherever_they_may_stand() -> None:
    text = (
        "store.url = 'env:DB'\nstore.key = 'file:key'\nbroker.url = 'env:AMQP'\n"
        + MINIMAL.replace("token     =", "webhook = 'env:HOOK'\ntoken =", 1)
        + "[systems.dev.options]\nlogin.password = 'keyring:dev/sdsync'\n"
    )

    refs = {str(ref) for _, ref in secrets_of(load_text(text))}

    assert refs == {
        "env:DB",
        "file:key",
        "env:AMQP",
        "env:HOOK",
        "env:RT_TOKEN",
        "env:REDMINE_KEY",
        "keyring:dev/sdsync",
    }


def test_a_missing_secret_names_its_place_and_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDMINE_KEY", "there")
    monkeypatch.delenv("RT_TOKEN", raising=False)

    [problem] = missing_secrets(load_text(MINIMAL))

    assert str(problem) == (
        "sdsync.toml:4:13: systems.desk.token: env:RT_TOKEN is empty or not there; "
        "set the environment variable RT_TOKEN for sdsync"
    )


def test_a_secret_file_that_everybody_can_read_hinders_only_who_connects(tmp_path: Path) -> None:
    secret = tmp_path / "rt"
    secret.write_text("c0ffee", encoding="utf-8")
    secret.chmod(0o644)
    text = MINIMAL.replace("env:RT_TOKEN", "file:rt")

    config = load_text(text, path=tmp_path / "sdsync.toml")
    [problem] = [one for one in missing_secrets(config) if "file:rt" in str(one)]

    assert (problem.line, "chmod 600" in str(problem)) == (4, True)
    secret.chmod(0o640)
    token = config.systems["desk"].token
    assert token is not None
    assert token.reveal() == "c0ffee"


def test_settings_can_be_made_in_code() -> None:
    system = SystemConfig(
        name="desk", connector="redmine", url="http://127.0.0.1:1", poll_s=0.5, deadline_s=2
    )
    sync = SyncConfig(name="s", systems=("desk",), fields={"priority": "desk"}, owner_silent_s=1)

    assert (system.poll_s, system.deadline_s) == (0.5, 2)
    assert sync.fields == {"urgency": "desk"}


def test_settings_are_frozen_and_refuse_what_they_do_not_know() -> None:
    config = load_text(MINIMAL)

    with pytest.raises(ValidationError):
        config.path = Path("other")
    with pytest.raises(ValidationError):
        SystemConfig(name="a", connector="b", url="https://c", ulr="d")  # type: ignore[call-arg]


def test_a_token_in_code_is_a_reference_too() -> None:
    with pytest.raises(ValidationError) as caught:
        SystemConfig(
            name="a",
            connector="b",
            url="https://c",
            token="c0ffee",  # type: ignore[arg-type]
        )

    assert "c0ffee" not in str(caught.value)


def test_no_representation_of_the_settings_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", "c0ffee")
    config = load_text(MINIMAL)
    token = config.systems["desk"].token
    assert isinstance(token, SecretRef)
    assert token.reveal() == "c0ffee"

    shown = (
        f"{config!r} {config} {config.model_dump()} {config.model_dump_json()} {token!r} {token}"
    )
    assert "c0ffee" not in shown
