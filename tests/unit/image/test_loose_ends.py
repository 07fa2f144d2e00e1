"""What is left when a build ends is ended and taken away, whoever made it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelwrap.image.loose_ends import Leash, LeashCut, run_program

PATIENCE = 100.0
#: Says that it runs, by a file, and goes on for as long as nobody ends it.
LASTING = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(1000)"


def _wait_for(path: Path) -> None:
    waiting = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if path.exists():
            return
        waiting.wait(0.02)
    raise AssertionError(path)


def test_what_a_program_writes_and_its_status_come_back(tmp_path: Path) -> None:
    program = "import os, sys; print(input(), os.getcwd(), os.environ['A']); sys.exit('bad')"
    done = run_program([sys.executable, "-c", program], {"A": "1"}, folder=tmp_path, told=b"hello\n")
    assert (done.returncode, done.stdout, done.stderr) == (1, f"hello {tmp_path} 1\n".encode(), b"bad\n")


def test_a_leash_ends_the_program_of_its_work_and_no_other(tmp_path: Path) -> None:
    def last(name: str) -> int:
        return run_program([sys.executable, "-c", LASTING, str(tmp_path / name)], os.environ).returncode

    leash, other = Leash(), Leash()
    with ThreadPoolExecutor(2) as threads:
        held, free = threads.submit(leash.hold, last, "held"), threads.submit(other.hold, last, "free")
        _wait_for(tmp_path / "held")
        _wait_for(tmp_path / "free")
        leash.end()
        assert held.result(PATIENCE) < 0
        assert not free.done()
        other.end()


def test_work_on_a_leash_that_was_cut_runs_no_program(tmp_path: Path) -> None:
    leash = Leash()
    leash.end()
    with pytest.raises(LeashCut):
        leash.hold(run_program, [sys.executable, "-c", LASTING, str(tmp_path / "run")], os.environ)
    assert not (tmp_path / "run").exists()


def test_tying_up_takes_away_all_that_is_half_made_then_and_later(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from contextlib import ExitStack\n"
        "from pathlib import Path\n"
        "from modelwrap.image.loose_ends import half_made, tie_up\n"
        "with ExitStack() as stack:\n"
        "    for path in map(Path, sys.argv[1:3]):\n"
        "        stack.enter_context(half_made(path))\n"
        "    with half_made(Path(sys.argv[3])):\n"
        "        pass\n"
        "    tie_up()\n"
        "    with half_made(Path(sys.argv[4])):\n"
        "        assert not Path(sys.argv[4]).exists()\n"
    )
    folder, file, whole, late = (tmp_path / name for name in ("folder", "file", "whole", "late"))
    folder.mkdir()
    for path in (folder / "inner", file, whole, late):
        path.touch()
    subprocess.run([sys.executable, "-c", program, folder, file, whole, late], check=True, timeout=PATIENCE)
    assert [*tmp_path.iterdir()] == [whole]
