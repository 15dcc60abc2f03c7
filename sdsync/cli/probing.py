"""Ask every system who it is: what ``sdsync check --live`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdsync.cli.page import clean
from sdsync.cli.words import count

if TYPE_CHECKING:
    from sdsync.config.model import Config, SystemConfig
    from sdsync.connectors.contract import Description
    from sdsync.connectors.failures import Failure


@dataclass(frozen=True, slots=True)
class Probe:
    """What one system answered."""

    system: str
    failed: bool
    text: str
    warnings: Sequence[str] = field(default=())
    cure: str | None = None


def ask_all(config: Config) -> list[Probe]:
    """One answer per system, in the order of the file. Nothing is written anywhere."""
    return [_ask(config, name, system) for name, system in config.systems.items()]


def _ask(config: Config, name: str, system: SystemConfig) -> Probe:
    from sdsync.connectors import registry
    from sdsync.connectors.contract import Description

    connector = registry.create(name, system)
    try:
        answer = connector.describe()
    finally:
        connector.close()
    if not isinstance(answer, Description):
        return _refused(name, system, answer)
    warnings = [*answer.warnings, *_places(config, name, answer)]
    text = (
        f"{answer.product} {answer.version} as {answer.account.login}, "
        f"{count(len(answer.places), 'place')} within reach"
    )
    return Probe(name, failed=False, text=clean(text), warnings=[clean(one) for one in warnings])


def _places(config: Config, name: str, answer: Description) -> Iterator[str]:
    """Places that the configuration names and that cannot be used as it says."""
    for sync_name, sync in config.syncs.items():
        put = sync.put.get(name, {})
        place = put.get("project") or put.get("queue") or put.get("place")
        if not isinstance(place, str) or place.startswith("="):
            continue
        found = answer.places.get(place)
        if found is None:
            known = ", ".join(sorted(answer.places)[:8]) or "none"
            yield f"{sync_name}: {place} is not within reach of our account; there are {known}"
        elif not found.may_create:
            yield f"{sync_name}: our account may not create in {place}"


def _refused(name: str, system: SystemConfig, answer: Failure) -> Probe:
    from sdsync.connectors.failures import AuthFailed, Forbidden, Misconfigured, Throttled

    detail = getattr(answer, "detail", "")
    match answer:
        case AuthFailed():
            text, cure = "refuses our credential", f"renew {system.token or 'the token'}"
        case Forbidden():
            text, cure = "our account may not read it", "give the account the rights it needs"
        case Misconfigured():
            text, cure = "is not what the configuration says", f"look at {system.url} yourself"
        case Throttled(after_s=after_s):
            text, cure = f"asks us to wait {after_s:.0f} s", "sdsync check --live, later"
        case _:
            text, cure = "does not answer", f"curl -sS {system.url}"
    told = f"{text}: {detail}" if detail else text
    return Probe(name, failed=True, text=clean(told), cure=clean(cure))
