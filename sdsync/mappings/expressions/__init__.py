"""The little language of ``take``, ``put`` and ``entering``.

Without loops, calls and patterns, so that its cost is bounded by its text:
``severity in ["critical", "high"] && !("noise" in tags)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sdsync.mappings.contract import UNKNOWN, Unknown
from sdsync.mappings.expressions.compiler import Compiler
from sdsync.mappings.expressions.errors import ExpressionError
from sdsync.mappings.expressions.logic import Run
from sdsync.mappings.expressions.parser import parse
from sdsync.mappings.tables import Table
from sdsync.store.records import Json

__all__ = ["MARK", "Expression", "ExpressionError", "compile_expression", "compile_template"]

#: What makes a configured value an expression: ``= customers[tenant].queue``.
MARK: Final = "="


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. ``type`` is what messages call its value."""

    text: str
    reads: frozenset[str]
    type: str
    _run: Run

    def value(self, env: Mapping[str, Json]) -> Json | Unknown:
        """The value for these fields; a field that is not there is empty.

        UNKNOWN when it hangs on a field whose value is UNKNOWN (law 9).
        """
        return self._run(env)

    def holds(self, env: Mapping[str, Json]) -> bool | Unknown:
        """Whether a condition is true; UNKNOWN when that cannot be told."""
        found = self._run(env)
        return UNKNOWN if found is UNKNOWN else found is True


def compile_expression(
    text: str, *, fields: Mapping[str, str], tables: Mapping[str, Table], condition: bool = False
) -> Expression:
    """Compile ``text``; ExpressionError says what is wrong, and where.

    Args:
        text: The expression, without the mark.
        fields: The names it may use and their kinds, as ``sdsync.config.vocabulary`` has them;
            ``bool`` and ``any`` are kinds here too.
        tables: The site's tables.
        condition: Whether it has to be a yes or no, as ``take`` has.
    """
    compiler = Compiler(text, fields, tables)
    typed = compiler.compile(parse(text))
    if condition and typed.type.name not in ("yes or no", "any value"):
        raise ExpressionError(text, 0, f"found a {typed.type.name}, expected a condition")
    return Expression(text, frozenset(compiler.reads), typed.type.name, typed.run)


def compile_template(
    value: Json, *, fields: Mapping[str, str], tables: Mapping[str, Table]
) -> Expression:
    """A configured value: an expression after ``=``, all else as it stands."""
    if isinstance(value, str) and value.lstrip().startswith(MARK):
        inner = value.lstrip().removeprefix(MARK)
        return compile_expression(inner.strip(), fields=fields, tables=tables)
    return Expression(str(value), frozenset(), "literal", lambda env: value)
