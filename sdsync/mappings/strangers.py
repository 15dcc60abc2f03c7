"""``unknown`` of a rule: what is done about a person whom the product does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sdsync.config.problems import Problem, nearest_name, one_of, show
from sdsync.mappings.contract import Direction
from sdsync.mappings.files import Key, RawRule
from sdsync.mappings.lenses.people import PersonLens
from sdsync.mappings.lenses.strangers import Strangers, Unknown
from sdsync.mappings.lenses.told import Told
from sdsync.mappings.rule import Rule

REPORTER: Final = "reporter"
#: Of a record's reporter the description can tell; who works on it changes too often for that.
_OF: Final[Mapping[str, tuple[Unknown, ...]]] = {
    REPORTER: tuple(Unknown),
    "owner_person": (Unknown.LEAVE, Unknown.SUBSTITUTE),
    "owner_secondary": (Unknown.LEAVE, Unknown.SUBSTITUTE),
}
_FORM: Final = "substitute: LOGIN"


def read_strangers(raw: RawRule, problems: list[Problem]) -> Strangers:
    """The policy that a rule names; what is wrong with it joins ``problems``."""
    key = raw.keys.get("unknown")
    if key is None:
        return Strangers()
    words = _OF.get(raw.field, (Unknown.LEAVE,))
    where = f"fields.{raw.field}.unknown"
    if isinstance(key.value, dict):
        return _substitute(raw, key, words, problems)
    expected = [_FORM if one is Unknown.SUBSTITUTE else str(one) for one in words]
    word = next((one for one in words if one == key.value), None)
    if word is None or word is Unknown.SUBSTITUTE:
        near = nearest_name(key.value, [one for one in words if one is not Unknown.SUBSTITUTE])
        problems.append(key.spot.problem(where, show(key.value), one_of(expected), near))
        return Strangers()
    return _may_write(raw, key, Strangers(word), problems)


def _substitute(
    raw: RawRule, key: Key, words: tuple[Unknown, ...], problems: list[Problem]
) -> Strangers:
    account = key.value.get(Unknown.SUBSTITUTE)
    whole = key.value.keys() == {Unknown.SUBSTITUTE} and isinstance(account, str) and account
    if not whole or Unknown.SUBSTITUTE not in words:
        expected = f"{{ {_FORM} }}" if Unknown.SUBSTITUTE in words else one_of(words)
        where = f"fields.{raw.field}.unknown"
        problems.append(key.spot.problem(where, show(key.value), expected))
        return Strangers()
    return _may_write(raw, key, Strangers(Unknown.SUBSTITUTE, account), problems)


def _may_write(raw: RawRule, key: Key, strangers: Strangers, problems: list[Problem]) -> Strangers:
    """A rule that only reads can make nobody and put nobody in another's place."""
    way = raw.keys.get("direction")
    writes = strangers.what in (Unknown.CREATE, Unknown.SUBSTITUTE)
    if writes and way is not None and way.value == Direction.IN:
        found = f"{strangers.what} in a rule that only reads"
        where = f"fields.{raw.field}.unknown"
        problems.append(key.spot.problem(where, found, "text, or direction: both"))
    return strangers


def with_reporter(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """The rules, with a description that can tell who reported the record."""
    reporter, described = rules.get(REPORTER), rules.get("description")
    if reporter is None or described is None or not isinstance(reporter.lens, PersonLens):
        return dict(rules)
    if described.direction is Direction.IN:
        return dict(rules)
    told = Told(
        described.lens,
        reporter.lens.strangers,
        written=reporter.direction is not Direction.IN,
    )
    return {**rules, "description": replace(described, lens=told)}
