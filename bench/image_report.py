"""What making images cost, as tables of ratios within the run, and which bars that meets."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.report import NOISE, Table

__all__ = ["ADDED", "BOTH", "CODE", "COLD", "SMALL", "UNCHANGED", "Bar", "Measured", "Row", "as_json", "bars", "tables"]

#: What the small package is; pure Python, without requirements of its own.
SMALL = "python-json-logger"
COLD, UNCHANGED, CODE, ADDED, BOTH = "cold", "nothing changed", "code only", f"+ {SMALL}", "two platforms"
STEPS = (COLD, UNCHANGED, CODE, ADDED, BOTH)
_NONE = "-"
_KILO = 1000

#: How many times our time the same by BuildKit with uv takes at least, cold: without bytecode, and with it.
_COLD_RATIO = {False: 6.0, True: 3.5}
_ADDED_RATIO = 15.0
#: Beside the wheel itself, and of an edit of the code; in bytes.
_ADDED_BYTES, _CODE_BYTES = 32 * _KILO, 10 * _KILO
_BOTH_RATIO = 2.5


@dataclass(frozen=True, slots=True)
class Measured:
    """One build and push.

    Attributes:
        seconds: From the command to its end.
        pushed: The bytes that the registry grew by.
    """

    seconds: float
    pushed: int


@dataclass(frozen=True, slots=True)
class Row:
    """What one tool was measured at.

    Attributes:
        name: The tool's.
        is_ours: Whether it is modelwrap.
        has_bytecode: Whether its image has compiled packages.
        samples: By step, in the order in which they were measured.
        foreign: The share of a core that other programs used in the moments before each step.
    """

    name: str
    is_ours: bool
    has_bytecode: bool
    samples: Mapping[str, Sequence[Measured]]
    foreign: Sequence[float] = field(default=())

    def seconds(self, step: str) -> float | None:
        """The median; None where the step was not measured."""
        found = self.samples.get(step)
        return statistics.median(each.seconds for each in found) if found else None

    def pushed(self, step: str) -> int | None:
        """The most that was pushed; None where the step was not measured."""
        found = self.samples.get(step)
        return max(each.pushed for each in found) if found else None

    @property
    def title(self) -> str:
        """Its name, marked where others used too much of the machine."""
        noise = statistics.median(self.foreign) if self.foreign else 0.0
        return f"{self.name} *{noise:.0%}" if noise > NOISE else self.name


def tables(rows: Sequence[Row]) -> Iterator[Table]:
    """Seconds with ratios, then bytes."""
    head = ["", *STEPS]
    timed = [[row.title, *(_timed(row, step, rows) for step in STEPS)] for row in rows]
    yield Table("build and push, seconds (times modelwrap's, with bytecode or without as the row)", head, timed)
    sizes = [[row.title, *(_size(row.pushed(step)) for step in STEPS)] for row in rows]
    yield Table("pushed: what the registry grew by, beside the base image", head, sizes)


def _timed(row: Row, step: str, rows: Sequence[Row]) -> str:
    seconds = row.seconds(step)
    if seconds is None:
        return _NONE
    ours = _ours(rows, has_bytecode=row.has_bytecode)
    base = None if ours is None else ours.seconds(COLD if step == BOTH else step)
    ratio = f" ({seconds / base:.1f}x)" if base and (step == BOTH or not row.is_ours) else ""
    return f"{seconds:.2f}{ratio}"


def _size(count: int | None) -> str:
    if count is None:
        return _NONE
    return f"{count / 1e6:.1f} MB" if count >= 100 * _KILO else f"{count / _KILO:.1f} kB"


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that is promised of our speed.

    Attributes:
        what: What is held to it.
        wanted: How good it must be.
        found: How good it was.
        is_met: Whether that will do.
    """

    what: str
    wanted: str
    found: str
    is_met: bool

    def __str__(self) -> str:
        return f"{'met    ' if self.is_met else 'NOT MET'}  {self.what}: {self.found} ({self.wanted})"


def bars(rows: Sequence[Row], wheel: int) -> Iterator[Bar]:
    """What was promised and measured; a bar whose rows were not measured is left out.

    Args:
        rows: All tools.
        wheel: The bytes of the small package's wheel.
    """
    for has_bytecode in (False, True):
        ours = _ours(rows, has_bytecode=has_bytecode)
        if ours is not None:
            rival = next((row for row in rows if _is_buildkit(row) and row.has_bytecode is has_bytecode), None)
            yield from _against(ours, rival) if rival else ()
            yield from _alone(ours, wheel)


def _against(ours: Row, rival: Row) -> Iterator[Bar]:
    for step, wanted in ((COLD, _COLD_RATIO[ours.has_bytecode]), (CODE, 1.0), (ADDED, _ADDED_RATIO)):
        one, other = ours.seconds(step), rival.seconds(step)
        if one and other:
            ratio = other / one
            yield Bar(
                f"{ours.name}, {step}", f"{wanted:g}x or more", f"{rival.name} takes {ratio:.1f}x", ratio >= wanted
            )


def _alone(ours: Row, wheel: int) -> Iterator[Bar]:
    for step, most in ((CODE, _CODE_BYTES), (ADDED, wheel + _ADDED_BYTES)):
        pushed = ours.pushed(step)
        if pushed is not None:
            yield Bar(f"{ours.name}, {step}", f"at most {most:,} bytes", f"{pushed:,} bytes pushed", pushed <= most)
    one, both = ours.seconds(COLD), ours.seconds(BOTH)
    if one and both:
        found = f"{both / one:.2f}x the time of one"
        yield Bar(f"{ours.name}, {BOTH}", f"at most {_BOTH_RATIO:g}x", found, both / one <= _BOTH_RATIO)


def _ours(rows: Sequence[Row], *, has_bytecode: bool) -> Row | None:
    return next((row for row in rows if row.is_ours and row.has_bytecode is has_bytecode), None)


def _is_buildkit(row: Row) -> bool:
    return row.name.startswith("BuildKit")


def as_json(rows: Sequence[Row], facts: Mapping[str, str], found: Sequence[Bar]) -> str:
    """Every figure, unrounded."""
    document = {
        "machine": dict(facts),
        "rows": [
            {
                "name": row.name,
                "bytecode": row.has_bytecode,
                "others": list(row.foreign),
                "steps": {
                    step: [{"seconds": each.seconds, "pushed": each.pushed} for each in samples]
                    for step, samples in row.samples.items()
                },
            }
            for row in rows
        ],
        "bars": [{"what": bar.what, "wanted": bar.wanted, "found": bar.found, "met": bar.is_met} for bar in found],
    }
    return json.dumps(document, indent=1) + "\n"
