"""``entering``: what a workflow demands on the way into a status."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.config.problems import Problem, dotted, nearest_name, one_of, show
from sdsync.config.vocabulary import CHOICES
from sdsync.mappings.expressions import Expression, ExpressionError, compile_template
from sdsync.mappings.files import Key, RawRule
from sdsync.mappings.paths import BadPathError, Path, parse_path
from sdsync.mappings.tables import Table


def read_entering(
    raw: RawRule,
    fields: Mapping[str, str],
    tables: Mapping[str, Table],
    problems: list[Problem],
) -> dict[str, dict[Path, Expression]]:
    """Canonical value -> native path -> what to write there; problems are added to the list."""
    key = raw.keys.get("entering")
    if key is None:
        return {}
    if not isinstance(key.value, dict):
        problems.append(
            key.spot.problem(
                f"fields.{raw.field}.entering", show(key.value), "value: { NATIVE: … }"
            )
        )
        return {}
    found: dict[str, dict[Path, Expression]] = {}
    for value, demands in key.value.items():
        where = ("fields", raw.field, "entering", value)
        _check_value(raw, key, value, problems)
        if not isinstance(demands, dict):
            problems.append(key.at(value).problem(dotted(where), show(demands), "NATIVE: value"))
            continue
        entry = found.setdefault(value, {})
        for native, text in demands.items():
            try:
                entry[parse_path(native)] = compile_template(text, fields=fields, tables=tables)
            except (BadPathError, ExpressionError) as error:
                problems.append(key.at(value).problem(dotted((*where, native)), str(error)))
    return found


def _check_value(raw: RawRule, key: Key, value: str, problems: list[Problem]) -> None:
    words = CHOICES.get(raw.field)
    if words is not None and value not in words:
        where = dotted(("fields", raw.field, "entering", value))
        near = nearest_name(value, words)
        problems.append(key.at(value).problem(where, show(value), one_of(words), near))
