"""A model called in a loop, with no server: what a request may cost at best. Run as a program by the benchmark."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path

from bench.cases import CASES


def main() -> int:
    """Calls MODEL for SECONDS with the rows of its first case, and prints calls and seconds as JSON."""
    name, seconds = sys.argv[1], float(sys.argv[2])
    sys.path.insert(0, str(Path.cwd()))
    module, _, class_name = name.partition(".")
    model = getattr(importlib.import_module(module), class_name)()
    rows = next(case.rows for case in CASES if case.model == name)
    model.predict(rows, [])
    calls, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        model.predict(rows, [])
        calls += 1
    print(json.dumps([calls, passed]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
