"""Reports of other programs that the smaller benchmarks read."""

from __future__ import annotations

from bench.startup import imports_after_numpy


def test_only_imports_after_numpy_count_each_with_its_own_time() -> None:
    report = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:       100 |        100 |   numpy.core\n"
        "import time:       200 |        300 | numpy\n"
        "import time:        30 |         30 |   h2corn._lib\n"
        "import time:        10 |         40 | h2corn\n"
        "a line of the program's own\n"
    )
    assert imports_after_numpy(report) == {"h2corn._lib": 30, "h2corn": 10}
