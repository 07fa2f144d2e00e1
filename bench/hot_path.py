"""`make profile`: where a worker's time goes under load, by function and by part of the work.

py-spy, from an environment of its own, samples the worker from the other core while the load runs. What native code
takes counts for the Python function that called it, unless it is asked for: the engine calls Python from code that
can't be unwound, so that py-spy loses most stacks of ours where it looks for native functions too.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import ours
from bench.cases import CASES, V2_CASES, Case
from bench.contenders import Contender, Running, serving
from bench.loads import LoadFailedError, Measured, load_grpc, load_rest
from bench.machine import CLIENT_CORE, pinned, thread_seconds
from bench.places import environment, model_folder
from bench.session import lacks, say
from bench.stacks import read_stacks
from rig.iris import ROOT

_RATE = 250
_SHOWN = 40


def main() -> int:
    """Profiles one case and prints the table; returns 1 when that can't be done."""
    given = _options().parse_args()
    if lack := lacks():
        print(f"profile: {lack}", file=sys.stderr)
        return 1
    case = _case(given.case)
    say("py-spy: its environment")
    spy = environment(ROOT / "bench/tools/py-spy.txt").with_name("py-spy")
    os.sched_setaffinity(0, {CLIENT_CORE})
    contender = ours.one_core(model_folder("modelwrap", Path(sys.executable)))[given.thread]
    with tempfile.TemporaryDirectory(prefix="modelwrap-profile-") as folder:
        stacks = Path(folder, "stacks")
        try:
            measured, used = _profiled(contender, case, spy, stacks, given)
        except (LoadFailedError, RuntimeError) as error:
            print(f"profile: {error}", file=sys.stderr)
            return 1
        profile = read_stacks(stacks.read_text(encoding="utf-8"))
        if given.stacks:
            Path(given.stacks).write_bytes(stacks.read_bytes())
    title = f"{contender.name}, {case.title}, {case.loads[-1]} at once"
    print(profile.table(title, given.top), "\n")
    print(profile.table_of_parts(f"{title}, by part", used.main, used.others))
    print(
        f"\n{profile.samples} samples in {given.seconds} s; {measured.rate:,.0f} answers a second beside the profiler"
    )
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Show where a worker's time goes under load.")
    parser.add_argument("--case", default="REST identity", metavar="TEXT", help="part of a case's title")
    parser.add_argument("--thread", action="store_true", help="call the model on its thread, as is the default")
    parser.add_argument("--native", action="store_true", help="functions of native code too; stacks of ours are lost")
    parser.add_argument("--seconds", type=int, default=8, help="how long (8)")
    parser.add_argument("--top", type=int, default=_SHOWN, help=f"how many functions ({_SHOWN})")
    parser.add_argument("--stacks", metavar="FILE", help="write the folded stacks, from which flame graphs are drawn")
    return parser


def _case(text: str) -> Case:
    cases = (*CASES, *V2_CASES)
    found = [case for case in cases if text in case.title]
    if not found:
        raise SystemExit(f"profile: there is no case {text!r}; there are: {'; '.join(case.title for case in cases)}")
    return found[0]


@dataclass(frozen=True, slots=True)
class Used:
    """What a worker's threads use of a core for a request, in microseconds: the first of them, and all others."""

    main: float
    others: float


def _profiled(
    contender: Contender, case: Case, spy: Path, stacks: Path, given: argparse.Namespace
) -> tuple[Measured, Used]:
    """The load beside the profiler, and what threads used in a second one without it."""
    seconds, native = given.seconds, ["--native"] if given.native else []
    with serving(contender, case, stacks.with_name("server.log")) as server:
        worker = server.family.busiest()
        words = ["record", *native, "--threads", "--format", "raw", "--rate", str(_RATE), "--output", str(stacks)]
        spying = [str(spy), *words, "--duration", str(seconds), "--pid", str(worker)]
        with _started([*pinned(CLIENT_CORE), *spying]):
            beside = _load(contender, case, server, seconds + 1)
        before = thread_seconds(worker)
        alone = _load(contender, case, server, max(1, seconds // 4))
        after = thread_seconds(worker)
    each = {thread: (after[thread] - before.get(thread, 0.0)) / alone.requests * 1e6 for thread in after}
    return beside, Used(each.pop(worker), sum(each.values()))


@contextlib.contextmanager
def _started(command: Sequence[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield
    finally:
        output, _ = process.communicate(timeout=60)
    if process.returncode != 0:
        raise RuntimeError(f"py-spy failed\n{output}")
    if lost := re.search(r"Errors: ([1-9]\d*)", output):
        say(f"py-spy could not read {lost[1]} stacks, which are missing below")


def _load(contender: Contender, case: Case, server: Running, seconds: int) -> Measured:
    protocol, load = contender.protocols[case.wire], case.loads[-1]
    message = protocol.encode(case.rows)
    if case.wire.is_rest:
        url = f"http://127.0.0.1:{server.http}{protocol.path}"
        return load_rest(url, message, load, seconds, protocol.headers_of(message))
    return load_grpc(f"http://127.0.0.1:{server.grpc}{protocol.path}", message, 0, load, seconds)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
