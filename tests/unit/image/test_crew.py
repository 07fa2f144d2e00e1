"""Processes that work beside a command: what they are given and give back, and that none of them outlives it.

A crew is gathered before there are threads, so each test has a program of its own.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PATIENCE = 60.0
PROLOGUE = """
import os, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from modelwrap.errors import DamagedBlob, ImageError
from modelwrap.image.crew import gathering
from modelwrap.image.loose_ends import tie_up

def number(given, ask):
    return os.getpid()

def double(given, ask):
    return 2 * given

def refuse(given, ask):
    raise DamagedBlob(f"{given} is damaged")

def stumble(given, ask):
    return 1 / given

def add_up(given, ask):
    return sum(ask(each) for each in given)

def vanish(given, ask):
    os._exit(3)

def wait(given, ask):
    Path(given).write_text(str(os.getpid()))
    time.sleep(1000)

def wait_for(path):
    while not path.exists() or not path.read_text():
        time.sleep(0.01)

"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a crew is gathered on Linux only")


def start(program: str, *arguments: str | Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", PROLOGUE + program, *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def run(program: str, *arguments: str | Path) -> list[str]:
    """The lines that a program prints."""
    with start(program, *arguments) as process:
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return out.splitlines()


def is_gone(process: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True


def all_are_gone(*processes: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not all(map(is_gone, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_work_is_done_in_another_process_which_goes_on_to_the_next() -> None:
    ours, first, second, doubled = run(
        """
with gathering() as crew:
    print(os.getpid(), crew.do(number, None), crew.do(number, None), crew.do(double, 21), sep="\\n")
"""
    )
    assert ours != first
    assert first == second
    assert doubled == "42"


def test_as_much_is_done_at_once_as_is_wanted(tmp_path: Path) -> None:
    # Each waits for the other: they would wait for ever if one came after the other.
    program = """
def meet(given, ask):
    mine, other = map(Path, given)
    mine.write_text("here")
    wait_for(other)
    return os.getpid()

a, b = sys.argv[1:]
with gathering() as crew, ThreadPoolExecutor(2) as threads:
    print(*threads.map(lambda pair: crew.do(meet, pair), [(a, b), (b, a)]))
"""
    (line,) = run(program, tmp_path / "a", tmp_path / "b")
    assert len(set(line.split())) == 2


def test_what_goes_wrong_is_raised_where_the_work_is_wanted() -> None:
    damaged, stumbled, well = run(
        """
with gathering() as crew:
    try:
        crew.do(refuse, "it")
    except DamagedBlob as error:
        print(error.message)
    try:
        crew.do(stumble, 0)
    except ZeroDivisionError as error:
        print("in stumble" in str(error.__notes__))
    print(crew.do(double, 1))
"""
    )
    assert (damaged, stumbled, well) == ("it is damaged", "True", "2")


def test_work_may_ask_whoever_wants_it() -> None:
    assert run("with gathering() as crew: print(crew.do(add_up, [1, 2, 3], answer=lambda each: each * 10))") == ["60"]


def test_what_goes_wrong_with_an_answer_ends_the_work() -> None:
    program = """
def answer(question):
    raise ImageError(f"no answer to {question}")

with gathering() as crew:
    try:
        crew.do(add_up, [1], answer=answer)
    except ImageError as error:
        print(error.message)
    print(crew.do(double, 1))
"""
    assert run(program) == ["no answer to 1", "2"]


def test_a_process_that_is_ended_from_outside_is_told_in_words() -> None:
    program = """
with gathering() as crew:
    try:
        crew.do(vanish, None)
    except ImageError as error:
        print(error.message)
"""
    assert "ended before its work did: was there too little memory?" in run(program)[0]


def test_work_that_is_no_longer_wanted_ends(tmp_path: Path) -> None:
    program = """
path = Path(sys.argv[1])

def check():
    if path.exists() and path.read_text():
        raise ImageError("no longer wanted")

with gathering() as crew:
    try:
        crew.do(wait, path, check=check)
    except ImageError as error:
        print(error.message)
"""
    assert run(program, tmp_path / "waits") == ["no longer wanted"]
    assert all_are_gone(int((tmp_path / "waits").read_text()))


def test_tying_up_ends_all_of_them(tmp_path: Path) -> None:
    program = """
with gathering() as crew:
    threading.Thread(target=crew.do, args=(wait, sys.argv[1]), daemon=True).start()
    wait_for(Path(sys.argv[1]))
    tie_up()
    os._exit(0)
"""
    run(program, tmp_path / "waits")
    assert all_are_gone(int((tmp_path / "waits").read_text()))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_none_outlives_a_command_that_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    program = """
with gathering() as crew:
    crew.do(wait, sys.argv[1])
"""
    waits = tmp_path / "waits"
    with start(program, waits) as process:
        deadline = time.monotonic() + PATIENCE
        while not waits.exists() or not waits.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(number)
        process.wait(PATIENCE)
    assert all_are_gone(int(waits.read_text()))


def test_one_that_has_done_its_work_may_be_closed_before_the_block_ends() -> None:
    program = """
with gathering() as crew:
    worker = crew.do(number, None)
    crew.close()
    print(Path(f"/proc/{worker}").exists())
    crew.close()
    crew.kill()
"""
    assert run(program) == ["False"]


def test_there_is_none_where_threads_run() -> None:
    program = """
stop = threading.Event()
threading.Thread(target=stop.wait).start()
with gathering() as crew:
    print(crew)
stop.set()
"""
    assert run(program) == ["None"]


def test_there_is_none_where_the_ends_of_processes_are_ignored() -> None:
    # Whoever starts a command may have said so for it, as `trap "" CHLD` does.
    program = """
import signal

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
try:
    with gathering() as crew:
        if crew:
            crew.do(number, None)
finally:
    print("over", crew)
"""
    assert run(program) == ["over None"]


def test_what_they_used_counts_as_the_commands() -> None:
    program = """
def burn(given, ask):
    while time.process_time() < 0.3:
        pass

with gathering() as crew:
    crew.do(burn, None)
print(sum(os.times()[2:4]) >= 0.2)
"""
    assert run(program) == ["True"]
