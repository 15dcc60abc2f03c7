"""The syntax tree of an expression. ``offset`` is where its text begins."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number or bool."""

    value: str | int | float | bool
    offset: int


@dataclass(frozen=True, slots=True)
class Name:
    """A field or table."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Member:
    """``of.name``."""

    of: Node
    name: str
    offset: int  # of the name


@dataclass(frozen=True, slots=True)
class Index:
    """``of[key]``."""

    of: Node
    key: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Items:
    """``[a, b]``."""

    items: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Has:
    """``has(x)``: whether there is a value."""

    of: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Not:
    """``!x``."""

    of: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Junction:
    """``a && b && c`` or ``a || b``; flat, so that a long one is not deep."""

    sign: str
    items: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Compare:
    """``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` or ``in``."""

    sign: str
    left: Node
    right: Node
    offset: int  # of the sign


@dataclass(frozen=True, slots=True)
class Choice:
    """``test ? yes : no``."""

    test: Node
    yes: Node
    no: Node
    offset: int


Node = Literal | Name | Member | Index | Items | Has | Not | Junction | Compare | Choice
