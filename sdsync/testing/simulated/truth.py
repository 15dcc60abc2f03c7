"""Tokens in what people write, by which the proof knows copies from originals.

Every text that simulated people write bears one, so a copy made by anybody, by
whatever way, still tells whose copy it is.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(r"\[\[([a-z]\d+(?:v\d+)?)\]\]")


def token(letter: str, number: int, version: int = 0) -> str:
    """The token of a person's ``number``-th text; an edit of a note is a new version."""
    return f"[[{letter}{number}{f'v{version}' if version else ''}]]"


def truth_of(text: object, otherwise: str) -> str:
    """What the text is a copy of; ``otherwise`` when it bears no token."""
    found = _TOKEN.search(text) if isinstance(text, str) else None
    return found.group(1) if found else otherwise
