"""The static types of expressions: what may be compared with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sdsync.config.vocabulary import CHOICES


@dataclass(frozen=True, slots=True)
class Type:
    """``name`` is what messages say. ``words``: a closed vocabulary, least first when ordered."""

    name: str
    words: tuple[str, ...] = ()
    ordered: bool = True


TEXT: Final = Type("text")
NUMBER: Final = Type("number")
BOOL: Final = Type("yes or no")
LIST: Final = Type("list")
ANY: Final = Type("any value")

_KINDS: Final[Mapping[str, Type]] = {
    "int": NUMBER,
    "number": NUMBER,
    "bool": BOOL,
    "people": LIST,
    "tags": LIST,
    "list": LIST,
    "any": ANY,
}


def type_of(field: str, kind: str) -> Type:
    """The type of a canonical field: a choice knows its words and their order."""
    words = CHOICES.get(field) if kind == "choice" else None
    if words is None:
        return _KINDS.get(kind, TEXT)
    # The vocabulary lists urgency from critical down; ``severity >= "high"`` means at least.
    least_first = tuple(reversed(words)) if words[0] == "critical" else words
    return Type(field, least_first, ordered=field != "type")


def comparable(left: Type, right: Type) -> bool:
    """Whether ``==`` between the two can ever be true."""
    return ANY in (left, right) or _plain(left) == _plain(right)


def joined(left: Type, right: Type) -> Type | None:
    """The type of a value that is one or the other; None when they do not mix."""
    if left == right:
        return left
    return (_plain(left) if left != ANY != right else ANY) if comparable(left, right) else None


def _plain(one: Type) -> Type:
    return TEXT if one.words else one
