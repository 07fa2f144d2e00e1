"""`make examples`: every framework's example trained, wrapped, served beside the runtime, compared and measured.

Each gets environments of its own under .cache/examples, with the newest versions that the index has. Whether other
servers could be installed beside the same framework is asked of the resolver; nothing of them is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from bench.loads import Load, LoadFailedError, load_rest
from bench.machine import SERVER_CORE, facts, pinned
from bench.report import Table
from bench.session import lacks
from rig import seldon
from rig.environments import ConflictError, installed, resolve
from rig.examples import EXAMPLES, Example, Prepared, distance, prepare, questions, reuse
from rig.iris import ROOT
from rig.processes import NotReadyError, stop
from rig.wrapped import MODEL_REQUIREMENTS, RUNTIME_REQUIREMENTS, Server, serving

CACHE = ROOT / ".cache/examples"
PAGE = ROOT / "docs/reference/frameworks.md"
#: Other servers, from the release on that is kept up; below it a resolver would find one of years ago that fits.
PEERS = {"seldon-core": "seldon-core>=1.18", "MLServer": "mlserver>=1.7"}
_CLIENTS = Load(16)
_PATIENCE = 180
_HEAD = [
    *("framework", "versions", "beside our runtime", "answers equal", "first answer s", "runtime adds MB"),
    *("requests/s", *(f"beside {name}" for name in PEERS)),
]


_Given = TypeVar("_Given")
_Done = TypeVar("_Done")


class NotEqualError(Exception):
    """The server and the class called directly do not answer alike."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What comes of installing something beside a framework.

    Attributes:
        changed: The versions that give way, by the names of their packages.
        conflict: The resolver's reason, where no versions go together; else empty.
    """

    changed: dict[str, str]
    conflict: str = ""

    def __str__(self) -> str:
        if self.conflict:
            return "no"
        return "yes" if not self.changed else "with " + ", ".join(f"{name} {to}" for name, to in self.changed.items())


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of the table, and what is to be said below it."""

    cells: Sequence[str]
    notes: Sequence[str]


def main() -> int:
    """Prints the table; returns 1 when an example did not do what it should."""
    given = _options().parse_args()
    if lack := lacks():
        print(f"examples: {lack}", file=sys.stderr)
        return 1
    chosen = [each for each in EXAMPLES if given.only.lower() in f"{each.folder} {each.framework}".lower()]
    began, failures = time.monotonic(), list[str]()
    prepared = list(_all(chosen, lambda each: _prepare(each, again=not given.kept), failures))
    if given.install_only:
        return 1 if failures else 0
    found = list(_all(prepared, lambda each: _measure(each, given.seconds), failures))
    table = Table("Every framework", _HEAD, [each.cells for each in found])
    notes = list(dict.fromkeys(note for each in found for note in each.notes))
    print("\n".join([_machine(), "", str(table), "", *notes, "", f"{time.monotonic() - began:.0f} s in all"]))
    if given.write:
        PAGE.write_text(_page(table, notes), encoding="utf-8")
    return 1 if failures else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Serve every framework's example, compare and measure.")
    parser.add_argument("--only", default="", metavar="TEXT", help="only examples whose name holds this text")
    parser.add_argument("--seconds", type=int, default=3, help="length of each measurement, whole seconds (3)")
    parser.add_argument("--install-only", action="store_true", help="make the environments, train and stop")
    parser.add_argument("--kept", action="store_true", help="take the environments of an earlier run where they are")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)} too")
    return parser


def _all(given: Iterable[_Given], do: Callable[[_Given], _Done], failures: list[str]) -> Iterator[_Done]:
    """What is done of each; who fails is named and left out."""
    for each in given:
        try:
            yield do(each)
        except (RuntimeError, OSError, NotReadyError, NotEqualError, LoadFailedError) as error:
            failures.append(str(error))
            _say(f"failed: {error}")


def _prepare(example: Example, *, again: bool) -> Prepared:
    place = CACHE / example.folder
    kept = None if again else reuse(example, place)
    if kept is None:
        _say(f"{example.folder}: environments and training")
        kept = prepare(example, place)
    _say(f"{example.folder}: {kept.told}")
    return kept


def _measure(prepared: Prepared, seconds: int) -> Measured:
    example, versions = prepared.example, prepared.versions
    ours, alone = _beside_the_runtime(prepared)
    peers = {name: _beside([line], prepared, alone) for name, line in PEERS.items()}
    _say(f"{example.folder}: serving")
    far, first, rate = _serve(prepared, seconds)
    cells = [
        example.framework,
        ", ".join(f"{name} {version}" for name, version in versions.items()),
        *(str(ours), equality(far), f"{first:.1f}", f"{_added(prepared, alone):.1f}", f"{rate:,.0f}"),
        *map(str, peers.values()),
    ]
    packages = " and ".join(versions)
    notes = [f"- {name} beside {packages}: {each.conflict}" for name, each in peers.items() if each.conflict]
    return Measured(cells, notes)


def _serve(prepared: Prepared, seconds: int) -> tuple[float, float, float]:
    """The largest difference, the seconds from the start to the first answer, and good answers a second."""
    asked = questions(prepared.example)
    expected = prepared.asked_directly(asked)
    # The first start compiles every module it imports; in an image that was done when it was built.
    with _started(prepared):
        pass
    began = time.monotonic()
    with _started(prepared) as server:
        seldon.predict_by_rest(server.http, asked["one"], seconds=_PATIENCE)
        first = time.monotonic() - began
        far = max(_distances(server, asked, expected))
        if far > prepared.example.tolerance:
            raise NotEqualError(f"answers differ by up to {far:g} from the class called directly")
        rate = load_rest(f"http://127.0.0.1:{server.http}/predict", _body(asked["one"]), _CLIENTS, seconds).rate
        if status := stop(server.process):
            raise NotReadyError(f"it ended with status {status}; {_log(prepared)} tells more")
    return far, first, rate


def _started(prepared: Prepared) -> contextlib.AbstractContextManager[Server]:
    return serving(
        prepared.python,
        prepared.wrapped,
        "--log-level=WARNING",
        log=_log(prepared),
        model=prepared.example.model,
        seconds=_PATIENCE,
        before=pinned(SERVER_CORE),
    )


def _log(prepared: Prepared) -> Path:
    return prepared.wrapped.parent / "server.log"


def _distances(server: Server, asked: dict[str, seldon.Matrix], expected: dict[str, seldon.Matrix]) -> Iterator[float]:
    for name, rows in asked.items():
        for ask, port in ((seldon.predict_by_rest, server.http), (seldon.predict_by_grpc, server.grpc)):
            yield distance(ask(port, rows, seconds=_PATIENCE)[0], expected[name])


def _body(rows: seldon.Matrix) -> bytes:
    return json.dumps({"data": {"tensor": {"shape": rows.shape, "values": rows.ravel().tolist()}}}).encode()


def equality(far: float) -> str:
    """What the table says of answers that are so far apart at most."""
    return "yes" if far == 0 else f"yes, to {np.format_float_scientific(far, precision=0, trim='-')}"


def _beside_the_runtime(prepared: Prepared) -> tuple[Beside, dict[str, str]]:
    """What comes of the runtime beside the model's requirements, and the versions of these alone."""
    alone = resolve(_lines(prepared, MODEL_REQUIREMENTS), prepared.versions)
    return _beside(_lines(prepared, RUNTIME_REQUIREMENTS), prepared, alone), alone


def _beside(lines: Iterable[str], prepared: Prepared, alone: dict[str, str]) -> Beside:
    """What comes of further requirements beside the framework's versions; all other versions may give way."""
    try:
        together = resolve([*_lines(prepared, MODEL_REQUIREMENTS), *lines], prepared.versions)
    except ConflictError as error:
        return Beside({}, str(error))
    return Beside({name: together[name] for name in alone if together.get(name, alone[name]) != alone[name]})


def _lines(prepared: Prepared, file: Path) -> list[str]:
    return (prepared.wrapped / file).read_text(encoding="utf-8").splitlines()


def _added(prepared: Prepared, alone: dict[str, str]) -> float:
    """Megabytes of packages that the model alone would not bring, and of the runtime itself."""
    packages = sum(each.size for name, each in installed(prepared.python).items() if name not in alone)
    own = sum(path.stat().st_size for path in (prepared.wrapped / "runtime").rglob("*.py"))
    return (packages + own) / 1e6


def _machine() -> str:
    known = facts()
    return ", ".join(f"{name} {known[name]}" for name in ("processor", "cores", "system", "python"))


def _page(table: Table, notes: Sequence[str]) -> str:
    return (
        "\n".join(
            [
                _INTRODUCTION,
                f"{time.strftime('%Y-%m-%d')}, {_machine()}.",
                "",
                table.markdown(),
                "",
                *_NOTES,
                "",
                *notes,
            ]
        )
        + "\n"
    )


_INTRODUCTION = f"""\
# Frameworks

Every framework's example, with the newest versions that its index had on the day of the run: trained, wrapped, served,
and held against the class called directly. `make examples ARGS=--write` makes this page; nothing in it is written by
hand. PyTorch is the newest build for the CPU that pip finds, which may be older than the newest release. How to save
and load a model of each: the how-to pages that the [index](../README.md) lists. Two of the folders are also built as
images and run as containers: scikit-learn's by `make e2e`, the guide's own with Keras by `make e2e-heavy`.

* *beside our runtime*: both lists of requirements are resolved together. `yes`: nothing of the model's gives way.
* *answers equal*: batches of 1, 5, 256 and so many rows that they hold 1.5 million numbers, over REST and gRPC. `to`
  names the largest difference, where there is one: float32 sums depend on the number of threads.
* *first answer*: from the start of the process, with one core, its modules compiled as in an image, to the first
  answer.
* *runtime adds*: what the environment holds beyond the model's own packages, and the runtime itself.
* *requests/s*: REST, one row each, {_CLIENTS} connections, the server with one core and the load with another.
* *beside* another server ({" and ".join(f"`{line}`" for line in PEERS.values())}): the same folder's requirements with
  the framework's version as it is here, resolved together with it. All other packages may give way; those that do are
  named.
"""
_NOTES = ["## What the resolver says", "", "Where other servers can't be installed beside a framework, and why:"]


def _say(text: str) -> None:
    print(f"examples: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
