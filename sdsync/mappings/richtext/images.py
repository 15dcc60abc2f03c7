"""Images inside a text: files of the same record, by name.

A product shows such a file where its name stands. An image that lies elsewhere is a
link: whoever reads the text would fetch it, and tell its owner so.
"""

from __future__ import annotations

import re
from typing import Final

from sdsync.mappings.richtext.document import Image, Link, Text

#: A name that every markup can write as it is, of a kind that Redmine shows in a text.
PICTURE: Final = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}\.(?i:bmp|gif|jpe?g|jpe|png|webp)"
_PICTURE: Final = re.compile(PICTURE)


def image_of(src: str, alt: str, url: str | None) -> Image | Link | Text:
    """What an image is in a text; ``url``: its address where that may be carried across."""
    if _PICTURE.fullmatch(src):
        return Image(src, "" if alt == src else alt)
    if url:
        return Link(url, (Text(alt if alt.strip() else url),))
    return Text(alt if alt.strip() or set(src) & set(":/") else src)  # a file's name, at least
