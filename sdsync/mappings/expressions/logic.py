"""Three-valued operations: what an UNKNOWN input does not decide stays UNKNOWN (law 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sdsync.mappings.contract import UNKNOWN
from sdsync.store.records import Json

Env = Mapping[str, Json]
Run = Callable[[Env], Json]


def has_value(value: Json) -> bool:
    """Whether there is a value: "", [], {} and None are none; 0 and false are values."""
    return value is not None and value not in ("", [], {}, ())


def equal(left: Json, right: Json) -> bool:
    """Equality as people mean it: an empty text is no value, true is not 1."""
    if not has_value(left) or not has_value(right):
        return has_value(left) == has_value(right)
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def junction(sign: str, runs: Sequence[Run]) -> Run:
    """``&&`` is false once one is false, ``||`` true once one is true, known or not."""
    decisive = sign == "||"

    def run(env: Env) -> Json:
        unknown = False
        for one in runs:
            value = one(env)
            if value is UNKNOWN:
                unknown = True
            elif (value is True) == decisive:
                return decisive
        return UNKNOWN if unknown else not decisive

    return run


def negation(of: Run) -> Run:
    """``!x``."""

    def run(env: Env) -> Json:
        value = of(env)
        return UNKNOWN if value is UNKNOWN else value is not True

    return run


def presence(of: Run) -> Run:
    """``has(x)``."""

    def run(env: Env) -> Json:
        value = of(env)
        return UNKNOWN if value is UNKNOWN else has_value(value)

    return run


def choice(test: Run, yes: Run, no: Run) -> Run:
    """``test ? yes : no``; an unknown test decides nothing unless both ways agree."""

    def run(env: Env) -> Json:
        decided = test(env)
        if decided is not UNKNOWN:
            return yes(env) if decided is True else no(env)
        left, right = yes(env), no(env)
        if left is UNKNOWN or right is UNKNOWN:
            return UNKNOWN
        return left if equal(left, right) else UNKNOWN

    return run


def equality(left: Run, right: Run, *, negated: bool) -> Run:
    """``==`` and ``!=``."""

    def run(env: Env) -> Json:
        a, b = left(env), right(env)
        if a is UNKNOWN or b is UNKNOWN:
            return UNKNOWN
        return equal(a, b) != negated

    return run


_ORDER: Final[Mapping[str, Callable[[int], bool]]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


def order(sign: str, left: Run, right: Run, words: Sequence[str]) -> Run:
    """``<`` and its kin; false when one side is empty. ``words``: rank instead of alphabet."""
    holds = _ORDER[sign]
    rank = {word: at for at, word in enumerate(words)}

    def run(env: Env) -> Json:
        a, b = left(env), right(env)
        if a is UNKNOWN or b is UNKNOWN:
            return UNKNOWN
        if rank:
            a, b = rank.get(str(a)), rank.get(str(b))
        sign_of = _compare(a, b)
        return sign_of is not None and holds(sign_of)

    return run


def _compare(a: Json, b: Json) -> int | None:
    if isinstance(a, bool) or isinstance(b, bool):
        return None
    if isinstance(a, str) and isinstance(b, str) and a and b:
        return (a > b) - (a < b)
    if isinstance(a, int | float) and isinstance(b, int | float):
        return (a > b) - (a < b)
    return None


def membership(item: Run, of: Run) -> Run:
    """``in``: true as soon as one known element is equal; nothing is in an empty list."""

    def run(env: Env) -> Json:
        wanted, items = item(env), of(env)
        if items is UNKNOWN:
            return UNKNOWN
        if not isinstance(items, list | tuple) or not items:
            return False
        if wanted is UNKNOWN:
            return UNKNOWN
        if any(one is not UNKNOWN and equal(wanted, one) for one in items):
            return True
        return UNKNOWN if any(one is UNKNOWN for one in items) else False

    return run
