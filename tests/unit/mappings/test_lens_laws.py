"""The two laws of every lens: what was put is got, and what is there is not rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsync.mappings.compile import CompiledMapping, compile_mapping
from sdsync.mappings.contract import Direction, Unmapped
from sdsync.mappings.examples import SamePeople
from sdsync.mappings.lenses.base import Lens, Refused, Scene, Written
from sdsync.mappings.lenses.dates import (
    DayLens,
    InstantLens,
    iso,
    local_day,
    parse_instant,
    start_of,
)
from sdsync.mappings.lenses.duration import DurationLens
from sdsync.mappings.lenses.length import Cut, carry_prefix
from sdsync.mappings.lenses.lookup import Lookup
from sdsync.mappings.lenses.people import PeopleLens, PersonLens
from sdsync.mappings.lenses.plain import Same, Typed
from sdsync.mappings.lenses.tags import Separator, TagsLens
from sdsync.mappings.lenses.text import LineLens, TextLens
from sdsync.mappings.lenses.words import Words, range_of
from sdsync.mappings.paths import ABSENT, merged, parse_path
from sdsync.mappings.richtext.convert import canonical
from sdsync.mappings.richtext.document import Blocks, normal
from sdsync.mappings.richtext.inert import plain_line
from sdsync.mappings.richtext.markdown_write import write_markdown
from sdsync.mappings.rule import Rule
from sdsync.mappings.tables import parse_table
from sdsync.store.records import Json
from tests.unit.mappings.documents import ANY_TEXT, DOCUMENT

SCENE = Scene("desk", SamePeople(), "X", "f:1:1")
BERLIN = ZoneInfo("Europe/Berlin")
PACKS = [
    compile_mapping("desk", connector, kind, folder=None, tables={})
    for connector in ("request_tracker", "redmine")
    for kind in ("ticket", "note", "attachment", "worklog")
]
WORD_RULES = [
    (mapping, rule)
    for mapping in PACKS
    for rule in mapping.rules.values()
    if isinstance(rule.lens, Words)
]


def rule_of(lens: Lens, kind: str = "text") -> Rule:
    return Rule("title", kind, lens, parse_path("X"))


def written(lens: Lens, value: Json, seen: Json = ABSENT) -> Json:
    outcome = lens.put(value, seen, SCENE)
    assert isinstance(outcome, Written), outcome
    return outcome.value


def assert_put_get(lens: Lens, value: Json, seen: Mapping[str, Json] | None = None) -> None:
    """get(put(v, h)) = v, and a second put has nothing to do."""
    rule = rule_of(lens, "tags" if isinstance(value, list) else "text")
    before = dict(seen or {})
    put = rule.put(value, before, {}, "desk", SamePeople())
    assert put.refused is None
    after = merged([before, put.values])
    if "X" in after:
        assert rule.get(after, "desk", SamePeople()) == value
        again = rule.put(value, after, {}, "desk", SamePeople())
        assert again.values == {}


def assert_get_put(lens: Lens, native: Json, kind: str = "text") -> None:
    """put(get(h), h) = h: writing what is read has nothing to do."""
    rule = rule_of(lens, kind)
    value = rule.get({"X": native}, "desk", SamePeople())
    if isinstance(value, Unmapped):
        return
    assert rule.put(value, {"X": native}, {}, "desk", SamePeople()).values == {}


@pytest.mark.parametrize(("mapping", "rule"), WORD_RULES)
def test_every_word_of_every_shipped_table_comes_back(mapping: CompiledMapping, rule: Rule) -> None:
    assert isinstance(rule.lens, Words)
    for word in rule.lens.table:
        assert_put_get(rule.lens, word)
        for other in (native for entry in rule.lens.table.values() for native in entry):
            if range_of(other) is None:
                assert_put_get(rule.lens, word, {"X": other})


@pytest.mark.parametrize(("mapping", "rule"), WORD_RULES)
def test_no_native_word_of_a_shipped_table_is_rewritten(
    mapping: CompiledMapping, rule: Rule
) -> None:
    assert isinstance(rule.lens, Words)
    for native in (one for entry in rule.lens.table.values() for one in entry):
        bounds = range_of(native)
        for shown in [native] if bounds is None else [str(bounds[0]), str(bounds[1])]:
            assert_get_put(rule.lens, shown)


@pytest.mark.parametrize(("mapping", "rule"), WORD_RULES)
def test_a_lossy_word_is_written_once_and_then_left_alone(
    mapping: CompiledMapping, rule: Rule
) -> None:
    assert isinstance(rule.lens, Words)
    for word in rule.lens.also:
        put = rule.put(word, {}, {}, "desk", SamePeople())
        assert put.refused is None
        assert put.cut is not None
        again = rule.put(word, put.values, {}, "desk", SamePeople())
        assert again.values == {}
        view = rule.get(put.values, "desk", SamePeople())
        assert rule.lens.carry("other", view, word) == word


def test_a_number_is_written_where_the_product_shows_numbers() -> None:
    lens = Words({"high": ["High", "100", "67..99"], "low": ["Low", "0", "1..33"]})

    assert written(lens, "high") == "High"
    assert written(lens, "high", "Low") == "High"
    assert written(lens, "high", "20") == "100"
    assert lens.get("67", SCENE) == "high"
    assert lens.get(67, SCENE) == "high"
    assert isinstance(lens.get("50", SCENE), Unmapped)


@given(st.text(max_size=30))
def test_rename_keeps_its_laws(text: str) -> None:
    assert_get_put(Same(), text)
    if text.strip():
        assert_put_get(Same(), text.strip())


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_keeps_its_laws_in_text_too(number: float) -> None:
    assert_put_get(Typed("number"), number, {"X": "1"})
    assert_get_put(Typed("number"), str(number))


@pytest.mark.parametrize("seen", ["0", "1", "true", "false", True, False])
@pytest.mark.parametrize("flag", [True, False])
def test_a_flag_keeps_its_laws(seen: Json, flag: bool) -> None:
    assert_put_get(Typed("bool"), flag, {"X": seen})
    assert_get_put(Typed("bool"), seen)


def test_a_table_of_the_site_keeps_its_laws_and_never_guesses_between_two() -> None:
    table = parse_table("tenant,queue\nacme,a\nbolt,b\ncorp,shared\ndyne,shared\n")
    lens = Lookup("customers", table, "queue")

    assert_put_get(lens, "acme", {"X": "b"})
    assert_get_put(lens, "b")
    assert isinstance(lens.get("shared", SCENE), Unmapped)
    assert lens.shared == {"shared": ["corp", "dyne"]}
    put = rule_of(lens).put("acne", {}, {}, "desk", SamePeople())
    assert put.refused == 'table customers has no queue for "acne"; did you mean "acme"?'


_TAG = st.text(alphabet="abc:é- ", min_size=1, max_size=6).map(str.strip).filter(bool)


@pytest.mark.parametrize("by", ["comma", "line", "list"])
@given(wanted=st.sets(_TAG, max_size=5), shown=st.lists(_TAG, max_size=5))
@settings(max_examples=80)
def test_tags_keep_their_laws(by: Separator, wanted: set[str], shown: list[str]) -> None:
    lens = TagsLens(by)
    text: Json = {"comma": ", ".join(shown), "line": "\n".join(shown), "list": list(shown)}[by]

    assert_put_get(lens, sorted(wanted), {"X": text})
    assert_get_put(lens, text, "tags")


def test_a_tag_that_a_separator_would_break_is_left_out_and_said() -> None:
    put = rule_of(TagsLens("comma"), "tags").put(["a", "b,c"], {}, {}, "desk", SamePeople())

    assert put.values == {"X": "a"}
    assert put.cut == "tags with a comma in them: b,c"


_INSTANT = st.integers(-(2**31), 2**32).map(
    lambda seconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(_INSTANT)
def test_instants_keep_their_laws(instant: datetime) -> None:
    lens = InstantLens(BERLIN)

    if iso(instant) != "1970-01-01T00:00:00Z":
        assert_put_get(lens, iso(instant))
        assert_get_put(lens, instant.astimezone(BERLIN).isoformat())


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)))
@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut"]
)
def test_days_stay_days_in_every_zone(zone: str, day: object) -> None:
    if str(day) == "1970-01-01" or (zone == "Pacific/Apia" and str(day) == "2011-12-30"):
        return  # the epoch means "never"; and that day Samoa never had
    assert_put_get(DayLens(ZoneInfo(zone)), str(day))
    assert_put_get(InstantLens(ZoneInfo(zone), midnight_is_a_day=True), str(day))


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_law_55_both_nights_of_daylight_saving(night: str) -> None:
    midnight = start_of(datetime.fromisoformat(night).date(), BERLIN)
    lens = InstantLens(BERLIN)

    for minutes in range(0, 26 * 60, 15):
        instant = midnight + timedelta(minutes=minutes)
        local = instant.astimezone(BERLIN)
        assert lens.get(local.isoformat(), SCENE) == iso(instant)
        assert local_day(instant, BERLIN) == local.date()
    assert lens.get(f"{night}T12:00:00", SCENE) in (f"{night}T10:00:00Z", f"{night}T11:00:00Z")


def test_a_day_is_carried_onto_an_instant_at_its_own_time() -> None:
    lens = DayLens(BERLIN)

    put = rule_of(lens).put("2026-03-28T11:30:00Z", {}, {}, "desk", SamePeople())
    assert put.values == {"X": "2026-03-28"}
    assert put.cut == "the time of 2026-03-28T11:30:00Z does not fit into a date"
    carried = lens.carry("2026-03-28", "2026-03-29", "2026-03-28T11:30:00Z")
    assert carried == "2026-03-29T10:30:00Z"  # 12:30 in Berlin on both days
    assert lens.carry("2026-03-28", "2026-03-28", "2026-03-28T11:30:00Z") == "2026-03-28T11:30:00Z"


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13-01", "2026-02-30", "9999999", "T", "2026-01-01T99:00:00Z"]
)
def test_no_date_is_guessed(text: str) -> None:
    assert parse_instant(text, BERLIN) is None
    if text:
        assert isinstance(DayLens(BERLIN).get(text, SCENE), Unmapped)


_ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12",
    "Africa/Monrovia",
]  # fmt: skip
_OFFSET = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
#: Half of them where the calendar ends: elsewhere nothing is beyond what can be told.
_EDGE = st.sampled_from([date.min, date.max, date(1, 1, 2), date(9999, 12, 30)])
_ANY_DAY = st.one_of(_EDGE, st.dates())
_ANY_TEXT = st.builds(
    lambda day, time, zone: datetime.combine(day, time, tzinfo=zone).isoformat(),
    _ANY_DAY,
    st.times(),
    st.one_of(st.none(), _OFFSET),
)


@settings(max_examples=200, deadline=None)
@given(_ANY_DAY.map(str) | _ANY_TEXT, _ANY_DAY.map(str), _ANY_TEXT)
@pytest.mark.parametrize("zone", _ZONES)
def test_no_date_that_can_be_written_ends_in_an_error(
    zone: str, native: str, day: str, whole: str
) -> None:
    days, instants = DayLens(ZoneInfo(zone)), InstantLens(ZoneInfo(zone), midnight_is_a_day=True)

    for lens in (days, instants):
        view = lens.get(native, SCENE)
        assert isinstance(view, str | Unmapped)
        assert isinstance(lens.put(native, ABSENT, SCENE), Written | Refused)
        if isinstance(view, str):
            assert lens.get(view, SCENE) == view
            assert isinstance(lens.put(view, ABSENT, SCENE), Written)
    carried = days.carry(native, day, whole)
    assert days.get(carried, SCENE) == day or carried is None


_NAME = st.text(alphabet="abc@.", min_size=1, max_size=5)


@given(st.sets(_NAME, max_size=4), st.lists(_NAME, max_size=4))
def test_people_keep_their_laws(wanted: set[str], shown: list[str]) -> None:
    assert_put_get(PeopleLens(), sorted(wanted), {"X": shown})
    assert_get_put(PeopleLens(), shown, "people")
    for name in wanted:
        assert_put_get(PersonLens(("Nobody",)), name, {"X": "Nobody"})


@pytest.mark.parametrize("markup", ["html", "textile", "markdown"])
@given(blocks=DOCUMENT, shown=ANY_TEXT)
@settings(max_examples=60, deadline=None)
def test_rich_text_keeps_its_laws(markup: str, blocks: Blocks, shown: str) -> None:
    lens = TextLens(markup)  # type: ignore[arg-type]
    text = canonical(write_markdown(normal(blocks)))

    if text:
        assert_put_get(lens, text, {"X": shown})


@pytest.mark.parametrize("markup", ["plain", "html", "textile", "markdown"])
@given(shown=ANY_TEXT)
@settings(max_examples=80, deadline=None)
def test_no_text_is_rewritten_by_what_it_says_already(markup: str, shown: str) -> None:
    assert_get_put(TextLens(markup), shown)  # type: ignore[arg-type]


@given(st.text(max_size=40))
def test_a_title_keeps_its_laws(text: str) -> None:
    line = plain_line(text)

    assert_get_put(LineLens(), text)
    if line and "\u2060" not in text:
        assert_put_get(LineLens(), line)


@given(st.text(alphabet="ab \u0301🙂", max_size=30), st.integers(1, 12))
def test_law_8_a_cut_text_never_shortens_the_whole(text: str, limit: int) -> None:
    rule = rule_of(Cut(LineLens(), limit))
    whole = plain_line(text)
    put = rule.put(whole, {}, {}, "desk", SamePeople())
    if not put.values:
        return

    assert len(str(put.values["X"])) <= limit
    assert (put.cut is not None) == (len(whole) > limit)
    again = rule.put(whole, put.values, {}, "desk", SamePeople())
    assert again.values == {}


@given(
    st.text(alphabet="ab \n", max_size=20),
    st.text(alphabet="ab \n", max_size=20),
    st.text(max_size=9),
)
def test_law_8_an_edit_of_the_beginning_keeps_the_tail(old: str, tail: str, new: str) -> None:
    carried = carry_prefix(old, new, old + tail)

    assert carried is not None
    assert carried.startswith(new)
    assert carried.endswith(tail)


def test_every_field_of_every_pack_has_a_direction() -> None:
    for mapping in PACKS:
        assert set(mapping.fields) == set(mapping.rules)
        assert all(isinstance(one, Direction) for one in mapping.fields.values())


def test_paths_of_packs_name_native_words(tmp_path: Path) -> None:
    ticket = PACKS[0]

    assert ticket.paths("tags") == ("CustomFields.sdsync tags",)
    assert ticket.paths("nonsense") == ()
    assert ticket.optional("tags")
    assert not ticket.optional("title")


# -- time worked --------------------------------------------------------------------------
@given(st.integers(-100_000, 100_000).filter(bool))
def test_minutes_come_back_as_they_went(minutes: int) -> None:
    lens = DurationLens("minutes")

    assert written(lens, minutes * 60) == minutes
    assert lens.get(str(minutes), SCENE) == minutes * 60


@given(st.integers(1, 1_000_000))
def test_hundredths_of_an_hour_come_back_as_they_went(hundredths: int) -> None:
    lens = DurationLens("hours")
    hours = hundredths / 100

    assert written(lens, lens.get(hours, SCENE)) == hours
    assert lens.get(written(lens, hundredths * 36), SCENE) == hundredths * 36


@given(
    st.integers(-1_000_000, 1_000_000).filter(bool),
    st.sampled_from([("minutes", 60), ("hours", 36)]),
)
def test_a_time_that_does_not_fit_is_rounded_once_and_said(
    seconds: int, unit: tuple[Literal["minutes", "hours"], int]
) -> None:
    """Written again it stays: a rounded copy is never taken for an edit."""
    lens, step = DurationLens(unit[0]), unit[1]
    outcome = lens.put(seconds, ABSENT, SCENE)
    if unit[0] == "hours" and seconds < 0:
        assert isinstance(outcome, Refused)
        return
    assert isinstance(outcome, Written)
    shown = lens.get(outcome.value, SCENE)
    assert isinstance(shown, int)

    assert shown != 0
    assert abs(shown - seconds) <= max(step / 2, step - abs(seconds))
    assert (outcome.cut is None) == (shown == seconds)
    assert written(lens, shown) == outcome.value


@pytest.mark.parametrize("unit", ["minutes", "hours"])
@pytest.mark.parametrize("value", ["soon", 0, "", True, None, 1.5])
def test_what_is_no_time_is_refused(unit: Literal["minutes", "hours"], value: Json) -> None:
    assert isinstance(DurationLens(unit).put(value, ABSENT, SCENE), Refused)


@pytest.mark.parametrize("native", ["soon", "NaN", "1e999", [], True])
def test_what_is_no_number_is_unmapped(native: Json) -> None:
    assert isinstance(DurationLens("hours").get(native, SCENE), Unmapped)
