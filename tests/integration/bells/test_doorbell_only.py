"""The broker carries bells: nothing of it that would hide state is in use."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import sdsync

SOURCES = sorted(Path(sdsync.__file__).parent.rglob("*.py"))
FORBIDDEN_NAMES = {
    "send_with_options", "message_with_options", "results", "rate_limits", "Results",
    "ConcurrentRateLimiter", "BucketRateLimiter", "WindowRateLimiter", "group", "pipeline",
    "GroupCallbacks", "delay", "min_backoff", "max_backoff", "retry_when", "store_results",
}  # fmt: skip


@cache
def _of_dramatiq() -> list[tuple[Path, ast.Module]]:
    texts = [(path, path.read_text("utf-8")) for path in SOURCES]
    trees = [(path, ast.parse(text)) for path, text in texts if "dramatiq" in text]
    return [(path, tree) for path, tree in trees if "dramatiq" in ast.dump(tree)]


def test_only_the_doorbell_knows_the_broker() -> None:
    users = {
        path.name
        for path, tree in _of_dramatiq()
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dramatiq"))
        or (isinstance(node, ast.Import) and any("dramatiq" in one.name for one in node.names))
    }

    assert users == {"broker.py"}


def test_no_retries_delays_results_or_rate_limits_of_the_broker() -> None:
    for path, tree in _of_dramatiq():
        if path.name != "broker.py":
            continue
        for node in ast.walk(tree):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            assert name not in FORBIDDEN_NAMES, f"{path}: {name}"
            if isinstance(node, ast.keyword):
                assert node.arg not in FORBIDDEN_NAMES, f"{path}: {node.arg}"
                if node.arg == "max_retries":
                    assert isinstance(node.value, ast.Constant)
                    assert node.value.value == 0
                if node.arg == "confirm_delivery":
                    assert isinstance(node.value, ast.Constant)
                    assert node.value.value is True


def test_every_actor_says_that_it_is_not_retried() -> None:
    actors = [
        node
        for _, tree in _of_dramatiq()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "actor"
    ]

    assert len(actors) == 1
    assert "max_retries" in {one.arg for one in actors[0].keywords}
