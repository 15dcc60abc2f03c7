"""What a Redmine lacks for notes to be written in their authors' names, and what that costs."""

from __future__ import annotations

from sdsync.connectors.preparing import Point, Stand, Step
from sdsync.connectors.redmine.personas import DANGER, Personas


def of_names(personas: Personas, login: str) -> tuple[list[Point], list[Step], tuple[str, ...]]:
    """Whether it works, as Redmine says of itself, and what is dangerous then."""
    proof = personas.proof()
    if proof is None:
        return [], [], ()
    stand = Stand.THERE if proof.given else Stand.OPTIONAL
    points = [Point("account", "Notes in their authors' names", stand, why=proof.why)]
    if proof.given:
        return points, [], (f"notes in their authors' names: {proof.why}; it takes {DANGER}",)
    if not proof.ignored:
        return points, [], ()
    text = (
        f"Administration > Users > {login}: tick Administrator; Save, for notes in their authors' "
        f"names ({DANGER}); else take impersonate out of sdsync.toml"
    )
    return points, [Step(text, optional=True)], ()
