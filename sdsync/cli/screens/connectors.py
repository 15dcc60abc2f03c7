"""``sdsync connectors`` on 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sdsync.cli.page import BAD, WIDTH, Column, Page, clean, cure, line, table

if TYPE_CHECKING:
    from sdsync.cli.looks.connectors import ConnectorLook

COLUMNS = (
    Column("CONNECTOR", give=True, least=12),
    Column("PRODUCT", give=True),
    Column("TESTED", give=True),
    Column("KINDS", give=True),
    Column("WRITES", give=True),
    Column("PUSHES"),
)


def draw(looks: Mapping[str, ConnectorLook], width: int = WIDTH) -> Page:
    """The table, where plugins come from, and what is wrong with those that cannot be used."""
    rows = [
        (
            clean(name),
            clean(one.product),
            clean(" to ".join(dict.fromkeys(one.tested))),
            ", ".join(one.record_kinds),
            "compare and set" if one.compare_and_set else "read, compare, write",
            "yes" if one.webhooks else "polled",
        )
        for name, look in looks.items()
        if (one := look.capabilities)
    ]
    page = table(COLUMNS, rows, width=width)
    for name, look in looks.items():
        if look.package is None:
            continue
        if look.problem is None:
            page.append(line(clean(f"{name} comes from {look.package}")))
            continue
        package = look.package.partition(" ")[0]
        page.append(line((clean(look.problem), BAD)))
        page.append(cure(f"pip install --upgrade {package}, or pip uninstall {package}"))
    return page
