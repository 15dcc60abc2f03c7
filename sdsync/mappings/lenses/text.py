"""Rich text: the product's markup as CommonMark, and back, inert (law 46)."""

from __future__ import annotations

from dataclasses import dataclass

from sdsync.mappings.contract import Viewed
from sdsync.mappings.lenses.base import Lens, Outcome, Scene, Written, as_text
from sdsync.mappings.paths import Absent
from sdsync.mappings.richtext.convert import (
    MARKUPS,
    Markup,
    clean,
    from_native,
    settled,
    to_native,
)
from sdsync.mappings.richtext.inert import ALL, Danger, inert_line, plain_line
from sdsync.mappings.richtext.mentions import Mentions, MentionStyle
from sdsync.mappings.richtext.threeway import three_way
from sdsync.store.records import Json


@dataclass(frozen=True)
class TextLens(Lens):
    """A text of several lines. Where the record tells its markup, that is read.

    The view is lossy where the markup has no word for something (a heading in
    plain text): an edit of it is merged into the whole (law 8).
    """

    markup: Markup
    allow: frozenset[Danger] = frozenset()
    mentions: MentionStyle | None = None  # None: it names no records

    def get(self, native: Json, scene: Scene) -> Viewed:
        """CommonMark in its canonical form."""
        return from_native(as_text(native), self._markup(scene), self._mentions(scene)) or None

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The product's markup; ``cut`` when it reads back as something else."""
        markup, mentions = self._markup(scene), self._mentions(scene)
        text = as_text(value)
        native = to_native(text, markup, dangers=ALL - self.allow, mentions=mentions)
        same = from_native(native, markup, mentions) == settled(text, mentions)
        cut = None if same else f"some formatting has no form in {markup}"
        return Written(native, cut, markup)

    def footprint(self, native: Json) -> Json:
        """The text; kinds of line end and space at the end are no edit."""
        return clean(as_text(native)).rstrip() or None if native is not None else None

    def carry(self, old_view: Json, new_view: Json, whole: Json) -> Json | None:
        """The edit of the view merged into the whole; None when they meet."""
        if not isinstance(old_view, str) or not isinstance(whole, str):
            return new_view
        return three_way(base=old_view, ours=whole, theirs=as_text(new_view or ""))

    def _mentions(self, scene: Scene) -> Mentions | None:
        if self.mentions is None:
            return None
        return Mentions(self.mentions, scene.system, scene.names)

    def _markup(self, scene: Scene) -> Markup:
        for markup in MARKUPS:
            if scene.format == markup:
                return markup
        return self.markup


@dataclass(frozen=True)
class LineLens(Lens):
    """A text of one line, such as a title: ends of lines become spaces."""

    allow: frozenset[Danger] = frozenset()

    def get(self, native: Json, scene: Scene) -> Viewed:
        """The line, without what made it inert."""
        return plain_line(as_text(native)) or None

    def put(self, value: Json, seen: Json | Absent, scene: Scene) -> Outcome:
        """The line, made inert."""
        return Written(inert_line(as_text(value), ALL - self.allow))
