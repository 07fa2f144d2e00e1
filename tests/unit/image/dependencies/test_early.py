"""What is settled for a guess is taken where the guess was right, and is nobody's business where it was wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

import pytest

from modelwrap.errors import RequirementsError
from modelwrap.image.dependencies.early import beginning_early
from modelwrap.image.loose_ends import run_program
from modelwrap.image.target import PythonTarget
from modelwrap.value import replace

REAL = PythonTarget("3.12.11", "/usr/local/bin/python3.12", libc_version=(2, 41))
RIGHT = replace(REAL, executable="")
WRONG = replace(RIGHT, libc_version=(2, 36))


class Settling:
    """Settles for every target but those it refuses, and tells for which it was asked."""

    def __init__(self, *refused: PythonTarget) -> None:
        self.asked: list[PythonTarget] = []
        self.begun = threading.Event()
        self._refused = refused

    def __call__(self, target: PythonTarget) -> str:
        self.asked.append(target)
        self.begun.set()
        if target in self._refused:
            raise RequirementsError(f"nothing fits glibc {target.libc_version}")
        return f"for {target.libc_version}"


def test_a_right_guess_is_settled_once_and_before_the_target_is_known() -> None:
    settling = Settling()
    with beginning_early(settling, RIGHT) as settled:
        assert settling.begun.wait(60)
        assert settled(REAL) == "for (2, 41)"
    assert settling.asked == [RIGHT]


@pytest.mark.parametrize("refused", [(), (WRONG,)])
def test_a_wrong_guess_does_not_show(refused: tuple[PythonTarget, ...]) -> None:
    settling = Settling(*refused)
    with beginning_early(settling, WRONG) as settled:
        assert settled(REAL) == "for (2, 41)"
    assert REAL in settling.asked


def test_what_went_wrong_for_a_right_guess_is_raised() -> None:
    with (
        beginning_early(Settling(RIGHT), RIGHT) as settled,
        pytest.raises(RequirementsError, match=r"nothing fits glibc \(2, 41\)"),
    ):
        settled(REAL)


@pytest.mark.parametrize("ends", ["by an error", "after a wrong guess"])
def test_a_resolver_that_nobody_waits_for_is_ended(ends: str, tmp_path: Path) -> None:
    """Else the block would wait for it: a thousand seconds."""
    runs = tmp_path / "runs"
    program = f"import pathlib, time; pathlib.Path({str(runs)!r}).touch(); time.sleep(1000)"

    def settle(target: PythonTarget) -> str:
        if target == REAL:
            return "anew"
        return str(run_program([sys.executable, "-c", program], os.environ).returncode)

    def fail_while_it_runs() -> None:
        with beginning_early(settle, WRONG) as settled:
            while not runs.exists():
                time.sleep(0.01)
            assert settled(REAL) == "anew"
            if ends == "by an error":
                raise RequirementsError("not to be read")

    if ends == "by an error":
        with pytest.raises(RequirementsError, match="not to be read"):
            fail_while_it_runs()
    else:
        fail_while_it_runs()


def test_nothing_begins_without_a_guess() -> None:
    settling = Settling()
    with beginning_early(settling, None) as settled:
        assert not settling.asked
        assert settled(REAL) == "for (2, 41)"
    assert settling.asked == [REAL]


#: Where Python's table of its own settings takes long to be filled, both settle at the same moment, and ask it.
ASKING_SYSCONFIG = """
import sysconfig, time
from modelwrap.image.dependencies.early import beginning_early
from modelwrap.image.target import PythonTarget

fill = sysconfig._init_posix
def fill_slowly(table):
    time.sleep(0.5)
    fill(table)
sysconfig._init_posix = fill_slowly

target = PythonTarget("3.12.11", "", libc_version=(2, 41))
with beginning_early(lambda _: sysconfig.get_config_var("EXT_SUFFIX"), target) as settled:
    time.sleep(0.1)
    print(settled(PythonTarget("3.12.11", "", libc_version=(2, 36))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the table is filled otherwise")
def test_who_settles_beside_another_finds_all_of_python_s_own_settings() -> None:
    command = [sys.executable, "-c", ASKING_SYSCONFIG]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert told == sysconfig.get_config_var("EXT_SUFFIX")
