"""`make bench`: this checkout's server beside nginx and bare calls of the model, in one run of a few minutes.

How it is measured and how to read it is told in docs/reference/benchmarks.md.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from bench import ours
from bench.baselines import nginx
from bench.cases import CASES, V2_CASES, WORKER_CASES
from bench.contenders import Contender
from bench.loads import missing
from bench.places import CACHE, model_folder
from bench.session import lacks, measure, options


def main() -> int:
    """Measures and prints; returns 1 when something could not be measured."""
    given = options("Measure this checkout's server beside nginx and bare calls of the model.").parse_args()
    if lack := lacks():
        print(f"bench: {lack}", file=sys.stderr)
        return 1
    models = model_folder("modelwrap", Path(sys.executable))
    contenders = [*baselines(), *ours.one_core(models), *ours.two_cores(models)]
    return measure(given, [*CASES, *V2_CASES, *WORKER_CASES], contenders, models)


def baselines() -> list[Contender]:
    """nginx, where it is installed."""
    if lack := missing("nginx"):
        print(f"bench: nginx's fixed answer is left out: {lack[0]}", file=sys.stderr)
        return []
    return [nginx(CACHE / "nginx")]


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
