"""Ask a person, or take what the command line answered: one question is one option.

At a terminal a wrong answer is asked again with what is wrong with it. In a pipe
nobody is asked: what has no answer is said, all of it at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from sdsync.cli.codes import Code, CommandError
from sdsync.cli.typed import refuse_bytes

if TYPE_CHECKING:
    from sdsync.cli.output import Output

T = TypeVar("T")


class Unfit(Exception):  # noqa: N818 - says what an answer is
    """An answer cannot be taken. The message says why; ``cure`` what to do about it.

    ``instead`` is what else somebody may type who is asked again.
    """

    def __init__(
        self, why: str, *, cure: str | None = None, code: Code = Code.USAGE, instead: str = ""
    ) -> None:
        super().__init__(why)
        self.cure = cure
        self.instead = instead
        self.code = code


class Back(Exception):  # noqa: N818 - says what a person wants
    """A person wants to answer an earlier question again."""


class Asker:
    """Answers to questions, whoever gives them.

    Args:
        out: Where questions are written; answers come from standard input.
        given: Option -> what the command line said; None: nothing.
        yes: Take what is proposed without asking.
        mute: Never ask: what is printed is for a program.
    """

    def __init__(
        self, out: Output, given: Mapping[str, str | None], *, yes: bool, mute: bool = False
    ) -> None:
        self._out = out
        self._given = given
        self._yes = yes
        self.asks = not yes and not mute and sys.stdin.isatty() and out.stream.isatty()

    def known(self, option: str) -> bool:
        """Whether the command line answered."""
        return self._given.get(option) is not None

    def lacking(self, options: Mapping[str, str | None]) -> None:
        """End when nobody can be asked and options (with what is proposed) have no answer.

        Raises:
            CommandError: All of them at once.
        """
        if self.asks:
            return
        missing = [
            f"--{one}"
            for one, proposed in options.items()
            if not self.known(one) and not (self._yes and proposed)
        ]
        if missing:
            told = "\n".join(f"  {one}" for one in missing)
            raise CommandError(
                f"nobody can be asked here; there is no answer to\n{told}",
                cure="sdsync init --help; or sdsync init at a terminal, which asks",
                code=Code.USAGE,
            )

    def ask(
        self,
        option: str,
        question: str,
        check: Callable[[str], T],
        *,
        proposed: str | None = None,
        about: Sequence[str] = (),
        back: str | None = None,
    ) -> T:
        """The checked answer.

        Args:
            option: The option that answers it, without dashes.
            question: For a person.
            check: Makes the answer what it means; raises Unfit.
            proposed: Taken for an empty line, and by ``--yes``.
            about: Lines that help to answer; only a person sees them.
            back: What a person types who wants to answer an earlier question again.

        Raises:
            Back: A person typed it; an option never does, or it would be asked for ever.
        """
        told = self._given.get(option)
        if told is None and not self.asks:
            self.lacking({option: proposed})
            told = proposed
        if told is not None:
            try:
                return check(told.strip())
            except Unfit as unfit:
                if not self.asks:
                    cure = unfit.cure
                    raise CommandError(f"--{option}: {unfit}", cure=cure, code=unfit.code) from None
                self._said(unfit)
        for one in about:
            self._wrapped(one)
        return self._asked(question, check, proposed, back)

    def confirm(self, question: str) -> bool:
        """Yes or no; no where nobody can be asked."""
        return self.asks and self._line(f"{question} [y/N] ").lower() in {"y", "yes"}

    def say(self, text: str) -> None:
        """A line for a person who is being asked; nothing in a pipe."""
        if self.asks:
            self._out.line(text)

    def _asked(
        self, question: str, check: Callable[[str], T], proposed: str | None, back: str | None
    ) -> T:
        while True:
            typed = self._line(f"{question}{f' [{proposed}]' if proposed else ''}: ")
            if back is not None and typed == back:
                raise Back
            if not typed and proposed is None:
                continue
            try:
                return check(typed or proposed or "")
            except Unfit as unfit:
                self._said(unfit)

    def _said(self, unfit: Unfit) -> None:
        from sdsync.cli.page import BAD, CURE

        self._wrapped(str(unfit), BAD)
        if unfit.cure:
            self._wrapped(f"> {unfit.cure}", CURE)
        if unfit.instead:
            self._wrapped(f"or type {unfit.instead}")

    def _wrapped(self, text: str, style: str = "") -> None:
        from sdsync.cli.page import line, wrapped

        for one in wrapped(line("  "), text, width=self._out.width):
            one.stylize(style)
            self._out.line(one)

    def _line(self, prompt: str) -> str:
        self._out.write(prompt)
        self._out.flush()
        typed = _read()
        if not typed:
            self._out.line("")
            raise CommandError("the answers ended; nothing was written", code=Code.USAGE)
        return typed.strip()


def _read() -> str:
    try:
        typed = sys.stdin.readline()
    except UnicodeDecodeError:
        typed = "\udcff"  # as other locales hand it over
    refuse_bytes(typed, "the answer")
    return typed
