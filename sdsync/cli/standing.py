"""Whether they can: who stands in for people whom a system does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sdsync.config.problems import Problem, show
from sdsync.mappings.contract import Direction
from sdsync.mappings.lenses.people import PersonLens
from sdsync.mappings.lenses.strangers import Unknown
from sdsync.mappings.lenses.teams import AssignedPerson

if TYPE_CHECKING:
    from sdsync.connectors.contract import Account, NativePerson
    from sdsync.mappings.compile import CompiledMapping
    from sdsync.mappings.rule import Rule


def stand_ins(mapping: CompiledMapping | None) -> list[tuple[Rule, str]]:
    """The rules that name a substitute, each with the account."""
    found = []
    for rule in mapping.rules.values() if mapping is not None else ():
        lens = rule.lens.inner if isinstance(rule.lens, AssignedPerson) else rule.lens
        if not isinstance(lens, PersonLens) or rule.direction is Direction.IN:
            continue
        if lens.strangers.what is Unknown.SUBSTITUTE:
            found.append((rule, lens.strangers.account))
    return found


def unable(
    mapping: CompiledMapping | None, system: str, us: Account, people: Sequence[NativePerson]
) -> Iterator[Problem]:
    """Substitutes that are nobody there, are locked, or are our own account.

    Args:
        us: Our account: it counts as nobody, for products add it to what it touches.
        people: Everyone that the system shows us.
    """
    for rule, account in stand_ins(mapping):
        found = [one for one in people if account.strip().lower() in _names(one)]
        if any(one.active and one.login != us.login for one in found):
            continue
        why = f"nobody whom {system} shows our account"
        if found:
            ours = any(one.login == us.login for one in found)
            why = "sdsync's own account, and counts as nobody" if ours else "locked"
        file, line, column = rule.place.rsplit(":", 2)
        text = f"{show(account)} would stand in and is {why}"
        yield Problem(file, int(line), int(column), f"fields.{rule.field}.unknown", text)


def _names(one: NativePerson) -> set[str]:
    """What an account goes by, small: an address that nobody proved is none of it."""
    address = one.email if one.email_verified else None
    return {name.strip().lower() for name in (one.native_id, one.login, address) if name}
