"""The small keys of a rule: zone, midnight, by, allow, mentions, direction and flags."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from sdsync.config.problems import Problem, nearest_name, one_of, show
from sdsync.mappings.contract import Direction
from sdsync.mappings.files import OFF, Key, RawRule
from sdsync.mappings.lenses.tags import Separator
from sdsync.mappings.merge import listed
from sdsync.mappings.richtext.inert import ALL, Danger
from sdsync.mappings.richtext.mentions import HOLE, MentionStyle

MENTIONS: Final = 'text: "#{id}", and link: the page below the address, "issues/{id}"'
_SEPARATORS: Final[tuple[Separator, ...]] = ("comma", "space", "line", "list")


class OptionReader:
    """Reads keys of rules; ``problems`` fills on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def separator(self, raw: RawRule) -> Separator:
        """What parts tags in a text."""
        by = raw.keys.get("by")
        for known in _SEPARATORS:
            if by is None or by.value == known:
                return known
        assert by is not None
        self.word(raw, "by", by, _SEPARATORS)
        return "comma"

    def zone(self, raw: RawRule) -> ZoneInfo:
        """The time zone; UTC when none is named."""
        key = raw.keys.get("zone")
        if key is None:
            return ZoneInfo("UTC")
        if not isinstance(key.value, str) or key.value not in available_timezones():
            near = nearest_name(key.value, available_timezones())
            spot = key.spot
            self.problems.append(
                spot.problem(
                    f"fields.{raw.field}.zone",
                    show(key.value),
                    "a time zone such as Europe/Berlin",
                    near,
                )
            )
            return ZoneInfo("UTC")
        return ZoneInfo(key.value)

    def midnight(self, raw: RawRule) -> bool:
        """Whether an instant at midnight means a day."""
        key = raw.keys.get("midnight")
        if key is not None and key.value not in ("day", "instant"):
            self.word(raw, "midnight", key, ("day", "instant"))
        return key is not None and key.value == "day"

    def allow(self, raw: RawRule) -> frozenset[Danger]:
        """Dangers that the mapping lets through (law 46)."""
        key = raw.keys.get("allow")
        if key is None:
            return frozenset()
        if key.value == "all":
            return ALL
        words = listed(key.value)
        known: frozenset[Danger] = frozenset(danger for danger in ALL if danger in words)
        for word in words:
            if word not in tuple(ALL):
                near = nearest_name(word, ALL)
                expected = one_of([*sorted(ALL), "all"])
                self.problems.append(
                    key.spot.problem(f"fields.{raw.field}.allow", show(word), expected, near)
                )
        return known

    def mentions(self, raw: RawRule) -> MentionStyle | None:
        """How a text names records: ``{ text: "#{id}", link: "issues/{id}" }``."""
        key = raw.keys.get("mentions")
        if key is None or key.value == OFF:
            return None
        told = key.value if isinstance(key.value, dict) else {}
        sound = told.keys() <= {"text", "link"} and "text" in told
        for style in told.values():
            head, hole, tail = str(style).partition(HOLE)
            sound = sound and bool(head and hole) and HOLE not in tail
        if not sound:
            self.refuse(raw, "mentions", show(key.value), MENTIONS)
            return None
        return MentionStyle(**{name: str(style) for name, style in told.items()})

    def direction(self, key: Key | None, raw: RawRule) -> Direction:
        """Which way the field flows."""
        if key is None:
            return Direction.BOTH
        try:
            return Direction(key.value)
        except ValueError:
            self.word(raw, "direction", key, tuple(Direction))
            return Direction.BOTH

    def flag(self, raw: RawRule, name: str) -> bool:
        """A yes or no of the rule."""
        key = raw.keys.get(name)
        if key is not None and key.value not in ("true", "false"):
            self.word(raw, name, key, ("true", "false"))
        return key is not None and key.value == "true"

    def word(self, raw: RawRule, name: str, key: Key, words: tuple[str, ...]) -> None:
        """Refuse a word that is none of the known ones."""
        where = f"fields.{raw.field}.{name}"
        near = nearest_name(key.value, words)
        self.problems.append(key.spot.problem(where, show(key.value), one_of(words), near))

    def refuse(self, raw: RawRule, name: str | None, found: str, expected: str) -> None:
        """Refuse the value of a key, or the rule where no key is named."""
        spot = raw.keys[name].spot if name else raw.spot
        where = ".".join(["fields", raw.field, *([name] if name else [])])
        self.problems.append(spot.problem(where, found, expected))
