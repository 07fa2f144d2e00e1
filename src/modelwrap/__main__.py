"""`python -m modelwrap`: the command line, where its console script is not on PATH."""

from __future__ import annotations

import sys

from modelwrap.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
