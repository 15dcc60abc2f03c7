"""Counts of what would be sent to one system, and how they are said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sdsync.store.records import Json

#: Of a system's ``info``: sync -> its last account there.
WOULD_SEND = "would_send"


@dataclass(slots=True)
class Tally:
    """What would go to one system. ``updates`` counts records, ``fields`` each field's writes."""

    births: int = 0
    updates: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    notes: int = 0
    files: int = 0
    worklogs: int = 0
    customers: int = 0  # mails, as far as the product lets us know
    staff: int = 0
    over_budget: int = 0  # calls that would wait, for they would mail whom they must not

    @classmethod
    def of(cls, data: Mapping[str, Json]) -> Tally:
        """The tally of :meth:`plain`; of {} one of nothing."""
        known: dict[str, Any] = {name: data[name] for name in cls.__slots__ if name in data}
        return cls(**{**known, "fields": dict(known.get("fields") or {})})

    def plain(self) -> dict[str, Json]:
        """The tally as JSON."""
        return asdict(self)

    def in_words(self) -> str:
        """``3 births, 12 fields of 7 records, 4 notes; 2 mails to staff``, or ``nothing``."""
        parts = [", ".join(self._sent()), ", ".join(self._mails())]
        return "; ".join(filter(None, parts)) or "nothing"

    def _sent(self) -> Iterator[str]:
        fields = sum(self.fields.values())
        if self.births:
            yield _many(self.births, "birth")
        if fields:
            yield f"{_many(fields, 'field')} of {_many(self.updates, 'record')}"
        if self.notes:
            yield _many(self.notes, "note")
        if self.files:
            yield _many(self.files, "file")
        if self.worklogs:
            yield _many(self.worklogs, "worklog")

    def _mails(self) -> Iterator[str]:
        for number, whom in ((self.customers, "customers"), (self.staff, "staff")):
            if number:
                yield f"{_many(number, 'mail')} to {whom}"
        if self.over_budget:
            yield f"{self.over_budget:,} over the mail budget would wait"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
