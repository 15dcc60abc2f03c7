"""Text into tokens, by hand: no pattern of a user's is ever run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sdsync.mappings.expressions.errors import ExpressionError

LIMIT: Final = 4096
"""Characters of an expression; whoever needs more wants a table."""

TokenKind = Literal["text", "number", "name", "sign", "end"]

_SIGNS: Final = (
    "==",
    "!=",
    "<=",
    ">=",
    "&&",
    "||",
    "<",
    ">",
    "!",
    "?",
    ":",
    ".",
    ",",
    "(",
    ")",
    "[",
    "]",
)
_WRONG_SIGNS: Final = {"=": "==", "&": "&&", "|": "||"}
_ESCAPES: Final = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


@dataclass(frozen=True, slots=True)
class Token:
    """``value`` is the text of a string without its quotes, else the source."""

    kind: TokenKind
    value: str
    offset: int

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "sign" and self.value in signs


def tokens(text: str) -> list[Token]:
    """All tokens, an ``end`` last; ExpressionError at the first that is none."""
    if len(text) > LIMIT:
        raise ExpressionError(text, LIMIT, f"longer than {LIMIT} characters; use a table instead")
    found: list[Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
            continue
        token, at = _token(text, at)
        found.append(token)
    found.append(Token("end", "", len(text)))
    return found


def _token(text: str, at: int) -> tuple[Token, int]:
    char = text[at]
    if char in "\"'":
        return _string(text, at)
    if char.isascii() and (char.isalpha() or char == "_"):
        end = at
        while end < len(text) and text[end].isascii() and (text[end].isalnum() or text[end] == "_"):
            end += 1
        return Token("name", text[at:end], at), end
    if _digit(text, at) or (char == "-" and _digit(text, at + 1)):
        return _number(text, at)
    for sign in _SIGNS:
        if text.startswith(sign, at):
            return Token("sign", sign, at), at + len(sign)
    raise ExpressionError(
        text, at, f"found {char!r}, expected a value or a sign", _WRONG_SIGNS.get(char)
    )


def _digit(text: str, at: int) -> bool:
    return at < len(text) and text[at].isascii() and text[at].isdigit()


def _number(text: str, at: int) -> tuple[Token, int]:
    end = at + 1
    while _digit(text, end):
        end += 1
    if text.startswith(".", end) and _digit(text, end + 1):
        end += 1
        while _digit(text, end):
            end += 1
    if end - at > 30:
        raise ExpressionError(text, at, "found a number of more than 30 digits")
    return Token("number", text[at:end], at), end


def _string(text: str, at: int) -> tuple[Token, int]:
    quote, parts, end = text[at], [], at + 1
    while end < len(text) and text[end] != quote:
        char = text[end]
        if char == "\\":
            end += 1
            char = _ESCAPES.get(text[end : end + 1], "")
            if not char:
                raise ExpressionError(
                    text, end - 1, r"found an unknown escape, expected \n, \t, \\ or a quote"
                )
        parts.append(char)
        end += 1
    if end >= len(text):
        raise ExpressionError(text, at, f"the text that begins here has no closing {quote}")
    return Token("text", "".join(parts), at), end + 1
