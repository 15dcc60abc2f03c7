"""Settings and mappings read anew while a daemon runs: all of it is right, or it runs on."""

from __future__ import annotations

from sdsync.config.load import load, missing_secrets
from sdsync.config.model import Config
from sdsync.config.problems import ConfigError, render
from sdsync.sync.assemble import compile_all

#: What the process holds for as long as it lives.
FIXED = ("store", "broker", "server")


class NotReloadedError(Exception):
    """The files cannot take the place of those in force; the text says why and what to do."""


def read_anew(before: Config) -> Config:
    """The settings of the same file as it is now, with mappings and secrets that are there.

    Raises:
        NotReloadedError: Something is wrong, or would need another process.
    """
    try:
        config = load(before.path)
        compile_all(config)
    except ConfigError as error:
        raise NotReloadedError(str(error)) from None
    if problems := missing_secrets(config):
        raise NotReloadedError(render(problems))
    fixed = [name for name in FIXED if getattr(config, name) != getattr(before, name)]
    if fixed:
        raise NotReloadedError(f"{', '.join(fixed)} changed, which needs a restart of sdsync")
    return config
