"""``python -m tests.laws``: the same as ``python -m tests.laws.breaks``."""

from __future__ import annotations

from tests.laws.breaks.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
