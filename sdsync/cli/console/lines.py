"""What a line of a screen is about: the command it names, a record, a cause, a scope."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from sdsync.cli.page import Page

_COMMAND = re.compile(r"> sdsync (.+)$")
_REF = re.compile(r"(?<![\w#.-])[\w.-]+#[\w.-]+(?:#[\w.-]+)?")
#: What a person has to fill in first: SYSTEM#ID, FIELD=VALUE, NAME; or prose after a command.
_BLANK = re.compile(r"(?<![\w/-])[A-Z]{2,}(?![\w-])|[,(]|…")


@dataclass(frozen=True, slots=True)
class Subject:
    """What keys act on. ``words`` is a command that can be run as it stands."""

    words: tuple[str, ...] = ()
    ref: str | None = None
    cause: str | None = None
    scope: str | None = None
    held: bool = False  # the cause holds conflicts, which are chosen and not replayed

    @property
    def any(self) -> bool:
        """Whether a key can do something with it."""
        return bool(self.words or self.named)

    @property
    def named(self) -> str | None:
        """What commands take for it: the record, else the cause, else the system or sync."""
        return self.ref or self.cause or self.scope


@dataclass(frozen=True, slots=True)
class Known:
    """Names that may stand on a screen."""

    causes: Collection[str]
    scopes: Collection[str]
    held: Collection[str] = ()  # those of the causes


class Kind(Enum):
    """What running a command means for the person who looks."""

    LOOK = "look"  # changes nothing: done at once
    DEED = "deed"  # changes something: done when asked twice
    OUTSIDE = "outside"  # asks, edits or takes long: runs in the terminal, the console waits


_LOOKS = {
    ("status",), ("trace",), ("dead", "list"), ("dead", "show"), ("held", "list"),
    ("held", "show"), ("plan", "list"), ("plan", "show"), ("config",), ("connectors",),
    ("version",),
}  # fmt: skip
_DEEDS = {
    ("pause",), ("resume",), ("resync",), ("dead", "replay"), ("dead", "take"),
    ("dead", "assign"), ("held", "choose"), ("held", "release"),
    ("plan", "approve"),
}  # fmt: skip
_ASKING = {"--edit", "--from"}
#: What only a shell obeys.
_SHELL = {"&&", "||", "|", ";", "&"}
_DRY = {"--dry-run", "-n"}


def subjects(page: Page, known: Known) -> list[Subject]:
    """One for each line; one that only goes on below another is about what that is about."""
    made: list[Subject] = []
    above, indent = Subject(), 0
    for one in page:
        text = one.plain
        mine, begin = _subject(text, known), len(text) - len(text.lstrip())
        goes_on = begin > indent and not mine.any and not command_of(text)
        if not goes_on:
            above, indent = replace(mine, words=()), begin
        made.append(above if goes_on else mine)
    return made


def replayed(made: Sequence[Subject]) -> str | None:
    """The cause that a line of the screen would replay: there, it is what is tried again."""
    found = (one.words[2] for one in made if one.words[:2] == ("dead", "replay") and one.cause)
    return next(found, None)


def words_of(text: str) -> tuple[str, ...]:
    """The words after ``sdsync`` when they can be run as they stand; else none."""
    if _BLANK.search(text):
        return ()
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        return ()
    return () if _SHELL & set(words) else words


def about(words: Sequence[str], known: Known) -> Subject:
    """What a whole screen is about: what its command names."""
    return _named(words, known)


def kind_of(words: Sequence[str]) -> Kind:
    """How a command is run."""
    head = {tuple(words[:1]), tuple(words[:2])}
    if head & _LOOKS or (head & _DEEDS and _DRY & set(words)):
        return Kind.LOOK
    return Kind.DEED if head & _DEEDS and not _ASKING & set(words) else Kind.OUTSIDE


def command_of(text: str) -> str | None:
    """What a line says after ``> sdsync``, to be run or to be filled in."""
    found = _COMMAND.search(text.rstrip())
    return found[1] if found else None


def typed(words: Sequence[str]) -> str:
    """The words as somebody types them; a record's # begins no comment within a word."""
    return " ".join(one if _REF.fullmatch(one) else shlex.quote(one) for one in words)


def _subject(text: str, known: Known) -> Subject:
    command = command_of(text)
    words = words_of(command) if command else ()
    told = text[: text.index("> sdsync ")] if command else text
    # A name begins its line; elsewhere the same letters are only a word. Of a table that
    # stands further in, systems are the rows of one record.
    begin = [_whole(one, known.scopes) for one in told.split()[:1]]
    first, in_words = _named(begin, known), _named(words, known)
    cause = first.cause or in_words.cause
    return Subject(
        words,
        first.ref or in_words.ref,
        cause,
        (None if told[:1].isspace() else first.scope) or in_words.scope,
        cause in known.held,
    )


def _whole(word: str, names: Collection[str]) -> str:
    """A name that a narrow table has cut, if no other begins so."""
    fits = [one for one in names if word[-1:] == "…" and one.startswith(word[:-1])]
    return fits[0] if len(fits) == 1 else word


def _named(words: Sequence[str], known: Known) -> Subject:
    cause = next((one for one in words if one in known.causes), None)
    return Subject(
        ref=next((one for one in words if _REF.fullmatch(one)), None),
        cause=cause,
        scope=next((one for one in words if one in known.scopes), None),
        held=cause in known.held,
    )
