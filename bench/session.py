"""One run of a benchmark program: its options, its rounds, and what it prints and writes at the end."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.cases import Case
from bench.contenders import Contender
from bench.loads import missing
from bench.machine import CLIENT_CORE, facts
from bench.ours import INLINE, TWO_WORKERS
from bench.report import Results, as_json, legend, page, told
from bench.rounds import Failure, Result, Run
from rig.iris import ROOT

RESULTS = ROOT / "bench/results"


def options(about: str) -> argparse.ArgumentParser:
    """What the benchmarks of this folder take."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seconds", type=int, default=2, help="length of each measurement, whole seconds (2)")
    parser.add_argument("--rounds", type=int, default=3, help="how often all is measured (3)")
    parser.add_argument("--only", default="", metavar="TEXT", help="measure only cases whose title holds this text")
    parser.add_argument("--write", metavar="NAME", help="write bench/results/NAME.md and NAME.json too")
    return parser


def lacks() -> str:
    """What keeps this machine from being measured; empty where nothing does."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return "the server and the load need a core each, on Linux"
    return "; ".join(missing("taskset", "wrk", "h2load"))


def measure(
    given: argparse.Namespace,
    cases: Sequence[Case],
    contenders: Sequence[Contender],
    models: Path,
    failed: Sequence[Failure] = (),
) -> int:
    """Runs all rounds, prints the tables, and writes them where that is asked for.

    Args:
        given: What `options` parsed.
        cases: What is measured.
        contenders: Who is measured.
        models: The folder of models that this interpreter can load.
        failed: Who can't be measured, and why.

    Returns:
        1 when something could not be measured, else 0.
    """
    os.sched_setaffinity(0, {CLIENT_CORE})
    cases = [case for case in cases if given.only in case.title]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="modelwrap-bench-") as folder:
        run = Run(cases, contenders, Path(folder), models, given.seconds, say)
        found = [result for number in range(given.rounds) for result in _round(run, number + 1, given.rounds)]
    results = Results([*failed, *found], [contender.name for contender in contenders])
    _show(results, cases, given)
    print(f"\n{time.monotonic() - began:.0f} s in all")
    return 1 if results.failures else 0


def _round(run: Run, number: int, rounds: int) -> list[Result]:
    say(f"round {number} of {rounds}")
    return list(run.round())


def _show(results: Results, cases: Sequence[Case], given: argparse.Namespace) -> None:
    tables = list(results.tables(cases, lambda case: TWO_WORKERS if case.two_cores else INLINE))
    note, machine = legend(given.seconds, given.rounds), facts()
    print("\n\n".join([", ".join(f"{name} {value}" for name, value in machine.items()), *map(str, tables), note]))
    for failure in results.failures:
        print(told(failure), file=sys.stderr)
    if given.write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{given.write}.md").write_text(page(tables, machine, results.failures, note), encoding="utf-8")
        (RESULTS / f"{given.write}.json").write_text(as_json(results, machine), encoding="utf-8")


def say(text: str) -> None:
    """Tells how it goes, beside the tables."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
