"""A tree into closures, types checked on the way.

An evaluation does at most one step for each node, builds nothing larger than
the lists that the text itself holds, and touches only its environment and the
tables it was compiled with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, NoReturn

from sdsync.config.problems import nearest_name, one_of
from sdsync.mappings.contract import UNKNOWN
from sdsync.mappings.expressions import logic
from sdsync.mappings.expressions.errors import ExpressionError
from sdsync.mappings.expressions.logic import Env, Run
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
from sdsync.mappings.expressions.types import (
    ANY,
    BOOL,
    LIST,
    NUMBER,
    TEXT,
    Type,
    comparable,
    joined,
    type_of,
)
from sdsync.mappings.tables import Table, cell
from sdsync.store.records import Json

#: ``resolution`` holds the code alone; both ways to write it mean the same.
_ALIASES: Final = {"resolution.code": "resolution"}
_EXT: Final = "ext"


class Typed(NamedTuple):
    """A compiled part: its static type, and how to run it."""

    type: Type
    run: Run


class Compiler:
    """Compiles one expression. ``reads`` fills with the fields that it names."""

    def __init__(self, text: str, fields: Mapping[str, str], tables: Mapping[str, Table]) -> None:
        self._text = text
        self._fields = fields
        self._tables = tables
        self.reads: set[str] = set()

    def compile(self, node: Node) -> Typed:
        """The node's type and closure; ExpressionError where the types cannot be right."""
        match node:
            case Literal(value=value):
                return _literal(value)
            case Name() | Member():
                return self._field(node)
            case Index():
                return self._index(node)
            case Items(items=items):
                return self._list(items)
            case Has(of=of):
                return Typed(BOOL, logic.presence(self.compile(of).run))
            case Not(of=of):
                return Typed(BOOL, logic.negation(self._truth(of)))
            case Junction(sign=sign, items=items):
                return Typed(BOOL, logic.junction(sign, [self._truth(one) for one in items]))
            case Choice():
                return self._choice(node)
            case Compare():
                return self._compare(node)

    def _fail(self, node: Node, message: str, nearest: str | None = None) -> NoReturn:
        raise ExpressionError(self._text, node.offset, message, nearest)

    def _truth(self, node: Node) -> Run:
        typed = self.compile(node)
        if typed.type not in (BOOL, ANY):
            self._fail(
                node, f"found a {typed.type.name}, expected yes or no; has(…) asks for a value"
            )
        return typed.run

    def _field(self, node: Name | Member) -> Typed:
        if isinstance(node, Member) and isinstance(node.of, Index):
            return self._cell(node, node.of)
        name = _dotted(node)
        if name is None:
            self._fail(node, "only fields and rows of tables have members")
        name = _ALIASES.get(name, name)
        kind = self._fields.get(name)
        if kind is None and name.startswith(f"{_EXT}."):
            kind = "any"
        if kind is None:
            self._unknown(node, name)
        return self._read(name, kind)

    def _unknown(self, node: Node, name: str) -> NoReturn:
        if name in self._tables:
            self._fail(node, f'"{name}" is a table, expected {name}[key].column')
        near = nearest_name(name, [*self._fields, *self._tables])
        self._fail(node, f'found "{name}", which is no field or table here', near)

    def _read(self, name: str, kind: str) -> Typed:
        self.reads.add(name)
        return Typed(type_of(name, kind), lambda env: env.get(name))

    def _index(self, node: Index) -> Typed:
        of = node.of
        if isinstance(of, Name) and of.name == _EXT:
            if not isinstance(node.key, Literal) or not isinstance(node.key.value, str):
                self._fail(node.key, "found a value, expected the field's name in quotes")
            return self._read(f"{_EXT}.{node.key.value}", "any")
        message, near = "only tables have rows: TABLE[key].column", None
        if isinstance(of, Name) and of.name in self._tables:
            columns = one_of(f".{name}" for name in self._tables[of.name].columns)
            message = f"a row is no value, expected {columns} after it"
        elif isinstance(of, Name):
            near = nearest_name(of.name, self._tables)
        raise ExpressionError(self._text, node.offset, message, near)

    def _cell(self, node: Member, row: Index) -> Typed:
        if not isinstance(row.of, Name) or row.of.name not in self._tables:
            return self._index(row)  # says what is wrong with it
        table, key = self._tables[row.of.name], self.compile(row.key)
        if key.type in (LIST, BOOL):
            self._fail(row.key, f"found a {key.type.name}, expected the key of a row")
        column = node.name
        if column not in table.columns:
            near = nearest_name(column, table.columns)
            self._fail(node, f'table {row.of.name} has no column "{column}"', near)
        return Typed(TEXT, _cell_of(table, key.run, column))

    def _list(self, items: tuple[Node, ...]) -> Typed:
        typed = [self.compile(one) for one in items]
        for node, one in zip(items, typed, strict=True):
            if one.type == LIST or not comparable(typed[0].type, one.type):
                self._fail(node, f"found a {one.type.name} in a list of {typed[0].type.name}")
        runs = [one.run for one in typed]
        if all(isinstance(node, Literal) for node in items):
            fixed = [run({}) for run in runs]
            return Typed(LIST, lambda env: fixed)
        return Typed(LIST, lambda env: [run(env) for run in runs])

    def _choice(self, node: Choice) -> Typed:
        test, yes, no = self._truth(node.test), self.compile(node.yes), self.compile(node.no)
        both = joined(yes.type, no.type)
        if both is None:
            self._fail(
                node.no, f"found a {no.type.name}, expected a {yes.type.name} as before the colon"
            )
        return Typed(both, logic.choice(test, yes.run, no.run))

    def _compare(self, node: Compare) -> Typed:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.sign == "in":
            return self._membership(node, left, right)
        if not comparable(left.type, right.type):
            self._fail(
                node, f"found a {left.type.name} {node.sign} a {right.type.name}: never equal"
            )
        self._check_word(left.type, node.right)
        self._check_word(right.type, node.left)
        if node.sign in ("==", "!="):
            return Typed(BOOL, logic.equality(left.run, right.run, negated=node.sign == "!="))
        words = self._ordered(node, left.type, right.type)
        return Typed(BOOL, logic.order(node.sign, left.run, right.run, words))

    def _ordered(self, node: Compare, left: Type, right: Type) -> tuple[str, ...]:
        for one in (left, right):
            if one in (LIST, BOOL) or not one.ordered:
                self._fail(node, f"a {one.name} has no order; use == or in")
        return left.words or right.words

    def _membership(self, node: Compare, left: Typed, right: Typed) -> Typed:
        if right.type not in (LIST, ANY):
            self._fail(node.right, f"found a {right.type.name}, expected a list after in")
        if left.type == LIST:
            self._fail(node.left, "found a list before in, expected one value")
        if isinstance(node.right, Items):
            for item in node.right.items:
                # Only literals are looked at again: nested lists would double the work each level.
                if isinstance(item, Literal) and not comparable(left.type, self.compile(item).type):
                    self._fail(
                        item, f"found another kind of value than the {left.type.name} before in"
                    )
                self._check_word(left.type, item)
        return Typed(BOOL, logic.membership(left.run, right.run))

    def _check_word(self, type_: Type, node: Node) -> None:
        """A literal beside a closed vocabulary has to be one of its words."""
        if not type_.words or not isinstance(node, Literal) or node.value in (*type_.words, ""):
            return
        near = nearest_name(node.value, type_.words)
        self._fail(node, f'found "{node.value}", expected {one_of(type_.words)}', near)


def _literal(value: str | int | float | bool) -> Typed:
    kind = BOOL if isinstance(value, bool) else TEXT if isinstance(value, str) else NUMBER
    return Typed(kind, lambda env: value)


def _dotted(node: Node) -> str | None:
    parts: list[str] = []
    while isinstance(node, Member):
        parts.append(node.name)
        node = node.of
    if not isinstance(node, Name):
        return None
    return ".".join([node.name, *reversed(parts)])


def _cell_of(table: Table, key: Run, column: str) -> Run:
    def run(env: Env) -> Json:
        found = key(env)
        if found is UNKNOWN:
            return UNKNOWN
        if not isinstance(found, str | int | float):
            return None
        return cell(table, str(found), column)

    return run
