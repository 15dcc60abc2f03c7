"""``python -m sdsync`` is ``sdsync``."""

import sys

from sdsync.cli import main

if __name__ == "__main__":
    sys.exit(main())
