"""What two stock products hold, row by row in their own tables: nothing is asked of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from tests.real.conftest import Product

Row = dict[str, Any]


class Stand(NamedTuple):
    """What stands in a queue and in a project, by number."""

    desk: dict[str, Row]
    dev: dict[str, Row]


#: When a record was touched last, and by whom: not what it holds.
_TOUCHED = ("LastUpdated", "LastUpdatedBy", "updated_on", "lock_version")
_FIELDS = """
    SELECT v.ObjectId AS id, c.Name AS name, coalesce(v.Content, v.LargeContent) AS value
    FROM ObjectCustomFieldValues v JOIN CustomFields c ON c.id = v.CustomField
    WHERE v.ObjectType = 'RT::Ticket' AND v.Disabled = 0"""
_SAID = """
    SELECT ObjectId AS id, Type AS name, count(*) AS value FROM Transactions
    WHERE ObjectType = 'RT::Ticket' AND Type IN ('Comment', 'Correspond') GROUP BY 1, 2"""
_ROLES = """
    SELECT g.Instance AS id, 'role ' || g.Name AS name, group_concat(m.MemberId) AS value
    FROM Groups g JOIN GroupMembers m ON m.GroupId = g.id
    WHERE g.Domain = 'RT::Ticket-Role' GROUP BY 1, 2"""
_CUSTOM = """
    SELECT v.customized_id AS id, f.name AS name, v.value AS value
    FROM custom_values v JOIN custom_fields f ON f.id = v.custom_field_id
    WHERE v.customized_type = 'Issue' AND v.value <> ''"""
_NOTES = """
    SELECT journalized_id AS id, 'notes' AS name, count(*) AS value FROM journals
    WHERE journalized_type = 'Issue' AND notes <> '' GROUP BY 1"""
_WATCHERS = """
    SELECT watchable_id AS id, 'watchers' AS name, count(*) AS value FROM watchers
    WHERE watchable_type = 'Issue' GROUP BY 1"""


def tickets(desk: Product, queue: str) -> dict[str, Row]:
    """Every ticket of a queue, by its number; "owned_by" whom, "worded" as which priority."""
    file = f"{desk.facts['DATA_DIR']}/rtdb"
    kept = """
        SELECT t.*, u.Name AS owned_by, (t.Priority >= 50) * 50 + (t.Priority >= 100) * 50 AS worded
        FROM Tickets t JOIN Users u ON u.id = t.Owner
        WHERE t.Queue = (SELECT id FROM Queues WHERE Name = :place)"""
    return _whole(file, kept, queue, [_FIELDS, _SAID, _ROLES])


def issues(dev: Product, project: str) -> dict[str, Row]:
    """Every issue of a project, by its number."""
    file = f"{dev.facts['DATA_DIR']}/redmine.db"
    kept = """
        SELECT i.*, p.name AS priority, s.name AS status, coalesce(u.login, '') AS assigned_to
        FROM issues i LEFT JOIN users u ON u.id = i.assigned_to_id
        JOIN enumerations p ON p.id = i.priority_id JOIN issue_statuses s ON s.id = i.status_id
        WHERE i.project_id = (SELECT id FROM projects WHERE identifier = :place)"""
    return _whole(file, kept, project, [_CUSTOM, _NOTES, _WATCHERS])


def _whole(file: str, kept: str, place: str, more: Sequence[str]) -> dict[str, Row]:
    """The rows themselves, and beside them each (name, value) that other tables have."""
    rows = {str(one["id"]): one for one in _rows(file, kept, {"place": place})}
    for query in more:
        for one in _rows(file, query):
            if (row := rows.get(str(one["id"]))) is not None:
                row[one["name"]] = one["value"]
    return {
        key: {name: one for name, one in row.items() if name not in _TOUCHED}
        for key, row in rows.items()
    }


def _rows(file: str, query: str, named: Mapping[str, str] | None = None) -> list[Row]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60)) as base:
        base.row_factory = sqlite3.Row
        return [dict(one) for one in base.execute(query, named or {})]
