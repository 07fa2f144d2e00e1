"""Reports of other programs that the smaller benchmarks read."""

from __future__ import annotations

from bench.hot_path import read_stacks
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


def test_a_stack_counts_its_innermost_function_as_own_time_and_a_recursion_once() -> None:
    profile = read_stacks("run (a.py:1);walk (a.py:5);walk (a.py:7) 3\nrun (a.py:2);write (libc.so) 1\n")
    assert profile.samples == 4
    assert profile.own == {"walk (a.py)": 3, "write (libc.so)": 1}
    assert profile.total == {"run (a.py)": 4, "walk (a.py)": 3, "write (libc.so)": 1}


def test_the_table_of_a_profile_has_the_most_expensive_first() -> None:
    table = read_stacks("run (a.py:1);walk (a.py:5) 3\nrun (a.py:1) 1\n").table("case", 1)
    assert table.rows == [["walk (a.py)", "75.0%", "75.0%"]]
