"""Scripts that run as part of a product, in a process beside it: what no interface can make."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.real.conftest import Product

PATIENCE_S = 300


def perl(desk: Product, script: Path, *words: str) -> subprocess.Popen[str]:
    """Begin a script that is part of Request Tracker."""
    home = Path(desk.facts["DATA_DIR"])
    return _begin(
        ["perl", str(script), *words], home,
        RT_SITE_CONFIG=f"{home}/RT_SiteConfig.pm", RT_SITE_CONFIG_DIR=f"{home}/conf.d",
    )  # fmt: skip


def ruby(dev: Product, script: Path, *words: str) -> subprocess.Popen[str]:
    """Begin a script that is part of Redmine."""
    home = Path(dev.facts["DATA_DIR"])
    return _begin(
        ["bundle", "exec", "bin/rails", "runner", str(script), *words], home / "app",
        BUNDLE_GEMFILE=f"{home}/Gemfile", BUNDLE_APP_CONFIG=f"{home}/bundle",
        RAILS_ENV="production", SCHEMA=f"{home}/schema.rb", LANG="C.UTF-8",
        HOME_PORT=(home / "port").read_text().strip(),
    )  # fmt: skip


def end(*began: subprocess.Popen[str]) -> None:
    """Wait until all are done, and well."""
    for one in began:
        out, _ = one.communicate(timeout=PATIENCE_S)
        assert one.returncode == 0, out[-3000:]


def _begin(words: list[str], folder: Path, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words, cwd=folder, env={**os.environ, **env}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
