"""Records that a text names: ``#882`` means something in one product alone.

In the canonical form a record is named with its system, ``dev#882``: that says which
one is meant wherever it is read. A product's own way (``#882``, or the address of its
page) is read as that, and a record whose copy in the target is known is written in the
target's way. All others stay ``dev#882``, inert: their number means nothing there, or
another record (law 46). A number in code, or in the words of a link, names nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sdsync.mappings.contract import RecordNames
from sdsync.mappings.richtext.document import Blocks, Link, Text
from sdsync.mappings.richtext.inert import without_guards
from sdsync.mappings.richtext.walk import map_leaves

#: Where the number stands in a style.
HOLE: Final = "{id}"
#: What may stand before a name and after it: the same for every way to write one, so
#: that what is written as a name is read as one.
_BEFORE: Final = r"(?<![^\s(\[,;<>\"'])"
_AFTER: Final = r"(?![\w#]|[-.]\d)"
_AFTER_PAGE: Final = r"(?![\w#&?/=%-]|\.\w)"
_ID: Final = r"([1-9]\d{0,11})"
#: A note of the record, ``#882-3``: its number means something in that system alone.
_NOTE: Final = r"(-[1-9]\d{0,5})"
#: A text with more of them is a list that somebody pasted; each would be looked up.
MANY: Final = 200


@dataclass(frozen=True, slots=True)
class MentionStyle:
    """How the people of a product name a record. What is told holds ``{id}`` once.

    ``link``: a record's page, below the system's address; "" where that has no id.
    """

    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Mentions:
    """What the texts of one system name, as far as its records are known."""

    style: MentionStyle
    system: str
    names: RecordNames

    def may_name(self, text: str) -> bool:
        """Whether a text, native or canonical, can name a record: most do not."""
        signs = {"#", _head(self.style.text), _head(self._page)} - {""}
        return 0 < sum(map(text.count, signs)) <= MANY

    def read(self, blocks: Blocks) -> Blocks:
        """The canonical tree of a native one: records with their systems, no guards."""
        own = _way(self.style.text)

        def name(one: Text | Link) -> Text | Link:
            if isinstance(one, Link):
                return one
            return Text(own.sub(rf"{self.system}#\1\2", one.text))

        return self.settled(without_guards(map_leaves(self._unlinked(blocks), name)))

    def settled(self, blocks: Blocks) -> Blocks:
        """A canonical tree with each record under its one name."""

        def settle(one: Text | Link) -> Text | Link:
            return one if isinstance(one, Link) else Text(self._settled(one.text))

        return map_leaves(self._unlinked(blocks), settle)

    def parts(self, text: str, *, linked: bool) -> Sequence[str | Text | Link]:
        """A canonical text in pieces: what the target knows as a record is no ``str``.

        ``linked``: it is a link to the record's page, for a markup that makes none by itself.
        """
        pieces: list[str | Text | Link] = []
        at, rest = 0, ""
        for match in _named(self._systems).finditer(text):
            system, number, note = match.groups(default="")
            home = system == self.system
            mine = number if home else self._copy(system, number)
            if mine is not None:
                pieces += [rest + text[at : match.start()], self._shown(mine, note * home, linked)]
                rest = f" ({match[0]})" if note and not home else ""
                at = match.end()
        return [*pieces, rest + text[at:]]

    @property
    def _systems(self) -> tuple[str, ...]:
        names = {self.system, *self.names.addresses}
        return tuple(sorted(names, key=lambda name: (-len(name), name)))

    @property
    def _page(self) -> str:
        """The address of a record's page; "" where it cannot be told."""
        address = self.names.addresses.get(self.system)
        return f"{address.rstrip('/')}/{self.style.link}" if address and self.style.link else ""

    def _copy(self, system: str, number: str) -> str | None:
        return self.names.native(self.system, self.names.key(system, number))

    def _shown(self, number: str, note: str, linked: bool) -> Text | Link:
        name = Text(self.style.text.replace(HOLE, number) + note)
        page = self._page.replace(HOLE, number) if linked else ""
        return Link(page, (name,)) if page else name

    def _unlinked(self, blocks: Blocks) -> Blocks:
        """Links to pages of own records, bare or under the record's name, as names."""
        if not self._page:
            return blocks
        page, own = _page_of(self._page), _way(self.style.text)

        def name(one: Text | Link) -> Text | Link:
            if isinstance(one, Text):
                return Text(page.sub(rf"{self.system}#\1", one.text))
            shown = own.fullmatch(one.inner[0].text) if isinstance(one.inner[0], Text) else None
            there = page.fullmatch(one.url)
            if not shown or not there or len(one.inner) > 1 or shown[1] != there[1]:
                return one
            return Text(f"{self.system}#{shown[1]}{shown[2] or ''}")

        return map_leaves(blocks, name)

    def _settled(self, text: str) -> str:
        if "#" not in text:
            return text

        def meant(match: re.Match[str]) -> str:
            shown, noted = match.group(1, 2), match.group(3, 4)
            same = self.names.key(*shown) == self.names.key(*noted)
            return f"{match[3]}#{match[4]}{match[5]}" if same else match[0]

        def one_name(match: re.Match[str]) -> str:
            return match[0] if match[3] else "#".join(self.names.key(match[1], match[2]))

        text = _with_note(self._systems).sub(meant, text)
        return _named(self._systems).sub(one_name, text)


def _head(style: str) -> str:
    return style.partition(HOLE)[0]


@lru_cache(maxsize=64)
def _way(style: str) -> re.Pattern[str]:
    """A product's own way: the id, and the note."""
    head, _, tail = style.partition(HOLE)
    return re.compile(f"{_BEFORE}{re.escape(head)}{_ID}{re.escape(tail)}{_NOTE}?{_AFTER}")


@lru_cache(maxsize=64)
def _page_of(page: str) -> re.Pattern[str]:
    head, _, tail = page.partition(HOLE)
    return re.compile(f"{_BEFORE}{re.escape(head)}{_ID}{re.escape(tail)}{_AFTER_PAGE}")


@lru_cache(maxsize=64)
def _named(systems: tuple[str, ...]) -> re.Pattern[str]:
    """``dev#882-3``: the system, the id, and the note."""
    return re.compile(f"{_BEFORE}{_one_of(systems)}#{_ID}{_NOTE}?{_AFTER}")


@lru_cache(maxsize=64)
def _with_note(systems: tuple[str, ...]) -> re.Pattern[str]:
    """``desk#4711 (dev#882-3)``: how a note is shown where its record has another number."""
    one = f"{_one_of(systems)}#{_ID}"
    return re.compile(rf"{_BEFORE}{one} \({one}{_NOTE}\){_AFTER}")


def _one_of(systems: tuple[str, ...]) -> str:
    return f"({'|'.join(map(re.escape, systems))})"
