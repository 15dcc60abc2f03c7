"""The bar of a terminal, which a pipe never sees."""

from __future__ import annotations

import io

import pytest

from sdsync.cli.progress import Bar, line_of


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_and_json_get_no_bar() -> None:
    for stream, quiet in ((io.StringIO(), False), (Terminal(), True)):
        bar = Bar(stream, quiet=quiet)
        bar.told("read", 1, 1)
        bar.clear()

        assert stream.getvalue() == ""


def test_a_terminal_gets_one_line_that_is_gone_in_the_end() -> None:
    stream = Terminal()
    bar = Bar(stream)
    bar.told("carried out", 2, 2)
    bar.clear()

    *_, last = stream.getvalue().split("\r")[:-1]
    assert "2 of 2" in stream.getvalue()
    assert "\n" not in stream.getvalue()
    assert last.strip() == ""


@pytest.mark.parametrize(("done", "of"), [(0, 7), (3, 7), (7, 7), (9, 7), (5, 0)])
def test_a_bar_never_grows_beyond_its_end(done: int, of: int) -> None:
    told = line_of("read", done, of)

    assert told.count("#") + told.count("-") in (0, 24)
    assert len(told) < 80
