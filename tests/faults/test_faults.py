"""The table itself: nothing of it is missing, and what it refers to is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.__main__ import conclude
from tests.faults.catalogue import PARTS, missing, untrue
from tests.faults.frame import SCENARIOS, Fault, LackingError, Trial
from tests.faults.running import Verdict, attempt, elsewhere
from tests.faults.short import prove, short_of

HERE = Path(__file__).parent


def test_each_scenario_is_tried_in_one_file_of_tests() -> None:
    tried = [number for part in PARTS for number in short_of(part)]

    assert sorted(tried) == sorted(one.number for one in SCENARIOS.values() if one.in_suite)
    assert {f"test_{part}.py" for part in PARTS} <= {one.name for one in HERE.glob("test_*.py")}


def test_each_module_of_scenarios_stands_in_a_part() -> None:
    modules = {one.__name__.rpartition(".")[2] for part in PARTS.values() for one in part}

    assert modules == {one.stem for one in HERE.glob("*.py") if "\n@fault(" in one.read_text()}


def test_what_is_proved_elsewhere_stands_there() -> None:
    assert not list(untrue())


def test_every_fault_of_the_catalogue_is_proved() -> None:
    assert not missing()


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> str:
    """The number of a scenario that this machine cannot try."""

    def scenario(_trial: Trial) -> None:
        raise LackingError("no compiler here")

    monkeypatch.setitem(SCENARIOS, "R4", Fault("R4", "an upgrade", scenario, long=False))
    return "R4"


def test_what_was_not_tried_is_no_pass(
    lacking: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    verdict = Verdict(lacking, 1)
    verdict.lines.append("3 tests elsewhere")

    attempt(verdict, Trial(1, long=False, folder=tmp_path))

    assert verdict.word == "not tried: no compiler here"
    monkeypatch.delenv("CI", raising=False)
    assert conclude([verdict]) == 0
    assert "1 not tried\n  R4 not tried: no compiler here" in capsys.readouterr().out
    monkeypatch.setenv("CI", "1")
    assert conclude([verdict]) == 1


def test_in_the_suite_it_is_named_and_in_ci_it_fails(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="R4 not tried: no compiler here"):
        prove(lacking, tmp_path)
    monkeypatch.setenv("CI", "1")
    with pytest.raises(AssertionError, match="R4 not tried: no compiler here"):
        prove(lacking, tmp_path)


def test_a_test_elsewhere_that_was_skipped_is_not_tried(tmp_path: Path) -> None:
    test = tmp_path / "test_server.py"
    test.write_text(
        "import pytest\n"
        "def test_that_runs(): pass\n"
        "def test_that_cannot(): pytest.skip('no Redis here: apt-get install redis-server')\n"
    )
    verdict = Verdict("R6", 1)

    elsewhere(verdict, [str(test)])

    assert verdict.lines == ["1 test elsewhere"]
    assert verdict.word == "not tried: no Redis here: apt-get install redis-server"
