"""Law 50: no secret in logs, wherever it stands in a line."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
from pathlib import Path

import pytest
import structlog

from sdsync.server.logs import HIDDEN, SILENT, Scrubber, configure

SECRET = "s3cr3t/canary+value"


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    configure("debug", scrubber=Scrubber([SECRET]), stream=stream)
    return stream


def test_a_line_is_json_with_time_and_level(out: io.StringIO) -> None:
    structlog.get_logger().info("lane.rung", lane="desk", count=3)

    line = json.loads(out.getvalue())
    assert line["event"] == "lane.rung"
    assert (line["level"], line["lane"], line["count"]) == ("info", "desk", 3)
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "fields",
    [
        {"detail": f"GET /?key={SECRET} failed"},
        {"detail": "s3cr3t%2Fcanary%2Bvalue"},
        {"detail": base64.b64encode(SECRET.encode()).decode()},
        {"nested": {"list": [1, [{"deep": (SECRET,)}]]}},
        {SECRET: 1},
        {"url": f"https://user:{SECRET}@rt.example.org/"},
        {"error": ValueError(SECRET)},
        {"url": "https://user:other-password@rt.example.org/"},
        {"token": "another one"},
        {"headers": {"Authorization": "Basic other-password"}},
        {"x_api_key": "another one", "Set-Cookie": "other-password"},
    ],
)
def test_law_50_no_secret_in_any_field(out: io.StringIO, fields: dict[str, object]) -> None:
    structlog.get_logger().warning("system.refused", **fields)

    text = out.getvalue()
    for canary in (SECRET, "s3cr3t", "another one", "other-password", "czNjcjN0"):
        assert canary not in text
    assert HIDDEN in text


def test_no_secret_in_a_traceback(out: io.StringIO) -> None:
    try:
        _connect(f"https://u:{SECRET}@host")
    except RuntimeError:
        structlog.get_logger().exception("lane.failed")

    assert "RuntimeError" in out.getvalue()
    assert SECRET not in out.getvalue()


def test_lines_of_libraries_take_the_same_way(out: io.StringIO) -> None:
    logging.getLogger("sqlalchemy.pool").warning("lost %s", SECRET)

    line = json.loads(out.getvalue())
    assert line["said"] == f"lost {HIDDEN}"
    assert line["logger"] == "sqlalchemy.pool"


@pytest.mark.parametrize("name", SILENT)
def test_libraries_that_log_addresses_are_silent(out: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("HTTP Request: GET https://x/?api_key=unknown")

    assert out.getvalue() == ""


def test_a_line_for_a_terminal_drives_none() -> None:
    stream = io.StringIO()
    configure("info", scrubber=Scrubber(), json=False, stream=stream)

    structlog.get_logger().info("said\x1b[2J", text="a\u202eb\x1b]0;owned\x07", more="x\r\nforged")

    assert all(one.isprintable() for one in stream.getvalue().rstrip("\n"))


def test_a_renewed_secret_is_learnt(out: io.StringIO) -> None:
    scrubber = Scrubber()
    scrubber.learn("brand-new-secret")

    assert scrubber.text("is brand-new-secret") == f"is {HIDDEN}"
    assert scrubber.text("is SECRET") == "is SECRET"


def test_a_value_of_one_letter_does_not_black_out_the_log() -> None:
    assert Scrubber(["a"]).text("a banana") == "a banana"


def _connect(url: str) -> None:
    raise RuntimeError(f"connect to {url} failed")


class Disk(io.StringIO):
    """A stream that can be full, or closed by who read it."""

    refuses: Exception | None = None

    def write(self, text: str) -> int:
        if self.refuses is not None:
            raise self.refuses
        return super().write(text)


@pytest.mark.parametrize("refusal", [OSError(28, "full"), BrokenPipeError(), ValueError("closed")])
@pytest.mark.usefixtures("out")  # it puts the logging of the tests back
def test_lines_that_cannot_be_written_are_counted_and_raise_nothing(refusal: Exception) -> None:
    disk = Disk()
    configure("info", scrubber=Scrubber(), stream=disk)
    disk.refuses = refusal
    structlog.get_logger().info("lane.rung")
    logging.getLogger("sqlalchemy.pool").warning("lost a connection")
    disk.refuses = None

    structlog.get_logger().info("lane.recovered")
    structlog.get_logger().info("lane.rung")

    lines = [json.loads(line) for line in disk.getvalue().splitlines()]
    assert [one["event"] for one in lines] == ["log.resumed", "lane.recovered", "lane.rung"]
    assert (lines[0]["lost_lines"], lines[0]["level"]) == (2, "warning")


@pytest.mark.usefixtures("out")
def test_a_line_cut_by_a_full_disk_ends_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, write = [10], os.write

    def in_room(number: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        written = write(number, data[: room[0]])
        room[0] -= written
        return written

    with (tmp_path / "log").open("w+") as file:
        configure("info", scrubber=Scrubber(), stream=file)
        monkeypatch.setattr("os.write", in_room)
        structlog.get_logger().info("lane.rung")
        structlog.get_logger().info("lane.rung")
        room[0] = 10_000
        structlog.get_logger().info("lane.recovered")
        monkeypatch.undo()

    cut, *lines = (tmp_path / "log").read_text().splitlines()
    assert len(cut) == 10
    assert [json.loads(one)["event"] for one in lines] == ["log.resumed", "lane.recovered"]
    assert json.loads(lines[0])["lost_lines"] == 2


@pytest.mark.usefixtures("out")
def test_a_closed_stream_ends_nobody(tmp_path: Path) -> None:
    file = (tmp_path / "log").open("w")
    configure("info", scrubber=Scrubber(), stream=file)
    file.close()

    structlog.get_logger().error("lane.failed")


@pytest.mark.parametrize("odd", ["desk#\udcff", 2**70])
def test_a_value_that_is_no_json_is_logged_all_the_same(out: io.StringIO, odd: str | int) -> None:
    structlog.get_logger().info("lane.rung", record=odd)

    assert json.loads(out.getvalue())["record"] == odd
