"""YAML with places, every scalar as the text that was written.

A plain YAML load turns ``NO`` into False, ``012`` into 10, ``12:30:00`` into
45000 and keeps the last of two equal keys without a word. Here the parser's
events are read one by one, without recursion: nothing is guessed, nothing can
be expanded (anchors, aliases and tags are refused), and the places tell which
scalars were quoted, so that the reader's model can give the types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import Reader

from sdsync.config.files import decode, read_text
from sdsync.config.places import Lines, Place
from sdsync.config.problems import ConfigError, KeyPath, Problem, dotted, printable

MAX_DEPTH = 32
MAX_NODES = 50_000

#: libyaml's parser is some twenty times faster; both say the same of a file.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(source: Path | str, name: str) -> tuple[Any, dict[KeyPath, Place]]:
    """Read a YAML file (a path) or text.

    Args:
        source: What to read.
        name: What problems call the file.

    Returns:
        Dicts, lists and texts, and the place of each key and list item by its
        path; ``()`` is the place of the whole. An empty file is an empty dict,
        an empty value an empty text that is not quoted.

    Raises:
        ConfigError: No YAML, a key twice, an anchor, alias or tag, more than
            one document, or too large, too deep or too many values.
    """
    if isinstance(source, Path):
        text = read_text(source, name)
    else:
        text = decode(source.encode("utf-8", "surrogatepass"), name)
    if strange := Reader.NON_PRINTABLE.search(text):
        spot = Lines(text).at(strange.start())
        told = f"the character U+{ord(strange[0]):04X}, which no text file needs"
        raise ConfigError([Problem(name, *spot, "", told)])
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        builder.problems.append(_syntax(name, error))
    except _EnoughError:
        pass
    if builder.problems:
        raise ConfigError(builder.problems)
    return builder.root, builder.places


class _EnoughError(Exception):
    """A limit was reached; the problem is noted already."""


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    path: KeyPath
    value: dict[str, Any] | list[Any]
    key: str | None = None  # the key that waits for its value
    key_at: tuple[int, int] = (1, 1)
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Builder:
    """Builds values and places from the parser's events."""

    name: str
    root: Any = field(default_factory=dict)
    places: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _stack: list[_Open] = field(default_factory=list)
    _nodes: int = 0
    _documents: int = 0

    def take(self, event: Event) -> None:
        """One event of the parser."""
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop(event, "a second document (---); a file holds one")
            case AliasEvent():
                self._stop(event, "an alias (*); write the value out")
            case ScalarEvent():
                self._scalar(event)
            case MappingStartEvent():
                self._open(event, {})
            case SequenceStartEvent():
                self._open(event, [])
            case MappingEndEvent() | SequenceEndEvent():
                self._stack.pop()
            case _:
                pass

    def _scalar(self, event: ScalarEvent) -> None:
        self._plain_node(event)
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, event)
        else:
            self._place(event, event.value, quoted=event.style is not None and event.style != "")

    def _key(self, top: _Open, event: ScalarEvent) -> None:
        key = event.value
        line, column = _spot(event)
        if key in top.lines:
            told = f"written twice, first in line {top.lines[key]}"
            where = dotted((*top.path, key))
            self.problems.append(Problem(self.name, line, column, where, told))
        top.lines.setdefault(key, line)
        top.key, top.key_at = key, (line, column)

    def _open(self, event: MappingStartEvent | SequenceStartEvent, value: Any) -> None:
        self._plain_node(event)
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._stop(event, "a mapping or list as a key; a key is text")
        if len(self._stack) >= MAX_DEPTH:
            self._stop(event, f"nested deeper than {MAX_DEPTH} levels")
        self._stack.append(_Open(self._place(event, value, quoted=None), value))

    def _place(self, event: Event, value: Any, *, quoted: bool | None) -> KeyPath:
        """Put a value where it belongs, and note its place. Returns its path."""
        spot = _spot(event)
        if not self._stack:
            self.root = value
            self.places[()] = Place(*spot, *spot, (), quoted)
            return ()
        top = self._stack[-1]
        if isinstance(top.value, list):
            path = (*top.path, len(top.value))
            self.places[path] = Place(*spot, *spot, path, quoted)
            top.value.append(value)
            return path
        assert top.key is not None, "a value of a mapping comes after its key"
        path = (*top.path, top.key)
        if path not in self.places:  # a second key is refused, the first keeps its place
            self.places[path] = Place(*top.key_at, *spot, path, quoted)
            top.value[top.key] = value
        top.key = None
        return path

    def _plain_node(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(event, f"more than {MAX_NODES:,} values")
        if event.anchor is not None:
            self._stop(event, "an anchor (&); write the value out where it is needed")
        if event.tag is not None:
            self._stop(event, "a tag (!); the mapping's own rules give the types")

    def _stop(self, event: Event, found: str) -> None:
        line, column = _spot(event)
        where = dotted(self._stack[-1].path) if self._stack else ""
        self.problems.append(Problem(self.name, line, column, where, found))
        raise _EnoughError


def _spot(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    assert mark is not None, "events of a text that is parsed have marks"
    return (mark.line + 1, mark.column + 1)


def _syntax(name: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be read as text"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem(name, line, column, "", f"not valid YAML: {printable(str(problem))}")
