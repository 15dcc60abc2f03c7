"""JSON without surprises: what two readers could read differently is refused."""

from __future__ import annotations

import json
from typing import Any

import orjson

MAX_DEPTH = 64


class NotStrictJson(ValueError):  # noqa: N818 - reads as what it is
    """The text says why; it quotes nothing of the body."""


def check(body: bytes) -> None:
    """Refuse what is no JSON, is nested too deeply, or has a key twice or NaN.

    A document that one program reads as one thing and the next as another is how
    a check is passed by; so the first and the last of two equal keys are none.

    Raises:
        NotStrictJson: And why.
    """
    try:
        # First the one that cannot be driven into recursion, and that refuses bad
        # UTF-8, lone surrogates and NaN.
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NotStrictJson("the body is not JSON") from None
    if _deeper_than(value, MAX_DEPTH):
        raise NotStrictJson(f"the body is nested deeper than {MAX_DEPTH}")
    try:
        _ONCE.decode(body.decode())
    except NotStrictJson:
        raise
    except (ValueError, RecursionError):
        raise NotStrictJson("the body is not JSON") from None


def _any(_digits: str) -> None:
    """Numbers are not converted: one of a megabyte would take a minute."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise NotStrictJson("an object of the body has the same key twice")


#: Made once: :func:`json.loads` makes one for each body.
_ONCE = json.JSONDecoder(object_pairs_hook=_once, parse_int=_any, parse_float=_any)


def _deeper_than(value: object, depth: int) -> bool:
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        if not layer:
            return False
        layer = [
            inner
            for one in layer
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return bool(layer)
