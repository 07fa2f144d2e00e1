"""`make decoding`: how long the JSON of a large tensor takes to become an array, beside the fastest libraries."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.cases import PICTURE
from bench.machine import SERVER_CORE, pinned
from bench.places import PEERS, environment
from bench.protocols import SELDON_REST
from bench.report import Table
from bench.session import say

_SECONDS, _ROUNDS = 1.0, 5
#: How many times the fastest library's time ours may be.
ALLOWANCE = 1.3
_OURS, _FASTEST = "modelwrap", "pysimdjson"


def main() -> int:
    """Prints the table; returns 1 when ours exceeds its allowance."""
    say("pysimdjson: its environment")
    theirs = environment(PEERS / "pysimdjson.txt")
    pythons = {_OURS: Path(sys.executable), _FASTEST: theirs, "orjson, then NumPy": theirs}
    with tempfile.TemporaryDirectory(prefix="modelwrap-decoding-") as folder:
        body = Path(folder, "body.json")
        body.write_bytes(SELDON_REST.encode(PICTURE))
        rounds = [{way: _seconds(python, way, body) for way, python in pythons.items()} for _ in range(_ROUNDS)]
        title = f"{body.stat().st_size / 1e6:.1f} MB of JSON to an array of {PICTURE.size} doubles"
    rows = []
    for way in pythons:
        taken = statistics.median(each[way] for each in rounds) * 1e3
        ratio = statistics.median(each[way] / each[_FASTEST] for each in rounds)
        rows.append([way, f"{taken:.2f}", f"{ratio:.2f}"])
    print(Table(title, ["", "ms", f"of {_FASTEST}"], rows))
    return 0 if float(rows[0][2]) <= ALLOWANCE else 1


def _seconds(python: Path, way: str, body: Path) -> float:
    """The median of one second's decodings, on the server's core."""
    program = str(PEERS / "decoding_program.py")
    command = [*pinned(SERVER_CORE), str(python), program, way.partition(",")[0], str(body), str(_SECONDS)]
    result = subprocess.run(command, check=True, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    median: float = json.loads(result.stdout)[1]
    return median


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
