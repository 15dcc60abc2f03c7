"""Text that does nothing (law 46): no mention, command, macro or link that the author did not mean.

A *guard*, the word joiner (U+2060), which no reader sees, parts what a product
would act on: ``@`` from the name, ``#`` from the number. On the way back single
guards go; a word joiner that somebody wrote is doubled on the way out and halved
on the way back, so that the round trip is exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal, get_args

from sdsync.mappings.richtext.document import (
    Block,
    Blocks,
    Break,
    Code,
    CodeBlock,
    Em,
    Heading,
    Inline,
    Inlines,
    Items,
    Line,
    Link,
    Para,
    Quote,
    Strong,
    Text,
)
from sdsync.mappings.richtext.walk import map_text

GUARD: Final = "\u2060"

Danger = Literal["mentions", "links", "macros", "commands", "keywords", "formulas", "mail"]
ALL: Final[frozenset[Danger]] = frozenset(get_args(Danger))

_RUN: Final = re.compile(f"{GUARD}+")
_AT: Final[dict[Danger, tuple[re.Pattern[str], ...]]] = {
    # @name, @group/sub; user:login and user#3 are Redmine's
    "mentions": (
        re.compile(r"(?<![\w/.@])(@)(?=[\w\"{])"),
        re.compile(r"(?<![\w/])(user)(?=[:#][\w\"])", re.IGNORECASE),
    ),
    # #12, !12, r12, commit:abc, [[Page]], [example.org #12] of mail subjects
    "links": (
        re.compile(r"(?<![\w/&])([#!$%~&])(?=\d)"),
        re.compile(r"(?<=\w)(#)(?=\d)"),
        re.compile(r"(?<![\w/.-])(r)(?=\d+\b)"),
        re.compile(
            r"(?<![\w/])"
            r"(attachment|document|version|forum|message|news|project|commit|source|export|wiki)"
            r"(?=[:#][\w\"\\/])",
            re.IGNORECASE,
        ),
        re.compile(r"(\[)(?=\[)"),
        re.compile(r"(?<![\w/.-])([A-Z][A-Z0-9]{1,9})(?=-\d+\b)"),
    ),
    "macros": (re.compile(r"(\{)(?=[{%])"), re.compile(r"(\})(?=\})"), re.compile(r"(\$)(?=\{)")),
    "keywords": (
        re.compile(
            r"\b(clos|fix|resolv|implement)"
            r"(?=(?:e|es|ed|ing|s)?:? +(?:#|https?://|[\w.-]{1,80}/[\w.-]{1,80}#|[A-Z]+-\d))",
            re.IGNORECASE,
        ),
    ),
}
_AT_START: Final[dict[Danger, re.Pattern[str]]] = {
    "commands": re.compile(r"([ \t\u00a0]*[/!])(?=[A-Za-z])"),
    # Lines that mail gateways obey: "Status: resolved", "+Cc: …"
    "mail": re.compile(
        r"([ \t]*[+-]?(?:Set|Add|Del|Custom ?Field|CF|Transaction|Depend|Refer|Member|Queue|"
        r"Subject|Status|Owner|Requestor|Final ?Priority|Initial ?Priority|Priority|Due|Start|"
        r"Resolved|TimeWorked|TimeLeft|TimeEstimated|Cc|AdminCc|Project|Tracker|Category|Assigned|"
        r"Fixed ?version|Done ?ratio|Estimated ?hours|Watcher|Command)\w*)"
        r"(?=[^:\n]{0,40}:)",
        re.IGNORECASE,
    ),
}
_FORMULA: Final = re.compile(r"(?==\S|[+@-][\w(\"'=])")


def guarded(text: str, dangers: frozenset[Danger], *, at_start: bool) -> str:
    """One line's text with guards; ``at_start`` where the line begins with it."""
    text = text.replace(GUARD, GUARD * 2)
    for danger, patterns in _AT.items():
        if danger in dangers:
            for pattern in patterns:
                text = pattern.sub(_after, text)
    if not at_start:
        return text
    for danger, pattern in _AT_START.items():
        if danger in dangers and (match := pattern.match(text)):
            text = _put(text, match.end(1))
    if "formulas" in dangers and _FORMULA.match(text):
        text = _put(text, 0)
    return text


def _after(match: re.Match[str]) -> str:
    following = match.string[match.end() : match.end() + 1]
    return match[0] if following == GUARD else match[0] + GUARD


def _put(text: str, at: int) -> str:
    """A guard at ``at``, but never one beside another: the way back counts them."""
    beside = text[max(0, at - 1) : at + 1]
    return text if GUARD in beside else text[:at] + GUARD + text[at:]


def unguarded(text: str) -> str:
    """The text without guards; doubled ones become one."""
    return _RUN.sub(lambda run: GUARD * (len(run[0]) // 2), text)


Parts = Callable[[str], Sequence[str | Text | Link]]
"""A text in pieces: what is no ``str`` is meant to be alive, and stays so."""


def whole(text: str) -> Sequence[str]:
    """One piece: nothing is alive."""
    return [text]


def make_inert(blocks: Blocks, dangers: frozenset[Danger], parts: Parts = whole) -> Blocks:
    """The tree with guards in every text; code does nothing by itself."""
    return tuple(_block(block, dangers, parts) for block in blocks)


def _block(block: Block, dangers: frozenset[Danger], parts: Parts) -> Block:
    match block:
        case Para(inner=inner):
            return Para(_inlines(inner, dangers, parts))
        case Heading(level=level, inner=inner):
            return Heading(level, _inlines(inner, dangers, parts))
        case CodeBlock(text=text):
            return CodeBlock(text.replace(GUARD, GUARD * 2), block.language)
        case Quote(inner=blocks):
            return Quote(make_inert(blocks, dangers, parts))
        case Items(items=items):
            return Items(tuple(make_inert(item, dangers, parts) for item in items), block.start)
        case Line():
            return block


def _inlines(
    inlines: Inlines, dangers: frozenset[Danger], parts: Parts, *, start: bool = True
) -> Inlines:
    result: list[Inline] = []
    for one in inlines:
        match one:
            case Text(text=text):
                result += _pieces(text, dangers, parts, start=start)
            case Code(text=text):
                result.append(Code(text.replace(GUARD, GUARD * 2)))
            case Strong(inner=inner):
                result.append(Strong(_inlines(inner, dangers, parts, start=start)))
            case Em(inner=inner):
                result.append(Em(_inlines(inner, dangers, parts, start=start)))
            case Link(url=url, inner=inner):
                result.append(Link(url, _inlines(inner, dangers, whole, start=start)))
            case _:
                result.append(one)
        start = isinstance(one, Break)
    return tuple(result)


def _pieces(
    text: str, dangers: frozenset[Danger], parts: Parts, *, start: bool
) -> list[Text | Link]:
    """A text's pieces with guards, texts side by side as one."""
    found = parts(text)
    result: list[Text | Link] = []
    for i, one in enumerate(found):
        if isinstance(one, str):
            # What closes or commands does so by what follows: "fixes #12".
            follows = "#" if i + 1 < len(found) else ""
            inert = guarded(one + follows, dangers, at_start=start and i == 0)
            one = Text(inert.removesuffix(follows))
        last = result[-1] if result else None
        if isinstance(last, Text) and isinstance(one, Text):
            result[-1] = Text(last.text + one.text)
        elif one != Text(""):
            result.append(one)
    return result


def without_guards(blocks: Blocks) -> Blocks:
    """The tree as its author wrote it."""
    return map_text(blocks, unguarded)


def inert_lines(text: str, dangers: frozenset[Danger], parts: Parts = whole) -> str:
    """A plain text with guards, line by line: where there is no markup, code is text too."""
    lines = (_pieces(line, dangers, parts, start=True) for line in text.split("\n"))
    return "\n".join("".join(one.text for one in line if isinstance(one, Text)) for line in lines)


#: In a title only these are obeyed: ticket tags of mail subjects, and cells of exported tables.
_TITLE: Final[frozenset[Danger]] = frozenset({"formulas"})
_SUBJECT_TAG: Final = re.compile(r"(\[[^\[\]#]{0,80}#)(?=\d+\])")


def inert_line(text: str, dangers: frozenset[Danger]) -> str:
    """A title with guards, on one line."""
    line = guarded(" ".join(text.split("\n")), dangers & _TITLE, at_start=True)
    return _SUBJECT_TAG.sub(_after, line) if "links" in dangers else line


def plain_line(text: str) -> str:
    """A title without guards, on one line."""
    return unguarded(" ".join(text.replace("\r", "").split("\n"))).strip()
