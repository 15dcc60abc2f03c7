"""Ask every system who it is: what ``sdsync check --live`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdsync.cli.page import clean
from sdsync.cli.words import count

if TYPE_CHECKING:
    from sdsync.config.model import Config, SystemConfig
    from sdsync.config.problems import Problem
    from sdsync.connectors.failures import Failure
    from sdsync.mappings.compile import CompiledMapping


@dataclass(frozen=True, slots=True)
class Probe:
    """What one system answered."""

    system: str
    failed: bool
    text: str
    warnings: Sequence[str] = field(default=())
    cure: str | None = None


def ask_all(config: Config, *, only: str | None = None) -> list[Probe]:
    """One answer per system, in the order of the file; of ``only`` one. Nothing is written."""
    from sdsync.cli import translators

    mappings = translators.tickets(config)
    return [
        _ask(config, name, system, mappings)
        for name, system in config.systems.items()
        if only in (None, name)
    ]


def _ask(
    config: Config, name: str, system: SystemConfig, mappings: Mapping[str, CompiledMapping]
) -> Probe:
    from sdsync.cli import fitting
    from sdsync.connectors import registry
    from sdsync.connectors.contract import Description

    connector = registry.create(name, system)
    try:
        answer = connector.describe()
    finally:
        connector.close()
    if not isinstance(answer, Description):
        return refused(name, system, answer)
    wrong = fitting.misfits(config, name, answer, mappings.get(name))
    text = (
        f"{answer.product} {answer.version} as {answer.account.login}, "
        f"{count(len(answer.places), 'place')} within reach"
    )
    warnings = [clean(one) for one in (*answer.warnings, *map(str, wrong))]
    return Probe(name, failed=False, text=clean(text), warnings=warnings, cure=_mend(wrong))


def _mend(wrong: Sequence[Problem]) -> str | None:
    """What to do about names that the system does not have."""
    files = dict.fromkeys(f"{one.file}:{one.line}" if one.line else one.file for one in wrong)
    return clean(f"edit {', '.join(files)}; then sdsync check --live") if files else None


def refused(name: str, system: SystemConfig, answer: Failure) -> Probe:
    """What a system answered in place of what it was asked for, and what to do about it."""
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
