"""`make bench-peers`: this checkout's server and other servers of Python models, in one run, alternating.

Each peer has an environment of its own under .cache/bench, made on the first run. Each answer is checked before any
speed means anything. A peer that can't be installed or does not answer is named with the reason.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from bench import ours
from bench.cases import CASES, V2_CASES, WORKER_CASES
from bench.contenders import Contender
from bench.places import model_folder
from bench.rivals import rivals
from bench.rounds import Failure
from bench.serving import baselines
from bench.session import lacks, measure, options, say


def main() -> int:
    """Installs, measures and prints; returns 1 when something could not be measured."""
    parser = options("Measure this checkout's server beside other servers of Python models.")
    parser.add_argument(
        "--peer",
        default="",
        metavar="TEXTS",
        help="only peers whose name holds one of these texts, such as mlserver,kserve",
    )
    parser.add_argument("--install-only", action="store_true", help="make the environments and stop")
    given = parser.parse_args()
    if lack := lacks():
        print(f"bench: {lack}", file=sys.stderr)
        return 1
    found = list(rivals(say, given.peer))
    failures = [each for each in found if isinstance(each, Failure)]
    if given.install_only:
        return 1 if failures else 0
    models = model_folder("modelwrap", Path(sys.executable))
    peers = [each for each in found if isinstance(each, Contender)]
    contenders = [*baselines(), *ours.one_core(models), *ours.two_cores(models), *peers]
    return measure(given, [*CASES, *V2_CASES, *WORKER_CASES], contenders, models, failures)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
