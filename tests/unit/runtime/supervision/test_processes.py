"""What workers inherit, and how an end is told."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from modelwrap.runtime.supervision.processes import Berth, how_it_ended, reap, resident_bytes


@pytest.mark.parametrize("berth", [Berth(0, 5, (7,), ((3,),)), Berth(12, 5, (7, 8, 9), ((3, 4), (10, 11)))])
def test_a_berth_survives_being_a_word(berth: Berth) -> None:
    assert Berth.parse(str(berth)) == berth


@pytest.mark.parametrize("word", ["", "1", "a:b:c:d", "1:2:3"])
def test_a_word_that_is_no_berth_is_refused(word: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - no user writes such a word
        Berth.parse(word)


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exited with status 0"), (3, "exited with status 3"), (-9, "was killed by SIGKILL"), (-64, "was killed by ")],
)
def test_an_end_is_told_in_words(status: int, words: str) -> None:
    assert how_it_ended(status).startswith(words)


def test_every_child_that_died_is_reaped_with_its_status() -> None:
    children = [subprocess.Popen([sys.executable, "-c", f"raise SystemExit({status})"]) for status in (0, 4)]
    for child in children:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    reaped = dict(reap())
    assert [reaped[child.pid] for child in children] == [0, 4]
    for child in children:
        child.returncode = reaped[child.pid]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_told_in_bytes() -> None:
    assert 5e6 < resident_bytes() < 5e9
    assert resident_bytes(999_999_999) == 0
