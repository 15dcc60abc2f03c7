"""Lay a mapping file over the one that it extends: what it leaves out stays.

A rule at the same native path inherits the keys it does not say, and tables
grow by entry; a native word that the upper file claims leaves the entry below
that had it. A rule at another path replaces the lower one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sdsync.mappings.files import Key, RawRule

#: Keys whose entries add up.
_ADDING: Final = ("table", "also", "entering", "format")
#: Keys that say which lens it is: one of them, and what hangs on the lower lens is void.
_SHAPING: Final = ("as", "table", "constant")
_OF_TABLE: Final = ("table", "also")


def overlay(lower: Mapping[str, RawRule], upper: Mapping[str, RawRule]) -> dict[str, RawRule]:
    """The rules of both files, the upper one's first where they differ."""
    result = dict(lower)
    for name, rule in upper.items():
        below = lower.get(name)
        if rule.off:
            result.pop(name, None)
        elif below is None or not _same_path(below, rule):
            result[name] = rule
        else:
            result[name] = RawRule(name, rule.spot, _keys(below, rule))
    return result


def _same_path(lower: RawRule, upper: RawRule) -> bool:
    at = upper.keys.get("at")
    below = lower.keys.get("at")
    return at is None or (below is not None and at.value == below.value)


def _keys(lower: RawRule, upper: RawRule) -> dict[str, Key]:
    reshaped = _shape_changes(lower, upper)
    kept = {
        name: key
        for name, key in lower.keys.items()
        if not (reshaped and name in (*_SHAPING, *_OF_TABLE))
    }
    for name, key in upper.keys.items():
        below = kept.get(name)
        if name in _ADDING and below is not None and _both_tables(below, key):
            kept[name] = _added(below, key, words=name == "table")
        else:
            kept[name] = key
    return _without_claimed(kept, upper)


def _shape_changes(lower: RawRule, upper: RawRule) -> bool:
    """Whether the upper rule is of another lens: then the lower table means nothing."""
    for name in _SHAPING:
        if name not in upper.keys:
            continue
        below = lower.keys.get(name)
        if name != "table" or below is None or not _both_tables(below, upper.keys[name]):
            return True
    return False


def _both_tables(lower: Key, upper: Key) -> bool:
    return isinstance(lower.value, dict) and isinstance(upper.value, dict)


def _added(lower: Key, upper: Key, *, words: bool) -> Key:
    value: dict[str, Any] = {**lower.value, **upper.value}
    if words:
        claimed = {str(word) for entry in upper.value.values() for word in listed(entry)}
        for name, entry in lower.value.items():
            if name not in upper.value:
                value[name] = [word for word in listed(entry) if str(word) not in claimed]
        value = {name: entry for name, entry in value.items() if listed(entry)}
    return Key(value, upper.spot, {**lower.inner, **upper.inner})


def _without_claimed(kept: dict[str, Key], upper: RawRule) -> dict[str, Key]:
    """A canonical word that the upper table can say needs no lossy way out of the lower one."""
    table, also = upper.keys.get("table"), kept.get("also")
    if also is None or table is None or "also" in upper.keys or not _both_tables(also, table):
        return kept
    rest = {name: entry for name, entry in also.value.items() if name not in table.value}
    return {**kept, "also": Key(rest, also.spot, also.inner)}


def listed(entry: Any) -> list[Any]:
    """The words of a table's entry: one, or a list."""
    if isinstance(entry, list):
        return entry
    return [] if entry in (None, "") else [entry]
