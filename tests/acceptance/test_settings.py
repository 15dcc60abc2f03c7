"""Configuration as a person meets it: all problems at once, secrets never shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from sdsync import __version__
from sdsync.config.model import SystemConfig
from sdsync.connectors import registry
from sdsync.connectors.contract import Account, Description, PlaceInfo
from tests.acceptance.conftest import Desk
from tests.conformance.installed import announce


def test_a_good_configuration_is_called_fine(empty_desk: Desk) -> None:
    ran = empty_desk.type("check")

    assert ran.code == 0, ran.err
    assert ran.out.startswith("sdsync.toml: fine; systems desk, dev; syncs escalations (live)")


@pytest.mark.parametrize("command", ["check", "run", "reload", "status"])
def test_a_file_that_was_cut_off_is_not_called_fine(empty_desk: Desk, command: str) -> None:
    empty_desk.toml.write_text("server.port = 1\n", encoding="utf-8")

    ran = empty_desk.type(command)

    assert (ran.code, ran.out) == (1, "")
    assert "sdsync.toml: systems: found none, expected [systems.NAME]" in ran.err
    assert "sdsync init" in ran.err


def test_without_a_file_the_way_to_one_is_named(empty_desk: Desk) -> None:
    other = "-c FILE, or SDSYNC_CONFIG=FILE, names another\n"
    empty_desk.toml.unlink()

    absent = empty_desk.type("status")
    empty_desk.toml.mkdir()
    folder = empty_desk.type("status")

    assert absent.err == f"sdsync.toml is not there\n> sdsync init makes one; {other}"
    assert folder.err == f"sdsync.toml is a folder\n> {other}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("mappings rollback dev-ticket --to banana", "'--to': expected a whole number"),
        ("audit show -n 0", "'--limit' / '-n': expected 1 or more"),
        ("alarms foo", "'test': found \"foo\", expected test"),
        ("completion ksh", "'shell': found \"ksh\", expected bash, zsh or fish"),
        ("-c . status", "'--config' / '-c': . is a folder, expected a file"),
        ("statsu", "Did you mean 'status'?"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_in_our_words(
    empty_desk: Desk, words: str, told: str
) -> None:
    ran = empty_desk.type(*words.split())
    as_json = empty_desk.type(*words.split(), "--json")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: sdsync ")
    assert ran.err.endswith(f"{told}\n")
    assert (as_json.code, as_json.err) == (2, "")
    assert as_json.json["error"].endswith(told)
    assert as_json.json["cure"].endswith(" -h")


def test_a_store_is_looked_after_with_what_is_left_of_a_file(desk: Desk) -> None:
    desk.toml.write_text("server.port = 1\n", encoding="utf-8")

    assert desk.type("store", "verify").code == 0
    assert desk.type("store", "backup").code == 0


class Answering:
    """Stands for a product that has these places."""

    def __init__(self, version: str, *places: str) -> None:
        self._version = version
        self._places = {one: PlaceInfo(one, one) for one in places}

    def describe(self) -> Description:
        account = Account("1", "sdsync", "sdsync")
        return Description("Product", self._version, "id", account, datetime.now(UTC), self._places)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def products(monkeypatch: pytest.MonkeyPatch) -> None:
    has = {"desk": ("5.0.3", "Escalated", "General"), "dev": ("5.0.4", "infra", "web")}

    def create(name: str, _: SystemConfig) -> Answering:
        return Answering(*has[name])

    monkeypatch.setattr(registry, "create", create)


@pytest.mark.usefixtures("products")
def test_a_live_check_of_a_pair_that_fits_is_fine(empty_desk: Desk) -> None:
    ran = empty_desk.type("check", "--live")

    assert ran.code == 0, ran.out
    assert " desk: Product 5.0.3 as sdsync, 2 queues within reach\n" in ran.out


@pytest.mark.usefixtures("products")
def test_a_live_check_names_what_no_system_has_and_where_to_mend_it(empty_desk: Desk) -> None:
    text = empty_desk.toml.read_text(encoding="utf-8")
    text = text.replace('"Escalated"', '"Escalatd"').replace('"infra"', '"infra-x"')
    empty_desk.toml.write_text(text, encoding="utf-8")

    ran = empty_desk.type("check", "--live")

    assert ran.code == 3
    assert (
        'sdsync.toml:13:23: syncs.escalations.desk.take: found "Escalatd", expected a place '
        'that our account sees; did you mean "Escalated"?\n'
        "   > edit sdsync.toml:13; then sdsync check --live\n"
    ) in ran.out
    assert (
        'sdsync.toml:14:25: syncs.escalations.dev.put.project: found "infra-x", expected a place '
        'that our account sees; did you mean "infra"?\n'
        "   > edit sdsync.toml:14; then sdsync check --live\n"
    ) in ran.out


@pytest.mark.usefixtures("products")
def test_a_live_check_of_one_system_asks_no_other(empty_desk: Desk) -> None:
    ran = empty_desk.type("check", "--live", "dev")

    assert ran.code == 0
    assert " dev: Product" in ran.out
    assert " desk: Product" not in ran.out


def test_a_check_of_a_system_that_is_not_there_names_those_that_are(empty_desk: Desk) -> None:
    ran = empty_desk.type("check", "--live", "dve")

    assert ran.code == 1
    assert ran.err == ("sdsync.toml has no system dve; it has desk, dev\n> sdsync check --live\n")


def test_an_unknown_connector_is_said_where_it_stands(empty_desk: Desk) -> None:
    text = empty_desk.toml.read_text(encoding="utf-8")
    empty_desk.toml.write_text(text.replace('"redmine"', '"redmin"'), encoding="utf-8")

    ran = empty_desk.type("check")

    assert ran.code == 1
    assert (
        'sdsync.toml:8:13: systems.dev.connector: found "redmin", expected redmine or '
        'request_tracker; did you mean "redmine"?\n'
    ) in ran.err


def test_names_that_a_product_cannot_write_in_are_said_where_they_stand(empty_desk: Desk) -> None:
    text = empty_desk.toml.read_text(encoding="utf-8")
    desk = text.replace("[systems.dev]", "impersonate = true\n[systems.dev]")
    empty_desk.toml.write_text(desk, encoding="utf-8")

    ran = empty_desk.type("check")

    assert ran.code == 1
    told = "systems.desk.impersonate: Request Tracker writes in nobody's name but our own"
    assert told in ran.err


def test_all_problems_come_at_once_with_their_places(empty_desk: Desk) -> None:
    text = empty_desk.toml.read_text(encoding="utf-8")
    text = text.replace('connector = "redmine"', 'conector = "redmine"').replace(
        'mode      = "live"', 'mode = "lief"'
    )
    empty_desk.toml.write_text(text, encoding="utf-8")

    ran = empty_desk.type("check")

    assert ran.code == 1
    assert 'sdsync.toml:7:1: systems.dev: found no "connector"' in ran.err
    assert 'sdsync.toml:8:1: systems.dev.conector: unknown key; did you mean "connector"?' in (
        ran.err
    )
    assert "syncs.escalations.mode" in ran.err
    assert "Nothing was changed." in ran.err


def test_problems_of_the_settings_hide_none_of_the_mappings(empty_desk: Desk) -> None:
    text = empty_desk.toml.read_text(encoding="utf-8")
    text = text.replace("queue ==", "queu ==") + "\n[log]\nlevell = 'x'\n"
    empty_desk.toml.write_text(text, encoding="utf-8")
    mappings = empty_desk.toml.parent / "mappings"
    mappings.mkdir(exist_ok=True)
    (mappings / "desk-tickets.yaml").write_text("fields: {}\n", encoding="utf-8")
    (mappings / "dev-ticket.yaml").mkdir()

    ran = empty_desk.type("check")

    assert ran.code == 1
    assert 'log.levell: unknown key; did you mean "level"?' in ran.err
    assert 'did you mean "queue"?' in ran.err
    nearest = 'mappings/desk-tickets.yaml: no system reads it; did you mean "desk-ticket.yaml"?'
    assert nearest in ran.err
    assert "mappings/dev-ticket.yaml: is no file" in ran.err


def test_a_secret_that_everybody_can_read_hinders_only_who_connects(desk: Desk) -> None:
    token = desk.toml.parent / "desk.token"
    token.write_text("t0ken", encoding="utf-8")
    token.chmod(0o644)
    text = desk.toml.read_text(encoding="utf-8")
    desk.toml.write_text(text.replace("env:RT_TOKEN", "file:desk.token"), encoding="utf-8")

    screens = ("status", "dead list", "held list", "alarms", "pause", "resume", "audit verify")
    for words in screens:
        assert "desk.token" not in desk.type(*words.split()).err
    ran = desk.type("check")

    assert ran.code == 1
    assert "file:desk.token can be read by everybody; chmod 600" in ran.err


def spot(text: str, of: str) -> str:
    before = text[: text.index(of)]
    return f"sdsync.toml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_a_mistake_inside_an_expression_is_where_the_editor_jumps_to(empty_desk: Desk) -> None:
    text = empty_desk.toml.read_text(encoding="utf-8")
    text = text.replace("""'queue == "Escalated"'""", """'queue = "Escalated"'""")
    text = text.replace('"infra"', '"=  customers[tenant].project"')
    empty_desk.toml.write_text(text, encoding="utf-8")

    ran = empty_desk.type("check")

    equals, row = spot(text, '= "Esc'), spot(text, "[tenant]")
    assert f"{equals}: syncs.escalations.desk.take: found '='" in ran.err
    assert f"{row}: syncs.escalations.dev.put: only tables" in ran.err


def test_run_tells_the_same_problems_as_check(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = empty_desk.toml.read_text(encoding="utf-8")
    empty_desk.toml.write_text(text.replace("queue ==", "queu =="), encoding="utf-8")
    monkeypatch.delenv("RT_TOKEN", raising=False)
    monkeypatch.delenv("SANDBOX_DESK_TOKEN", raising=False)

    checked, ran = empty_desk.type("check"), empty_desk.type("run")

    assert "is empty or not there" in ran.err
    assert "queu" in ran.err
    assert (ran.code, ran.err) == (1, checked.err)


def test_a_missing_secret_is_named_and_cured(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RT_TOKEN")

    ran = empty_desk.type("check")

    assert ran.code == 1
    assert "systems.desk.token" in ran.err
    assert "set the environment variable RT_TOKEN for sdsync" in ran.err


def test_config_prints_every_value_with_its_place_and_no_secret(empty_desk: Desk) -> None:
    ran = empty_desk.type("config")

    assert ran.code == 0
    lines = {one.split()[0]: one for one in ran.out.splitlines()}
    assert lines["systems.desk.url"].split()[-1] == "sdsync.toml:5"
    assert lines["systems.desk.poll"].split()[-1] == "default"
    assert "t0ken" not in ran.out
    assert "env:RT_TOKEN" in ran.out


def test_the_schema_is_json_schema(empty_desk: Desk) -> None:
    schema = json.loads(empty_desk.type("schema").out)

    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "systems" in schema["properties"]


def test_a_missing_file_is_said_with_what_to_do(empty_desk: Desk) -> None:
    ran = empty_desk.type("config", "--config", "elsewhere.toml")

    assert ran.code == 1
    assert ran.err == (
        "elsewhere.toml is not there\n"
        "> sdsync -c elsewhere.toml init makes one; -c FILE, or SDSYNC_CONFIG=FILE, names another\n"
    )


@pytest.mark.parametrize("words", [["--config", "x.toml", "config"], ["config", "-c", "x.toml"]])
def test_the_file_may_be_named_before_or_after_the_command(
    empty_desk: Desk, words: list[str]
) -> None:
    empty_desk.toml.rename(empty_desk.folder / "x.toml")

    assert empty_desk.type(*words).code == 0


def test_versions(empty_desk: Desk) -> None:
    assert empty_desk.type("--version").out == f"sdsync {__version__}\n"
    assert empty_desk.type("version").out.startswith(f"sdsync {__version__} (python 3.")


def test_connectors_are_listed_without_credentials(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RT_TOKEN")

    ran = empty_desk.type("connectors")

    assert ran.code == 0
    assert "Request Tracker" in ran.out


def test_a_broken_plugin_is_told_with_the_others_and_by_a_check(
    empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = {registry.GROUP: {"acme": "acme_sync:Acme"}}
    announce(empty_desk.folder, {"name": "acme", "version": "1", "entry-points": points})
    monkeypatch.syspath_prepend(str(empty_desk.folder))
    text = empty_desk.toml.read_text(encoding="utf-8")
    empty_desk.toml.write_text(text.replace('"redmine"', '"acme"'), encoding="utf-8")
    wrong = (
        'the connector "acme" of acme 1 cannot be imported: '
        "ModuleNotFoundError: No module named 'acme_sync'"
    )

    listed, checked = empty_desk.type("connectors"), empty_desk.type("check")
    told = empty_desk.type("connectors", "--json").json

    assert listed.code == 3
    assert "Request Tracker" in listed.out
    assert f"{wrong}\n> pip install --upgrade acme, or pip uninstall acme\n" in listed.out
    assert told["acme"]["problem"] == wrong
    assert told["redmine"]["capabilities"]["product"] == "Redmine"
    assert checked.code == 1
    assert f"sdsync.toml:8:13: systems.dev.connector: {wrong}\n" in checked.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_and_changes_no_file(empty_desk: Desk, shell: str) -> None:
    ran = empty_desk.type("completion", shell)

    assert ran.code == 0
    assert "_SDSYNC_COMPLETE" in ran.out


@pytest.mark.parametrize("words", [["heldd"], ["trace"], ["status", "--nope"]], ids=" ".join)
def test_a_wrong_command_line_ends_in_two(empty_desk: Desk, words: list[str]) -> None:
    ran = empty_desk.type(*words)

    assert ran.code == 2
    assert ran.err


def test_a_near_miss_names_what_was_meant(empty_desk: Desk) -> None:
    assert "Did you mean 'held'?" in empty_desk.type("heldd").err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_completes(desk: Desk, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    script = desk.type("completion", shell).out
    asked = f"complete_{shell}"
    assert f"_SDSYNC_COMPLETE={asked}" in script

    for name, value in {
        "_SDSYNC_COMPLETE": asked,
        "COMP_WORDS": "sdsync st",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "sdsync st",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }.items():
        monkeypatch.setenv(name, value)
    ran = desk.type()

    assert "status" in ran.out
    assert "store" in ran.out
    assert "trace" not in ran.out
