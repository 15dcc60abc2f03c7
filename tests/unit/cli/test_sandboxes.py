"""The sandboxes beside the daemon are our own, or none."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from sdsync.cli import sandboxes
from sdsync.cli.codes import CommandError
from sdsync.config.load import load_text


def test_what_answers_at_their_address_is_not_taken_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandboxes, "STOP_S", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        config = load_text(
            f"""
            [systems.desk]
            connector = "request_tracker"
            url = "http://127.0.0.1:{port}"
            [systems.dev]
            connector = "redmine"
            url = "http://127.0.0.1:1"
            """,
            whole=False,
        )

        with (
            pytest.raises(CommandError, match=f"127.0.0.1:{port} is taken") as told,
            sandboxes.running(config, tmp_path / "kept"),
        ):
            pytest.fail("they ran beside a stranger")

    assert f":{port}" in str(told.value.cure)
    assert not (tmp_path / "kept").exists()
