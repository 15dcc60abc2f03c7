"""What a Redmine lacks for worklogs to be copied, and what its administrator does about it."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.connectors.preparing import Point, Stand, Step
from sdsync.connectors.redmine.client import Row
from sdsync.connectors.redmine.metadata import Metadata
from sdsync.connectors.redmine.worklogs import Worklogs

#: What copying worklogs takes; never too much, for it may be switched on any day.
LOGGING: Mapping[str, tuple[str, str]] = {
    "view_time_entries": ("View spent time", "reads worklogs"),
    "log_time": ("Log spent time", "copies worklogs"),
    "edit_own_time_entries": ("Edit own time logs", "follows worklogs that were edited or removed"),
}


def of_time(project: Row, metadata: Metadata, worklogs: Worklogs) -> tuple[list[Point], list[Step]]:
    """Whether entries of a project can be read and made: without an activity there is none."""
    name, number = str(project["identifier"]), str(project["id"])
    points, steps = [], []
    if not metadata.tracks_time(number):
        points.append(Point("module", "Time tracking", Stand.MISSING, name, "holds time entries"))
        steps.append(Step(f"{name} > Settings > Project: tick Time tracking; Save"))
    elif not metadata.sees_all_time(number):
        why = "the role of our account shows only its own time entries, or none"
        points.append(Point("right", "All time entries", Stand.MISSING, name, why))
        steps.append(
            Step(
                "Administration > Roles and permissions > the role that our account has in "
                f'{name}: Time logs visibility "All time entries"; Save'
            )
        )
    lack = worklogs.lacks_activity(project)
    stand = Stand.THERE if lack is None else Stand.MISSING
    points.append(Point("field", "Activity", stand, name, lack or "every time entry has one"))
    if lack is not None:
        steps.append(
            Step(
                "Administration > Enumerations > Activities (time tracking): tick Default value "
                f"for one; or name one in sdsync.toml: options.activity ({name}: {lack})"
            )
        )
    return points, steps
