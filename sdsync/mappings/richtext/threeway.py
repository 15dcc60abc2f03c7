"""Three-way merge of texts, by lines and, inside a changed line, by words.

Written here and not taken from a library: the one at hand (``merge3``) is under
the GPL, which an Apache-licensed program cannot build on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

#: Beyond this many pieces the comparison would be slow; then the edit is for a person.
LIMIT: Final = 4000
_WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")


def three_way(*, base: str, ours: str, theirs: str) -> str | None:
    """Both edits of ``base`` in one text; None when they touch the same place.

    Lines are merged first, then, where two edits meet in lines, words.
    """
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    by_lines = _merge(*(text.split("\n") for text in (base, ours, theirs)))
    if by_lines is not None:
        return "\n".join(by_lines)
    by_words = _merge(*(_WORDS.findall(text) for text in (base, ours, theirs)))
    return "".join(by_words) if by_words is not None else None


def _merge(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    if max(len(base), len(ours), len(theirs)) > LIMIT:
        return None
    result: list[str] = []
    at = (0, 0, 0)
    for common in _common(base, ours, theirs):
        start, ours_start, theirs_start, size = common
        chunk = _settle(base[at[0] : start], ours[at[1] : ours_start], theirs[at[2] : theirs_start])
        if chunk is None:
            return None
        result += [*chunk, *base[start : start + size]]
        at = (start + size, ours_start + size, theirs_start + size)
    return result


def _settle(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    """What stands between two common stretches; None: both changed it, and differently."""
    if ours == theirs or theirs == base:
        return [*ours]
    if ours == base:
        return [*theirs]
    added, also = _around(base, theirs), _around(base, ours)
    if added is not None and also is None:
        return [*added[0], *ours, *added[1]]
    if also is not None and added is None:
        return [*also[0], *theirs, *also[1]]
    return None


def _around(base: Sequence[str], edit: Sequence[str]) -> tuple[Sequence[str], Sequence[str]] | None:
    """What an edit only set before or after the base; None when it changed more."""
    size = len(base)
    if size and edit[:size] == base:
        return (), edit[size:]
    if size and edit[-size:] == base:
        return edit[:-size], ()
    return None


def _common(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[int, int, int, int]]:
    """Stretches that stand in all three, in order, the empty one at the end included."""
    left = SequenceMatcher(None, base, ours, autojunk=False).get_matching_blocks()
    right = SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i].a, right[j].a)
        end = min(left[i].a + left[i].size, right[j].a + right[j].size)
        if start < end:
            yield (
                start,
                left[i].b + start - left[i].a,
                right[j].b + start - right[j].a,
                end - start,
            )
        if left[i].a + left[i].size < right[j].a + right[j].size:
            i += 1
        else:
            j += 1
    yield len(base), len(ours), len(theirs), 0
