"""Ask every system who it is: what ``sdsync check --live`` prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdsync.cli.page import clean
from sdsync.cli.words import count

if TYPE_CHECKING:
    from datetime import datetime

    from sdsync.cli.looks.live import LiveLook
    from sdsync.config.model import Config, SystemConfig
    from sdsync.config.problems import Problem
    from sdsync.config.secrets import SecretRef
    from sdsync.connectors.contract import Connector, Description
    from sdsync.connectors.failures import Failure
    from sdsync.connectors.preparing import Asked, Survey
    from sdsync.mappings.compile import CompiledMapping


@dataclass(frozen=True, slots=True)
class Probe:
    """What one system answered. ``live`` is None when it did not tell."""

    system: str
    failed: bool
    text: str
    warnings: Sequence[str] = field(default=())
    cures: Sequence[str] = field(default=())
    live: LiveLook | None = None


def ask_all(
    config: Config,
    tell: Callable[[str, int, int], None],
    *,
    only: str | None = None,
    known: Mapping[str, str] | None = None,
) -> list[Probe]:
    """One answer per system, in the order of the file; of ``only`` one. Nothing is written.

    Args:
        tell: Hears what is asked, which question it is, and of how many.
        known: system -> the identity that the store has of it.
    """
    from datetime import UTC, datetime

    from sdsync.cli import translators
    from sdsync.cli.looks import live
    from sdsync.connectors.contract import Description

    mappings = translators.tickets(config)
    asked = [name for name in config.systems if only in (None, name)]
    told: dict[str, Description | Probe] = {}
    heard: dict[str, datetime] = {}
    for number, name in enumerate(asked):
        tell(f"asking {name} who it is", number, 2 * len(asked))
        told[name] = meet(name, config.systems[name])
        # At once: whatever is done before would be taken for a difference of the clocks.
        heard[name] = datetime.now(UTC)
    said = {name: one for name, one in told.items() if isinstance(one, Description)}
    public: dict[str, list[Problem]] = {}
    for name, problem in live.too_public(config, said):
        public.setdefault(name, []).append(problem)
    found: list[Probe] = []
    for number, (name, one) in enumerate(told.items(), len(told)):
        if isinstance(one, Probe):
            found.append(one)
            continue
        tell(f"asking {name} about its places", number, 2 * len(told))
        before = (known or {}).get(name)
        found.append(_probe(config, name, one, mappings.get(name), public, before, heard[name]))
    return found


def _probe(
    config: Config,
    name: str,
    said: Description,
    mapping: CompiledMapping | None,
    public: Mapping[str, Sequence[Problem]],
    known: str | None,
    heard: datetime,
) -> Probe:
    from sdsync.cli import fitting
    from sdsync.cli.looks import live
    from sdsync.connectors import registry

    system, asked = config.systems[name], fitting.places_of(config, name)
    survey, unread = _surveyed(name, system, asked)
    seen = live.look(said, registry.capabilities(system.connector), asked, mapping, survey, heard)
    wrong = [*fitting.misfits(config, name, said, mapping), *public.get(name, ())]
    wrong += _standing_in(name, system, said, mapping)
    word = registry.day_one(system.connector).place
    told = (*_of_places_in_use(said, asked), *live.troubles(seen, mapping), *unread)
    other = known is not None and known != said.identity
    if other:
        told = (f"is another instance than before ({known}): it will be paused", *told)
    cures = [
        *([f"sdsync resume system:{name}, once it is paused and you are sure"] if other else []),
        *(one for one in (_mend(wrong), f"sdsync prepare {name}" if seen.lacks else None) if one),
    ]
    return Probe(
        name,
        failed=False,
        text=clean(told_of(said, word)),
        warnings=[clean(one) for one in dict.fromkeys((*told, *map(str, wrong)))],
        cures=cures,
        live=seen,
    )


def told_of(said: Description, place_word: str) -> str:
    """``Request Tracker 5.0.3 as sdsync, 2 queues within reach``."""
    version = f" {said.version}" if said.version else ""
    reach = count(len(said.places), place_word)
    return f"{said.product}{version} as {said.account.login}, {reach} within reach"


def _surveyed(
    name: str, system: SystemConfig, asked: Asked
) -> tuple[Survey | None, tuple[str, ...]]:
    """What our account lacks, as far as its connector can tell; else why it could not."""
    from sdsync.connectors.preparing import Preparable, Survey

    connector = opened(name, system)
    try:
        if not isinstance(connector, Preparable) or not asked.named():
            return None, ()
        answer = connector.survey(asked)
    finally:
        connector.close()
    if isinstance(answer, Survey):
        return answer, ()
    return None, (f"rights and fields could not be read: {refused(name, system, answer).text}",)


def _standing_in(
    name: str, system: SystemConfig, said: Description, mapping: CompiledMapping | None
) -> list[Problem]:
    """What is wrong with whom the mapping has stand in; people are asked for only then."""
    from sdsync.cli import standing
    from sdsync.connectors.failures import FAILURES

    if not standing.stand_ins(mapping):
        return []
    connector = opened(name, system)
    try:
        people = connector.people()
    finally:
        connector.close()
    if isinstance(people, FAILURES):  # the survey tells of rights that lack
        return []
    return list(standing.unable(mapping, name, said.account, people))


def _of_places_in_use(said: Description, asked: Asked) -> Sequence[str]:
    """The connector's own warnings, without those about places that no sync names."""
    unused = said.places.keys() - set(asked.named()) if asked.named() else frozenset[str]()
    return [one for one in said.warnings if one.partition(":")[0] not in unused]


def _mend(wrong: Sequence[Problem]) -> str | None:
    """What to do about names that the system does not have."""
    files = dict.fromkeys(f"{one.file}:{one.line}" if one.line else one.file for one in wrong)
    return clean(f"edit {', '.join(files)}; then sdsync check --live") if files else None


def opened(name: str, system: SystemConfig) -> Connector:
    """A connector that reads again where an answer proves nothing."""
    from sdsync.cli.patience import patient
    from sdsync.connectors import registry

    connector = registry.create(name, system)
    patient(connector)
    return connector


def meet(name: str, system: SystemConfig) -> Description | Probe:
    """Ask one system who it is; a Probe says in words why it did not tell."""
    from sdsync.connectors.contract import Description

    connector = opened(name, system)
    try:
        answer = connector.describe()
    finally:
        connector.close()
    return answer if isinstance(answer, Description) else refused(name, system, answer)


def unsendable(ref: SecretRef | None) -> tuple[str, str] | None:
    """Why a credential cannot be sent at all, and what to do; None: it can be."""
    from sdsync.config.secrets import SecretMissingError, remedy
    from sdsync.connectors.http import sendable

    if ref is None:
        return None
    try:
        secret = ref.reveal()
    except SecretMissingError as error:
        return str(error).removesuffix(f"; {remedy(ref)}"), remedy(ref)
    if sendable(secret):
        return None
    return f"{ref} holds what no header can carry: more than one line, or no ASCII", remedy(ref)


def refused(name: str, system: SystemConfig, answer: Failure) -> Probe:
    """What a failure means for somebody who set the system up, and what to do about it."""
    from sdsync.connectors import registry
    from sdsync.connectors.failures import (
        AuthFailed,
        Forbidden,
        Misconfigured,
        Missing,
        Throttled,
        Transient,
    )

    detail = in_words(answer)
    words, product = registry.day_one(system.connector), registry.capabilities(system.connector)
    match answer:
        case AuthFailed() if unsent := unsendable(system.token):
            text, cure = f"was not asked: {unsent[0]}", unsent[1]
        case AuthFailed():
            text = "refuses our credential"
            cure = f"renew {system.token or 'the token'}: {words.credential}"
        case Forbidden():
            text, cure = "our account may not read it", words.forbidden
        case Missing():
            text, cure = f"answers, but has no {product.product} there", words.address
        case Misconfigured(detail=told) if "TLS" in told:
            text = "shows a certificate that this machine does not trust"
            cure = f"name the authority's file: options.ca_file of {name}"
        case Misconfigured():
            text, cure = "is not what the configuration says", words.address
        case Throttled(after_s=after_s):
            text, cure = f"asks us to wait {after_s:.0f} s", "sdsync check --live, later"
        case Transient(unreachable=True):
            text, cure = "cannot be reached", f"curl -sS {system.url}"
        case Transient(detail="ReadTimeout"):  # a busy product, or one that just starts
            text, cure = (
                f"gave no answer within {system.deadline_s:.0f} s",
                f"curl -sS {system.url}",
            )
            detail = ""
        case _:
            text, cure = "does not answer", f"curl -sS {system.url}"
    told = f"{text}: {detail}" if detail else text
    return Probe(name, failed=True, text=clean(told), cures=[clean(cure)])


#: What the client tells of the wire, which is no word for a person.
_WIRE = {
    "ConnectError": "nobody listens there, or nobody knows the name",
    "ConnectTimeout": "nobody takes the connection",
    "RemoteProtocolError": "it closed the connection without an answer",
    "ReadError": "it broke the connection off",
    "WriteError": "it broke the connection off",
    "ReadTimeout": "no answer came in time",
    "WriteTimeout": "it did not take what was sent in time",
}


def in_words(answer: Failure) -> str:
    """What a failure tells beside its kind, for a person; empty where it tells nothing."""
    detail = str(getattr(answer, "detail", ""))
    return _WIRE.get(detail, detail)
