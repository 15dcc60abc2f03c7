"""Tokens into a tree, by precedence (Pratt); depth is bounded.

From loose to tight: ``?:``, ``||``, ``&&``, comparisons and ``in`` (which do
not chain), ``!``, then ``.name``, ``[key]`` and ``has(x)``.
"""

from __future__ import annotations

from typing import Final

from sdsync.mappings.expressions.errors import ExpressionError
from sdsync.mappings.expressions.lexer import Token, tokens
from sdsync.mappings.expressions.nodes import (
    Choice,
    Compare,
    Has,
    Index,
    Items,
    Junction,
    Literal,
    Member,
    Name,
    Node,
    Not,
)

DEPTH: Final = 32
"""Nesting of an expression; nobody reads more."""

_POWER: Final = {"?": 1, "||": 2, "&&": 3}
_COMPARE: Final = ("==", "!=", "<", "<=", ">", ">=")
_COMPARE_POWER: Final = 4
_NOT_POWER: Final = 5


def parse(text: str) -> Node:
    """The tree of a whole expression; ExpressionError where it cannot be one."""
    parser = _Parser(text)
    node = parser.expression(0)
    if parser.token.kind != "end":
        parser.fail("an operator or the end")
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def fail(self, expected: str) -> None:
        found = f'"{self.token.value[:40]}"' if self.token.kind != "end" else "the end"
        raise ExpressionError(self._text, self.token.offset, f"found {found}, expected {expected}")

    def _next(self) -> Token:
        token = self.token
        self._at += 1
        return token

    def _expect(self, sign: str) -> Token:
        if not self.token.is_sign(sign):
            self.fail(f'"{sign}"')
        return self._next()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise ExpressionError(self._text, self.token.offset, f"nested deeper than {DEPTH}")

    def expression(self, power: int) -> Node:
        self._deeper()
        before = self._depth
        left = self._prefix()
        compared = False
        while (mine := self._infix_power()) > power:
            if mine == _COMPARE_POWER:
                if compared:
                    raise ExpressionError(
                        self._text, self.token.offset, "comparisons do not chain; join two with &&"
                    )
                compared = True
                left = self._compare(left)
            elif mine == _POWER["?"]:
                left = self._choice(left)
            else:
                left = self._junction(left)
        self._depth = before - 1
        return left

    def _infix_power(self) -> int:
        token = self.token
        if token.is_sign(*_COMPARE) or (token.kind == "name" and token.value == "in"):
            return _COMPARE_POWER
        return _POWER.get(token.value, 0) if token.kind == "sign" else 0

    def _compare(self, left: Node) -> Node:
        sign = self._next()
        return Compare(sign.value, left, self.expression(_COMPARE_POWER), sign.offset)

    def _choice(self, test: Node) -> Node:
        sign = self._next()
        yes = self.expression(0)
        self._expect(":")
        return Choice(test, yes, self.expression(0), sign.offset)

    def _junction(self, left: Node) -> Node:
        sign = self.token
        items = [left]
        while self.token.is_sign(sign.value):
            self._next()
            items.append(self.expression(_POWER[sign.value]))
        return Junction(sign.value, tuple(items), sign.offset)

    def _prefix(self) -> Node:
        if self.token.is_sign("!"):
            sign = self._next()
            return Not(self.expression(_NOT_POWER), sign.offset)
        node = self._primary()
        while self.token.is_sign(".", "["):
            self._deeper()
            node = self._postfix(node)
        return node

    def _postfix(self, of: Node) -> Node:
        sign = self._next()
        if sign.value == "[":
            key = self.expression(0)
            self._expect("]")
            return Index(of, key, sign.offset)
        if self.token.kind != "name":
            self.fail("a name")
        name = self._next()
        return Member(of, name.value, name.offset)

    def _primary(self) -> Node:
        token = self.token
        if token.is_sign("("):
            self._next()
            inner = self.expression(0)
            self._expect(")")
            return inner
        if token.is_sign("["):
            return self._items()
        if token.kind == "name" and token.value != "in":
            return self._named()
        if token.kind not in ("text", "number"):
            self.fail("a value")
        self._next()
        return Literal(_value(token), token.offset)

    def _named(self) -> Node:
        token = self._next()
        if token.value in ("true", "false"):
            return Literal(token.value == "true", token.offset)
        if not self.token.is_sign("("):
            return Name(token.value, token.offset)
        if token.value != "has":
            raise ExpressionError(
                self._text, token.offset, f'found function "{token.value}", expected has', "has"
            )
        self._next()
        inner = self.expression(0)
        self._expect(")")
        return Has(inner, token.offset)

    def _items(self) -> Node:
        start = self._next()
        items: list[Node] = []
        while not self.token.is_sign("]"):
            items.append(self.expression(0))
            if not self.token.is_sign(","):
                break
            self._next()
        self._expect("]")
        return Items(tuple(items), start.offset)


def _value(token: Token) -> str | int | float:
    if token.kind == "text":
        return token.value
    return float(token.value) if "." in token.value else int(token.value)
