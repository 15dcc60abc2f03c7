"""What pydantic refused, as problems with a place in the file and a sentence for a person."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sdsync.config.places import Places, nearest
from sdsync.config.problems import HIDDEN, KeyPath, Problem, dotted, nearest_name, one_of, show
from sdsync.config.settings import Settings
from sdsync.config.values import is_secret_name

_KINDS: Mapping[str, str] = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "list_type": "a list",
    "tuple_type": "a list",
    "date_type": "a day without quotes, such as 2030-12-31",
    "date_from_datetime_inexact": "a day without a time, such as 2030-12-31",
    "string_too_short": "some text",
    "too_short": "at least one",
}


_EXAMPLES: Mapping[str, str] = {
    "connector": 'connector = "redmine"',
    "url": 'url = "https://rt.example.org"',
}


def refusals(
    error: ValidationError,
    at: KeyPath,
    *,
    name: str,
    values: Any,
    places: Places,
    model: type[Settings],
) -> list[Problem]:
    """One problem for each thing that ``model`` refused.

    Args:
        error: What was raised.
        at: Where in the file the model's table stands.
        name: What problems call the file.
        values: What the model was given, to show what was found.
        places: Of the file.
        model: To tell what a missing key would be.
    """
    found = []
    for one in error.errors(include_input=False, include_url=False):
        loc: KeyPath = (*at, *one["loc"])
        path = nearest(loc, places)
        told, expected, near = _sentence(one, _value(values, one["loc"]), model)
        if any(isinstance(part, str) and is_secret_name(part) for part in loc):
            told = HIDDEN if expected is not None else told
            near = None
        place = places.get(path)
        line, column = _spot(one["type"], places, path)
        where = dotted(place.path if place else path)
        found.append(Problem(name, line, column, where, told, expected, near))
    return found


def _spot(kind: str, places: Places, path: KeyPath) -> tuple[int, int]:
    """A missing or unknown key is told at its table or key, a wrong value at the value."""
    place = places.get(path)
    if place is None:
        return (1, 1)
    if kind in ("missing", "extra_forbidden"):
        return (place.line, place.column)
    return (place.value_line, place.value_column)


def _sentence(
    error: ErrorDetails, value: Any, model: type[Settings]
) -> tuple[str, str | None, str | None]:
    """(found, expected, nearest name) of one error."""
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return _missing(str(error["loc"][-1]))
        case "unfit":
            shown = HIDDEN if context["hidden"] else context["found"] or show(value)
            return shown, context["expected"], None
        case "literal_error":
            words = _words(model, error["loc"])
            return show(value), one_of(f'"{word}"' for word in words), nearest_name(value, words)
        case "greater_than_equal":
            return show(value), f"at least {context['ge']}", None
        case "less_than_equal":
            return show(value), f"at most {context['le']}", None
        case "extra_forbidden":
            return "unknown key", None, None
        case kind:
            return show(value), _KINDS.get(kind, "another value"), None


def _missing(key: str) -> tuple[str, str, None]:
    return f'no "{key}"', f"one, such as {_EXAMPLES.get(key, key)}", None


def _words(model: type[Settings], loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """The words that a literal field allows, in the model's order."""
    annotation: Any = model
    for part in loc:
        annotation = _member(annotation, part)
    return _literals(annotation)


def _member(annotation: Any, part: int | str) -> Any:
    for one in _options(annotation):
        if isinstance(one, type) and issubclass(one, Settings):
            for name, field in one.model_fields.items():
                if part in (name, field.validation_alias):
                    return field.annotation
        elif get_origin(one) in (dict, list, tuple):
            return get_args(one)[-1]
    return None


def _literals(annotation: Any) -> tuple[str, ...]:
    for one in _options(annotation):
        if get_origin(one) is Literal:
            return tuple(str(word) for word in get_args(one))
    return ()


def _options(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; anything else alone."""
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _value(values: Any, loc: tuple[int | str, ...]) -> Any:
    """What was given at ``loc``; parts that pydantic made up are stepped over."""
    for part in loc:
        if isinstance(values, dict):
            values = values.get(part, values)
        elif isinstance(values, list) and isinstance(part, int):
            values = values[part]
    return values
