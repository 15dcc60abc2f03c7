"""Counters and gauges in the text format that Prometheus reads.

The format is ten lines to write and our numbers live in the store, so a client
library would only be a second place for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples. ``kind`` is counter or gauge."""

    name: str
    kind: str
    help: str
    samples: tuple[tuple[Labels, float], ...]


@dataclass(slots=True)
class Counter:
    """A number that only grows, by labels. Safe to use from any thread."""

    name: str
    help: str
    labels: tuple[str, ...]
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _values: dict[tuple[str, ...], float] = field(default_factory=dict)

    def add(self, *values: str, by: float = 1) -> None:
        """Count. ``values`` are of a closed set: what strangers send is never a label."""
        with self._lock:
            self._values[values] = self._values.get(values, 0) + by

    def value(self, *values: str) -> float:
        """The count so far."""
        return self._values.get(values, 0)

    def family(self) -> Family:
        """The counter as it stands."""
        with self._lock:
            items = sorted(self._values.items())
        samples = tuple(
            (tuple(zip(self.labels, values, strict=True)), count) for values, count in items
        )
        return Family(self.name, "counter", self.help, samples)


class Metrics:
    """Everything that ``/metrics`` shows."""

    def __init__(self) -> None:
        self.webhooks = Counter(
            "sdsync_webhooks_total",
            "Webhooks by system and what came of them.",
            ("system", "outcome"),
        )
        self.webhook_bytes = Counter("sdsync_webhook_bytes_total", "Bytes of webhooks read.", ())
        self._collectors: list[Callable[[], Iterable[Family]]] = []

    def collect(self, collector: Callable[[], Iterable[Family]]) -> None:
        """Ask ``collector`` at each scrape."""
        self._collectors.append(collector)

    def text(self) -> str:
        """The page of a scrape."""
        families = [self.webhooks.family(), self.webhook_bytes.family()]
        for collector in self._collectors:
            families.extend(collector())
        return "".join(_lines(family) for family in families)


def gauge(name: str, text: str, samples: Iterable[tuple[Labels, float]]) -> Family:
    """A gauge from what was just counted."""
    return Family(name, "gauge", text, tuple(samples))


def _lines(family: Family) -> str:
    head = f"# HELP {family.name} {_escaped(family.help)}\n# TYPE {family.name} {family.kind}\n"
    return head + "".join(
        f"{family.name}{_labels(labels)} {_number(value)}\n" for labels, value in family.samples
    )


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
