"""Scripts that run as part of a product, in a process beside it: what no interface can make."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from sdsync.store.records import Json
from tests.real.conftest import Product

PATIENCE_S = 300
#: Thousands of records in one process.
LONG_S = 3_600


def perl(
    desk: Product, script: Path | str, *words: str, told: Sequence[Json] = ()
) -> subprocess.Popen[str]:
    """Begin a script that is part of Request Tracker, given these rows."""
    home = Path(desk.facts["DATA_DIR"])
    return _begin(
        ["perl", str(script), *words], told, home,
        RT_SITE_CONFIG=f"{home}/RT_SiteConfig.pm", RT_SITE_CONFIG_DIR=f"{home}/conf.d",
    )  # fmt: skip


def ruby(
    dev: Product, script: Path, *words: str, told: Sequence[Json] = ()
) -> subprocess.Popen[str]:
    """Begin a script that is part of Redmine, given these rows."""
    home = Path(dev.facts["DATA_DIR"])
    return _begin(
        ["bundle", "exec", "bin/rails", "runner", str(script), *words], told, home / "app",
        BUNDLE_GEMFILE=f"{home}/Gemfile", BUNDLE_APP_CONFIG=f"{home}/bundle",
        RAILS_ENV="production", SCHEMA=f"{home}/schema.rb", LANG="C.UTF-8",
        HOME_PORT=(home / "port").read_text().strip(),
    )  # fmt: skip


def end(*began: subprocess.Popen[str], within_s: float = PATIENCE_S) -> str:
    """Wait until all are done, and well; what they printed."""
    printed = ""
    for one in began:
        out, _ = one.communicate(timeout=within_s)
        assert one.returncode == 0, out[-3000:]
        printed += out
    return printed


def _begin(
    words: list[str], told: Sequence[Json], folder: Path, **env: str
) -> subprocess.Popen[str]:
    # In a file: whoever is not awaited yet may not be read from either.
    with TemporaryFile("w+", encoding="utf-8") as rows:
        rows.writelines(f"{json.dumps(one)}\n" for one in told)
        rows.seek(0)
        return subprocess.Popen(
            words, cwd=folder, env={**os.environ, **env}, text=True,
            stdin=rows, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
