"""Mapping files: what they may say, and every mistake with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdsync.config.problems import ConfigError
from sdsync.mappings.check import check
from sdsync.mappings.compile import compile_mapping
from sdsync.mappings.contract import UNKNOWN, Direction, Unmapped
from sdsync.mappings.examples import SamePeople, run_examples
from sdsync.mappings.files import RULE_KEYS
from sdsync.mappings.packed import pack_names
from tests.unit.mappings.helpers import CUSTOMERS, get, mapping_of, put

SKETCH = """\
extends: request_tracker/ticket            # the shipped pack; below only what differs
fields:
  tenant:      { at: Queue, table: customers.queue }
  environment: { at: CustomFields.Environment,
                 table: { prod: [Production, PRD], stage: Staging } } # first is written
  ext.po_no:   { at: CustomFields.PO Number, direction: in }
  status:
    at: Status
    table: { new: new, in_progress: open, waiting: stalled, resolved: resolved }
    entering:                              # what the workflow demands on the way
      resolved: { CustomFields.Fix: '= has(resolution.code) ? resolution.code : "Done"' }
examples:
  - native:    { Queue: acme-in, Status: stalled, CustomFields: { Environment: PRD } }
    canonical: { tenant: acme, status: waiting, environment: prod }
    back:      unchanged                   # PRD stays PRD until someone changes it
"""


def test_the_sketch_of_the_docs_does_what_it_says(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, SKETCH, connector="request_tracker")

    assert [one.problems for one in run_examples(mapping)] == [()]
    assert put(mapping, "environment", "prod").values == {
        "CustomFields": {"Environment": "Production"}
    }
    assert mapping.entering("status", "resolved", hub={}) == {"CustomFields": {"Fix": "Done"}}
    assert mapping.entering("status", "resolved", hub={"resolution": "fixed"}) == {
        "CustomFields": {"Fix": "fixed"}
    }
    assert mapping.entering("status", "resolved", hub={"resolution": UNKNOWN}) == {}
    assert mapping.entering("status", "new", hub={}) == {}
    assert mapping.fields["ext.po_no"] is Direction.IN


def test_a_partial_mapping_adds_to_the_defaults(tmp_path: Path) -> None:
    mapping = mapping_of(
        tmp_path,
        "fields:\n  status: { table: { waiting: [parked, stalled], triage: new }, also: {} }\n",
        connector="request_tracker",
    )

    assert get(mapping, "status", {"Status": "parked"}) == "waiting"
    assert get(mapping, "status", {"Status": "deleted"}) == "cancelled"
    assert get(mapping, "status", {"Status": "new"}) == "triage"  # claimed from the pack's "new"
    assert put(mapping, "title", "x").values == {"Subject": "x"}


def test_a_rule_of_the_pack_can_be_taken_away(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "fields:\n  tags: off\n", connector="request_tracker")

    assert "tags" not in mapping.fields
    assert put(mapping, "tags", ["a"]).values == {}


def test_another_path_or_another_lens_replaces_the_rule(tmp_path: Path) -> None:
    text = "fields:\n  due_at: { at: CustomFields.Due, as: day }\n  priority: { as: value }\n"

    mapping = mapping_of(tmp_path, text, connector="request_tracker")

    assert put(mapping, "due_at", "2026-11-25").values == {"CustomFields": {"Due": "2026-11-25"}}
    assert put(mapping, "priority", "high").values == {"Priority": "high"}


def test_a_file_may_stand_alone(tmp_path: Path) -> None:
    mapping = mapping_of(
        tmp_path, "extends: nothing\nfields: { title: Subject }\n", connector="request_tracker"
    )

    assert list(mapping.fields) == ["title"]


def test_without_a_file_of_the_site_the_pack_is_the_mapping(tmp_path: Path) -> None:
    mapping = compile_mapping("desk", "redmine", "ticket", folder=tmp_path, tables={})

    assert mapping.files[0].name == "packs/redmine/ticket.yaml"


def test_a_system_may_name_another_mapping(tmp_path: Path) -> None:
    (tmp_path / "shared-ticket.yaml").write_text("fields: { title: summary }\n")

    mapping = compile_mapping("desk", "none", "ticket", folder=tmp_path, tables={}, name="shared")

    assert mapping.system == "desk"
    assert mapping.paths("title") == ("summary",)


def test_the_version_changes_with_files_and_tables_and_with_nothing_else(tmp_path: Path) -> None:
    one = mapping_of(tmp_path, SKETCH, connector="request_tracker").version

    assert mapping_of(tmp_path, SKETCH, connector="request_tracker").version == one
    assert mapping_of(tmp_path, SKETCH + "#\n", connector="request_tracker").version != one
    table = tmp_path / "customers.csv"
    table.write_text("tenant,queue\nacme,acme-in\n")
    other = mapping_of(
        tmp_path, SKETCH, connector="request_tracker", tables={"customers": table}
    ).version
    assert other != one


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("feilds: {}\n", 1, 1, 'unknown key; did you mean "fields"?'),
        ("extends: redmin/ticket\n", 1, 1, 'did you mean "redmine/ticket"?'),
        ("fields:\n  titel: Subject\n", 2, 3, 'unknown field; did you mean "title"?'),
        ("fields:\n  po_no: PO\n", 2, 3, "expected a canonical field, or ext.po_no"),
        (
            "fields:\n  title: { at: x, diretion: in }\n",
            2,
            19,
            'unknown key; did you mean "direction"?',
        ),
        ("fields:\n  title: { as: line }\n", 2, 3, "found no at, expected at:"),
        ("fields:\n  title: { at: a..b }\n", 2, 12, 'found "a..b", expected names with dots'),
        ("fields:\n  title: { at: 'f[x=y]' }\n", 2, 12, "expected .NAME of the value after"),
        ("fields:\n  title: { at: a, as: lin }\n", 2, 19, 'did you mean "line"?'),
        ("fields:\n  title: { at: a, max: x }\n", 2, 19, "expected a number of characters"),
        ("fields:\n  title: { at: a, once: yes }\n", 2, 19, "expected true or false"),
        ("fields:\n  title: { at: a, direction: inn }\n", 2, 19, 'did you mean "in"?'),
        ("fields:\n  title: { at: a, allow: mention }\n", 2, 19, 'did you mean "mentions"?'),
        ("fields:\n  due_at: { at: a, as: day, zone: Europe/Berln }\n", 2, 29, '"Europe/Berlin"?'),
        (
            "fields:\n  due_at: { at: a, as: instant, midnight: x }\n",
            2,
            33,
            "expected day or instant",
        ),
        ("fields:\n  tags: { at: a, by: coma }\n", 2, 18, 'did you mean "comma"?'),
        ("fields:\n  status: { at: S, table: { nwe: New } }\n", 2, 29, 'did you mean "new"?'),
        (
            "fields:\n  status: { at: S, table: { new: [A], closed: [B, A] } }\n",
            2,
            39,
            'found "A", which reads as new already',
        ),
        (
            "fields:\n  priority: { at: P, table: { high: 1..5 } }\n",
            2,
            31,
            "a native word that can be written",
        ),
        ("fields:\n  status: { at: S, table: [a] }\n", 2, 20, "expected canonical: native"),
        (
            "fields:\n  tenant: { at: Q, table: custmers.queue }\n",
            2,
            20,
            'did you mean "customers"?',
        ),
        ("fields:\n  tenant: { at: Q, table: customers.que }\n", 2, 20, 'did you mean "queue"?'),
        ("fields:\n  type: { constant: bugg }\n", 2, 11, 'did you mean "bug"?'),
        ("fields:\n  status: { at: S, entering: { resolvd: { A: b } } }\n", 2, 32, '"resolved"?'),
        (
            "fields:\n  status: { at: S, entering: { resolved: { A: '= titel' } } }\n",
            2,
            32,
            'did you mean "title"?',
        ),
        (
            "fields:\n  status: { at: S, entering: { resolved: x } }\n",
            2,
            32,
            "expected NATIVE: value",
        ),
        (
            "fields:\n  title: { at: a, format: { html: x } }\n",
            2,
            19,
            "expected at: the native name",
        ),
        ("fields:\n  title: { at: a, format: { at: f, htm: x } }\n", 2, 36, 'did you mean "html"?'),
        ("fields:\n  title: [a]\n", 2, 3, "expected a native name"),
        ("examples: x\n", 1, 1, "expected a list"),
        ("examples:\n  - x\n", 2, 5, "expected native, canonical"),
        ("examples:\n  - { nativ: {} }\n", 2, 7, 'did you mean "native"?'),
        ("- a\n", 1, 1, "expected extends, fields and examples"),
        ("fields: {a: 1\n", 2, 1, "not valid YAML"),
        ("fields:\n  title: a\n  title: b\n", 3, 3, "written twice, first in line 2"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_column(
    tmp_path: Path, text: str, line: int, column: int, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        mapping_of(tmp_path, text)

    problem = caught.value.problems[0]
    assert says in str(problem)
    assert (problem.line, problem.column) == (line, column), str(problem)
    assert problem.file.endswith("/desk-ticket.yaml")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    status = "  status: { at: S, table: { nwe: New } }\n"
    text = "fields:\n  titel: a\n" + status + "  due_at: { at: a, as: dya }\n"

    with pytest.raises(ConfigError) as caught:
        mapping_of(tmp_path, text)

    assert [one.line for one in caught.value.problems] == [2, 3, 4]


_VALUES = st.recursive(
    st.sampled_from(["", "off", "x", "1..5", "both", "= title", "customers.queue", "a.b", "new"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["new", "closed", "at", "html", "x"]), inner, max_size=2),
    ),
    max_leaves=4,
)
_RULES = st.dictionaries(st.sampled_from(RULE_KEYS), _VALUES, max_size=4)
_FIELDS = st.dictionaries(
    st.sampled_from(["title", "status", "tags", "due_at", "owner_person", "nonsense"]),
    st.one_of(_RULES, _VALUES),
    max_size=3,
)


@given(
    st.one_of(_VALUES, st.fixed_dictionaries({"fields": _FIELDS}, optional={"examples": _VALUES}))
)
@settings(max_examples=300, deadline=None)
def test_a_hostile_file_is_refused_with_problems_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: object
) -> None:
    folder = tmp_path_factory.getbasetemp() / "hostile"
    for connector in ("none", "request_tracker"):
        try:
            mapping = mapping_of(folder, json.dumps(data), connector=connector)
        except ConfigError as error:
            assert error.problems  # noqa: PT017 - both outcomes are fine, silence is not
            continue
        run_examples(mapping)
        check(mapping)


def test_a_refused_value_names_the_rule_to_blame(tmp_path: Path) -> None:
    mapping = mapping_of(
        tmp_path,
        "fields:\n  environment: { at: Env, table: { prod: Production, stage: Staging } }\n",
    )

    found = put(mapping, "environment", "prodd")

    assert found.refused == 'the table has no entry for "prodd"; did you mean "prod"?'
    assert found.place == f"{tmp_path.name}/desk-ticket.yaml:2:3"


def test_an_unmapped_value_is_visible_and_never_guessed(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "fields:\n  environment: { at: Env, table: { prod: P } }\n")

    found = get(mapping, "environment", {"Env": "p"})

    assert found == Unmapped("Env", "p", f"{tmp_path.name}/desk-ticket.yaml:2:3")


def test_packs_are_found_by_name() -> None:
    assert pack_names() == [
        f"{connector}/{kind}"
        for connector in ("redmine", "request_tracker")
        for kind in ("attachment", "note", "ticket", "worklog")
    ]


@pytest.mark.parametrize("name", pack_names())
def test_the_examples_of_every_pack_hold(name: str) -> None:
    connector, kind = name.split("/")

    ran = run_examples(compile_mapping("desk", connector, kind, folder=None, tables={}))

    assert ran
    assert [str(problem) for one in ran for problem in one.problems] == []


@pytest.mark.parametrize(
    ("example", "says"),
    [
        ("{ native: { S: a }, canonical: { status: closed } }", 'found "new", expected "closed"'),
        ("{ native: { S: x }, canonical: { status: new } }", 'no entry for "x"'),
        ("{ native: {}, canonical: { status: new } }", None),
        ("{ native: { T: x }, canonical: { status: new } }", "nothing known"),
        ("{ native: { S: a }, canonical: { status: closed }, back: unchanged }", "{'S': 'b'}"),
        ("{ canonical: { status: closed }, born: { S: b } }", None),
        ("{ canonical: { status: waiting }, born: { S: b } }", "the table has no entry"),
        ("{ native: { S: x }, problem: 'status: no entry for \"x\"' }", None),
        ("{ native: { S: a }, problem: status }", "found no problem"),
        ("{ native: { S: a }, canonical: { title: a } }", "no rule for this field"),
    ],
)
def test_an_example_that_does_not_hold_says_why(
    tmp_path: Path, example: str, says: str | None
) -> None:
    fields = "fields:\n  status: { at: S, table: { new: a, closed: b } }\n"
    text = f"{fields}examples:\n  - {example}\n"

    ran = run_examples(mapping_of(tmp_path, text))

    told = " | ".join(str(problem) for one in ran for problem in one.problems)
    assert (says in told) if says else told == ""


def test_compiled_mappings_are_what_the_engine_asks_for() -> None:
    from sdsync.mappings.contract import Mapping

    mapping: Mapping = compile_mapping(
        "desk", "redmine", "ticket", folder=None, tables={"customers": CUSTOMERS}
    )

    assert mapping.put("title", "x", seen={}, hub={}, people=SamePeople()).values == {
        "subject": "x"
    }
