"""A figure, the peer that it is compared with, and the bound that it must keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        name: What was measured.
        value: What sdsync did, in ``unit``.
        peer: What the peer did, in the same unit; None: there is none.
        peer_name: What the peer is.
        ratio: ``value`` to ``peer``, of rounds that ran side by side.
        floor: The least ratio that is good enough; None: not judged.
        ceiling: The greatest value that is good enough; None: not judged.
    """

    name: str
    value: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    ratio: float | None = None
    floor: float | None = None
    ceiling: float | None = None

    @property
    def kept(self) -> bool:
        """Whether it is good enough."""
        if self.floor is not None and (self.ratio is None or self.ratio < self.floor):
            return False
        return self.ceiling is None or self.value <= self.ceiling

    @property
    def bound(self) -> str:
        """The bound as it is printed."""
        told = [f"ratio ≥ {self.floor:g}"] if self.floor is not None else []
        if self.ceiling is not None:
            told.append(f"≤ {self.ceiling:g} {self.unit}")
        return ", ".join(told)


def of_rounds(ours: Sequence[float], peers: Sequence[float]) -> float:
    """The median of the rounds' ratios: a disturbance of the machine strikes both of a round."""
    return median(one / other for one, other in zip(ours, peers, strict=True))


def table(figures: Sequence[Figure]) -> str:
    """All lines, aligned."""
    head = ("figure", "sdsync", "peer", "ratio", "bound", "")
    rows = [head, *(_row(one) for one in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _row(one: Figure) -> tuple[str, str, str, str, str, str]:
    peer = f"{_number(one.peer)} {one.unit} ({one.peer_name})" if one.peer is not None else ""
    ratio = f"{one.ratio:.2f}" if one.ratio is not None else ""
    judged = one.floor is not None or one.ceiling is not None
    verdict = ("kept" if one.kept else "MISSED") if judged else ""
    return one.name, f"{_number(one.value)} {one.unit}", peer, ratio, one.bound, verdict


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
