"""What a product lacks, asked live; and what an administrator's credential can do about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sdsync.cli.codes import CommandError
from sdsync.cli.fitting import places_of, team_of

if TYPE_CHECKING:
    from sdsync.config.model import Config, SystemConfig
    from sdsync.config.secrets import SecretRef
    from sdsync.connectors.contract import Connector
    from sdsync.connectors.failures import Failure
    from sdsync.connectors.preparing import Asked, Preparable, Step, Survey


@dataclass(frozen=True, slots=True)
class Made:
    """One step that was carried out; ``failed`` says why not.

    What a second look shows counts, not the answer: that may get lost, or lie.
    """

    text: str
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class PrepareLook:
    """A survey, and what was done before it."""

    system: str
    places: Sequence[str]
    survey: Survey
    with_admin: bool
    made: Sequence[Made] = field(default=())
    unseen: str | None = None  # why there was no second look after what was made

    @property
    def steps(self) -> Sequence[Step]:
        """What is needed, then what makes it better."""
        return sorted(self.survey.steps, key=lambda one: one.optional)

    @property
    def changes(self) -> int:
        """Steps that the administrator's credential can carry out."""
        return sum(one.deed is not None for one in self.survey.steps)

    @property
    def needed(self) -> int:
        """Steps that something does not work without."""
        return sum(not one.optional for one in self.survey.steps)


def look(
    config: Config, system: str, admin: SecretRef | None = None, *, apply: bool = False
) -> PrepareLook:
    """Survey a system; with ``apply`` carry out what can be, and survey it again.

    Raises:
        CommandError: It cannot be asked, or its connector cannot be surveyed.
    """
    from sdsync.connectors.preparing import Preparable

    asked = replace(places_of(config, system), team=team_of(config, system))
    ours = _opened(config.systems[system], system)
    theirs: Connector | None = None
    try:
        if not isinstance(ours, Preparable):
            connector = config.systems[system].connector
            raise CommandError(
                f"the connector {connector} cannot tell what {system} lacks",
                cure="its documentation; then sdsync check --live",
            )
        if admin is not None:
            theirs = _opened(config.systems[system].model_copy(update={"token": admin}), system)
        ruler = theirs if isinstance(theirs, Preparable) else None
        survey = _surveyed(config, system, ours, asked, ruler, admin)
        made: list[Made] = []
        if apply and ruler is not None:
            made = [_carried_out(ruler, step) for step in survey.steps if step.deed is not None]
    finally:
        ours.close()
        if theirs is not None:
            theirs.close()
    told = PrepareLook(system, asked.named(), survey, admin is not None, made)
    if not made:
        return told
    try:
        # By new connectors: these remember what they were told before.
        after = look(config, system, admin)
    except CommandError as error:
        # What was done must be told all the same.
        return replace(told, unseen=str(error))
    left = {step.deed.text for step in after.survey.steps if step.deed is not None}
    return replace(after, made=[_as_seen(one, left) for one in made])


def _as_seen(made: Made, left: Collection[str]) -> Made:
    """A step that is still to be done was not done, and one that is not was."""
    if made.text not in left:
        return Made(made.text)
    return Made(made.text, made.failed or "it was taken without a word, and nothing changed")


def _opened(settings: SystemConfig, name: str) -> Connector:
    from sdsync.cli import probing

    return probing.opened(name, settings)


def _surveyed(
    config: Config,
    system: str,
    ours: Preparable,
    asked: Asked,
    ruler: Preparable | None,
    admin: SecretRef | None,
) -> Survey:
    """The survey; a failure is told as of the credential that it is about."""
    from sdsync.cli import probing
    from sdsync.connectors import registry
    from sdsync.connectors.preparing import Survey

    settings = config.systems[system]
    if ruler is not None and admin is not None:
        # Asked alone first, so that its own trouble is not taken for our account's.
        own = ruler.administers()
        if own is False:
            words = registry.day_one(settings.connector)
            raise CommandError(
                f"{admin} is no administrator's credential in {system}",
                cure=f"--admin-token needs {words.administrator}",
            )
        if own is not True:
            trouble = probing.refused(system, settings.model_copy(update={"token": admin}), own)
            raise CommandError(f"{system}, as {admin}: {trouble.text}", cure=trouble.cures[0])
    answer = ours.survey(asked, ruler)
    if isinstance(answer, Survey):
        return answer
    trouble = probing.refused(system, settings, answer)
    raise CommandError(f"{system}: {trouble.text}", cure=trouble.cures[0])


def _carried_out(ruler: Preparable, step: Step) -> Made:
    from sdsync.connectors.failures import FAILURES

    assert step.deed is not None
    answer = ruler.carry_out_deed(step.deed)
    if not isinstance(answer, FAILURES):
        return Made(step.deed.text)
    return Made(step.deed.text, _why(answer))


def _why(answer: Failure) -> str:
    """Why a step was not carried out, or may not have been."""
    from sdsync.cli import probing
    from sdsync.connectors.failures import AuthFailed, Forbidden, OutcomeUnknown, Throttled

    match answer:
        case OutcomeUnknown():
            text = "whether it was taken is not known"
        case AuthFailed():
            text = "refuses the credential"
        case Forbidden():
            text = "the account may not do it"
        case Throttled(after_s=after_s):
            text = f"asks us to wait {after_s:.0f} s"
        case _:
            text = "was refused"
    detail = probing.in_words(answer)
    return f"{text}: {detail}" if detail else text
