"""Relations of issues, and who may not be whose parent."""

from __future__ import annotations

from collections.abc import Mapping

from sdsync.sandbox.call import Answer, Json, Refused, answer, text
from sdsync.sandbox.redmine.rights import Rights
from sdsync.sandbox.redmine.state import Detail, Issue, Journal, RedmineState, Relation, User

#: Types that are kept the other way round; and what each is at the other end.
REVERSED = {"duplicated": "duplicates", "blocked": "blocks", "follows": "precedes"}
TURNED = {"relates": "relates", **REVERSED, **{one: other for other, one in REVERSED.items()}}


class Relations:
    """Makes and removes relations: both issues have it in their history, neither is touched."""

    def __init__(self, state: RedmineState, rights: Rights) -> None:
        self._state = state
        self._rights = rights

    def relate(self, user: User, issue: Issue, data: Mapping[str, Json]) -> Relation:
        """Make one; Refused with 422 and the product's sentences, or 403."""
        self._demand(user, issue)
        target = text(data.get("issue_to_id"))
        other = self._state.issues.get(int(target)) if target.isdigit() else None
        if other is None or not self._rights.sees(user, other):
            raise Refused(answer({"errors": ["Related issue cannot be blank"]}, 422))
        kind = text(data.get("relation_type") or "relates")
        errors = self._errors(issue, other, kind)
        if errors:
            raise Refused(answer({"errors": errors}, 422))
        source, end = (other, issue) if kind in REVERSED else (issue, other)
        made = Relation(self._state.number("relation"), source.id, end.id, REVERSED.get(kind, kind))
        self._state.keep_relation(made)
        self._tell(user, made, added=True)
        return made

    def unrelate(self, user: User, relation: Relation) -> None:
        """Remove one."""
        self._demand(user, self._state.issues[relation.source])
        self._state.drop("relation", relation.id)
        self._tell(user, relation, added=False)

    def _demand(self, user: User, issue: Issue) -> None:
        project = self._state.projects[issue.project]
        if not self._rights.may(user, "manage_issue_relations", project):
            raise Refused(Answer(403))

    def _errors(self, issue: Issue, other: Issue, kind: str) -> list[str]:
        errors = []
        pair = {issue.id, other.id}
        if any({one.source, one.target} == pair for one in self._state.relations.of(issue.id)):
            errors.append("Related issue has already been taken")
        if issue.id == other.id:
            errors.append("Related issue is invalid")
        if issue.project != other.project:
            errors.append("Related issue doesn't belong to the same project")
        first, last = (other, issue) if kind == "blocked" else (issue, other)
        if kind in ("blocks", "blocked") and self._blocks(last.id, first.id):
            errors.append("This relation would create a circular dependency")
        if self._above(issue, other) or self._above(other, issue):
            errors.append("An issue cannot be linked to one of its subtasks")
        return errors

    def _blocks(self, start: int, end: int) -> bool:
        seen, ahead = set[int](), [start]
        while ahead:
            one = ahead.pop()
            if one == end:
                return True
            if one not in seen:
                seen.add(one)
                rows = self._state.relations.of(one)
                ahead += [row.target for row in rows if row.source == one and row.type == "blocks"]
        return False

    def _above(self, issue: Issue, other: Issue) -> bool:
        return descends(self._state, issue, other.id)

    def _tell(self, user: User, relation: Relation, *, added: bool) -> None:
        source, end = relation.source, relation.target
        turned = TURNED.get(relation.type, relation.type)
        for mine, other, kind in ((source, end, relation.type), (end, source, turned)):
            issue, now = self._state.issues[mine], self._state.world.stamp()
            old, new = (None, str(other)) if added else (str(other), None)
            id_ = self._state.number("journal")
            detail = Detail("relation", kind, old, new)
            issue.journals.append(Journal(id_, user.id, now, "", False, [detail]))
            self._state.keep_issue(issue)  # its own stamp stays: so it is in the product
            self._state.world.tell("issue", issue.id, "updated")


def descends(state: RedmineState, issue: Issue, ancestor: int) -> bool:
    """Whether an issue stands somewhere below another."""
    seen, at = set[int](), issue.parent
    while at is not None and at not in seen:
        if at == ancestor:
            return True
        seen.add(at)
        above = state.issues.get(at)
        at = above.parent if above is not None else None
    return False
