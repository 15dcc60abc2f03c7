"""What a Request Tracker lacks for groups to be teams."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.connectors.preparing import Point, Stand, Step
from sdsync.connectors.request_tracker.roles import CUSTOM

WHY = "without it teams stay on the other side"


def of_teams(
    path: str, roles: Mapping[str, frozenset[str]], sees: bool | None, login: str
) -> tuple[list[Point], list[Step]]:
    """The right to see groups, and the custom role that holds one.

    Args:
        path: Where the mapping has a ticket's team.
        roles: The custom roles of each queue that is shown.
        sees: Whether groups are shown to our account; None: nothing tells.
        login: Our account's.
    """
    stand = {True: Stand.THERE, False: Stand.OPTIONAL, None: Stand.UNTOLD}[sees]
    points = [Point("right", "SeeGroup", stand, why=WHY)]
    steps = []
    if not sees:
        unless = "unless it is ticked: " if sees is None else ""
        text = f"{unless}Admin > Global > User Rights: {login}: tick SeeGroup; Save Changes ({WHY})"
        steps.append(Step(text, optional=True))
    top, _, role = path.partition(".")
    if top != CUSTOM or not role:
        return points, steps  # a role that every queue has
    lacking = [queue for queue, there in roles.items() if role not in there]
    points += [
        Point("role", role, Stand.OPTIONAL if queue in lacking else Stand.THERE, queue, WHY)
        for queue in roles
    ]
    if lacking:
        text = (
            f'unless it is there: Admin > Custom Roles > Create: Name "{role}", tick Multiple '
            f"users; Create; then Applies to: tick {', '.join(lacking)}; Submit; then restart the "
            f"web server, for REST learns of roles when it starts ({WHY})"
        )
        steps.append(Step(text, optional=True))
    return points, steps
