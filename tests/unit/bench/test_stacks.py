"""Stacks of a profiler: who had the time."""

from __future__ import annotations

import pytest

from bench.stacks import part_of, read_stacks


def test_a_stack_counts_its_innermost_function_as_own_time_and_a_recursion_once() -> None:
    profile = read_stacks("run (a.py:1);walk (a.py:5);walk (a.py:7) 3\nrun (a.py:2);write (libc.so) 1\n")
    assert profile.samples == 4
    assert profile.own == {"walk (a.py)": 3, "write (libc.so)": 1}
    assert profile.total == {"run (a.py)": 4, "walk (a.py)": 3, "write (libc.so)": 1}


def test_the_table_of_a_profile_has_the_most_expensive_first() -> None:
    table = read_stacks("run (a.py:1);walk (a.py:5) 3\nrun (a.py:1) 1\n").table("case", 1)
    assert table.rows == [["walk (a.py)", "75.0%", "75.0%"]]


@pytest.mark.parametrize(
    ("frames", "part"),
    [
        (["run (asyncio/events.py)", "epoll_wait (libc.so.6)"], "system calls"),
        (["run (asyncio/events.py)", "read (modelwrap/runtime/codecs/json_text.py)", "Py_DECREF (object.h)"], "codecs"),
        (["run (asyncio/events.py)", "read (modelwrap/runtime/codecs/json_text.py)"], "codecs"),
        (
            ["_run_once (asyncio/base_events.py)", "Handle._run (asyncio/events.py)"],
            "engine, on the loop: scope, task, answer",
        ),
        (["run (asyncio/events.py)", "predict_proba (sklearn/pipeline.py)", "array (numpy/core.so)"], "model"),
        (["do (modelwrap/runtime/service.py)", "array (numpy/core.so)", "malloc (libc.so.6)"], "NumPy"),
        (["main (a.py)"], "interpreter"),
    ],
)
def test_a_stack_belongs_to_the_part_that_called_what_it_ends_with(frames: list[str], part: str) -> None:
    assert part_of(frames) == part


def test_the_parts_of_a_request_add_up_to_what_the_thread_takes() -> None:
    profile = read_stacks("run (asyncio/events.py:1) 3\nrun (asyncio/events.py:1);write (libc.so) 1\n")
    assert profile.table_of_parts("case", 20.0, 5.0).rows == [
        ["event loop", "75.0%", "15.0"],
        ["system calls", "25.0%", "5.0"],
        ["the loop's thread", "100%", "20.0"],
        ["other threads", "", "5.0"],
    ]
