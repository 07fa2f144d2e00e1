"""`make startup`: what starting costs beside the model, held against the allowances that this project sets itself.

Every figure is the median of several starts; modules are those that a worker imports after NumPy. As in an image, their
bytecode is there before the first start, even where this shell forbids Python to write any.
"""

from __future__ import annotations

import compileall
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import modelwrap
from bench import ours
from bench.cases import CASES, IDENTITY
from bench.contenders import serving
from bench.places import model_folder
from bench.report import Table
from rig.iris import MODELWRAP

_STARTS = 7
_SHOWN = 12
#: What a worker loads before it loads the model.
_WORKER = "import numpy; import modelwrap.runtime.worker"


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured, and what it may be.

    Attributes:
        name: What it is.
        value: What was measured.
        allowance: What it may be at most.
        unit: Of both.
    """

    name: str
    value: float
    allowance: float
    unit: str

    def row(self) -> list[str]:
        """For the table."""
        return [self.name, f"{self.value:.0f} {self.unit}", f"{self.allowance:g} {self.unit}", self.verdict()]

    def verdict(self) -> str:
        """Whether it keeps its allowance."""
        return "" if self.value <= self.allowance else "exceeded"


def main() -> int:
    """Prints the tables; returns 1 when an allowance is exceeded."""
    compileall.compile_dir(Path(modelwrap.__file__).parent, quiet=1)
    imports = [imports_after_numpy(_import_times()) for _ in range(_STARTS)]
    imported = statistics.median(sum(each.values()) for each in imports)
    figures = [
        Figure("import of the runtime, beyond NumPy", imported / 1e3, 120, "ms"),
        Figure("modelwrap --help", _median(_help_seconds) * 1e3, 150, "ms"),
        Figure("supervisor, resident", _supervisor_bytes() / 1e6, 40, "MB"),
    ]
    print(Table("starting", ["", "median", "allowance", ""], [figure.row() for figure in figures]))
    print(f"\n{_slowest(imports[-1])}")
    return 1 if any(figure.verdict() for figure in figures) else 0


def imports_after_numpy(report: str) -> dict[str, int]:
    """Microseconds of each module's own, of those imported after NumPy, from what `python -X importtime` writes."""
    found: dict[str, int] = {}
    for line in report.splitlines():
        cells = [cell.strip() for cell in line.removeprefix("import time:").split("|")]
        if len(cells) != 3 or not cells[0].isdecimal():
            continue
        if cells[2] == "numpy":
            found.clear()
        else:
            found[cells[2]] = int(cells[0])
    return found


def _import_times() -> str:
    command = [sys.executable, "-P", "-X", "importtime", "-c", _WORKER]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def _slowest(imports: Mapping[str, int]) -> Table:
    """The packages that take longest, those of ours apart."""
    spent: Counter[str] = Counter()
    for module, microseconds in imports.items():
        spent[module if module.startswith("modelwrap") else module.partition(".")[0]] += microseconds
    rows = [[name, f"{microseconds / 1e3:.1f}"] for name, microseconds in spent.most_common(_SHOWN)]
    return Table("the slowest imports of the last start", ["module", "ms"], rows)


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(_STARTS))


def _help_seconds() -> float:
    began = time.perf_counter()
    subprocess.run([MODELWRAP, "--help"], check=True, capture_output=True)
    return time.perf_counter() - began


def _supervisor_bytes() -> int:
    """What the supervisor holds once it serves; none of the model is in it."""
    contender = ours.one_core(model_folder("modelwrap", Path(sys.executable)))[1]
    case = next(case for case in CASES if case.model == IDENTITY)
    with tempfile.TemporaryDirectory() as folder, serving(contender, case, Path(folder, "log")) as server:
        return server.family.memory_of_root().resident


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
