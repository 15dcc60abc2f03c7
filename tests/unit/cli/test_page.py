"""No line of a screen does more than to be read, whoever wrote what stands in it."""

from __future__ import annotations

from sdsync.cli.page import Cell, Column, cure, ends, line, plain, table, wrapped

HOSTILE = "a\x1b[2J\r\n\u202eb\u2066\u200b\x9bc [bold]d[/bold]"


def test_no_line_drives_a_terminal_or_forges_another() -> None:
    made = [
        line(HOSTILE, (HOSTILE, "bold"), Cell(HOSTILE)),
        ends(line("left"), HOSTILE, 200),
        *wrapped(line("left "), HOSTILE, HOSTILE, width=200),
        *table([Column("A")], [[HOSTILE]]),
        cure(HOSTILE),
    ]

    assert all(one.plain.isprintable() for one in made)
    assert len(plain(made).splitlines()) == len(made)
    assert "\\u202eb\\u2066" in made[0].plain
    assert "[bold]d[/bold]" in made[0].plain
