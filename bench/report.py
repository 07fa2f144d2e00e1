"""The tables: medians over the rounds, ratios within the run, and a mark where the machine was not ours alone."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from bench.baselines import BARE, NGINX
from bench.cases import Case
from bench.rounds import Failure, Result, Sample, Start

#: The share of a core that others may use before a row is marked.
NOISE = 0.10
_MARK = "*"
_NONE = "-"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a title.

    Attributes:
        title: What it shows.
        head: The names of its columns.
        rows: As many cells in each as there are columns.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        """For a terminal: the first column to the left, numbers to the right."""
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        lines = [self._line(row, widths) for row in (self.head, *self.rows)]
        return "\n".join([self.title, *(f"  {line}" for line in lines)])

    @staticmethod
    def _line(row: Sequence[str], widths: Sequence[int]) -> str:
        first, *others = (f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        return "  ".join([f"{row[0]:<{len(first)}}", *others])

    def markdown(self) -> str:
        """For a page."""
        rule = ["---", *["--:"] * (len(self.head) - 1)]
        lines = [f"| {' | '.join(row)} |" for row in (self.head, rule, *self.rows)]
        return "\n".join([f"### {self.title}", "", *lines])


class Results:
    """What all rounds brought.

    Args:
        results: In any order.
        names: The contenders, as tables list them; who is none of these, such as the bare call, comes before them.
    """

    def __init__(self, results: Sequence[Result], names: Sequence[str] = ()) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._samples = [each for each in results if isinstance(each, Sample)]
        self._starts = [each for each in results if isinstance(each, Start)]
        self.failures = list(dict.fromkeys(each for each in results if isinstance(each, Failure)))

    def rate(self, case: str, contender: str, load: str) -> float | None:
        """The median of good answers a second; None where there is none."""
        return _median([each.measured.rate for each in self._of(case, contender, load)])

    def _of(self, case: str, contender: str, load: str) -> list[Sample]:
        return [each for each in self._samples if (each.case, each.contender, each.load) == (case, contender, load)]

    def tables(self, cases: Sequence[Case], ours: Callable[[Case], str]) -> Iterator[Table]:
        """Yields a table for each case, and one for starts and memory.

        Args:
            cases: What was measured.
            ours: The contender that the others of a case are held against.
        """
        for case in cases:
            if any(each.case == case.title for each in self._samples):
                yield self._case(case, ours(case))
        if self._starts:
            yield self._started()

    def _case(self, case: Case, ours: str) -> Table:
        loads = [str(load) for load in case.loads]
        found = dict.fromkeys(each.contender for each in self._samples if each.case == case.title)
        names = sorted(found, key=lambda name: self._places.get(name, -1))
        wide = [heading for load in loads for heading in (f"{load}: /s", "p50 ms", "p99 ms")]
        head = ["", *wide, "cpu us", "of nginx", "of bare", f"{ours} is"]
        return Table(case.title, head, [self._row(case, name, loads, ours) for name in names])

    def _row(self, case: Case, name: str, loads: Sequence[str], ours: str) -> list[str]:
        if name == BARE:
            rate = self.rate(case.title, BARE, "")
            return [self._marked(case.title, name), *[_NONE] * (3 * len(loads) - 3), _number(rate), *[_NONE] * 6]
        cells = [cell for load in loads for cell in self._latency(self._of(case.title, name, load))]
        last = loads[-1]
        cpu = _median([each.cpu_seconds * 1e6 for each in self._of(case.title, name, last)])
        own = self.rate(case.title, name, last)
        ratios = [
            _ratio(own, self.rate(case.title, NGINX, last)),
            _ratio(own, self.rate(case.title, BARE, "")),
            _ratio(self.rate(case.title, ours, last), own, times=True),
        ]
        return [self._marked(case.title, name), *cells, _number(cpu), *ratios]

    @staticmethod
    def _latency(samples: Sequence[Sample]) -> tuple[str, str, str]:
        rate = _median([each.measured.rate for each in samples])
        p50, p99 = (_median([getattr(each.measured, name) for each in samples]) for name in ("p50", "p99"))
        return _number(rate), _number(p50), _number(p99)

    def _marked(self, case: str, name: str) -> str:
        """A name, marked where others used more than `NOISE` of a core in the median round of any load."""
        samples = [each for each in self._samples if (each.case, each.contender) == (case, name)]
        loads = {each.load for each in samples}
        noise = max(statistics.median(each.foreign for each in samples if each.load == load) for load in loads)
        return f"{name} {_MARK}{noise:.0%}" if noise > NOISE else name

    def _started(self) -> Table:
        pairs = dict.fromkeys((each.model, each.contender) for each in self._starts)
        rows = []
        for model, name in sorted(pairs):
            starts = [each for each in self._starts if (each.model, each.contender) == (model, name)]
            memory = starts[0].memory
            seconds = _median([each.seconds for each in starts])
            sizes = (_number(_median([getattr(each.memory, kind) / 1e6 for each in starts])) for kind in _SIZES)
            rows.append([f"{model.rpartition('.')[2]}, {name}", _number(seconds), *sizes, str(memory.processes)])
        return Table("start and memory", ["", "first answer s", "rss MB", "pss MB", "processes"], rows)

    def documents(self) -> list[dict[str, object]]:
        """Every result as it was measured, for a JSON file."""
        samples: list[Sample | Start] = [*self._samples, *self._starts]
        return [{"kind": type(each).__name__, **asdict(each)} for each in samples]


_SIZES = ("resident", "proportional")


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _number(value: float | None) -> str:
    """Three figures, or all of a number above a hundred."""
    if value is None:
        return _NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(one: float | None, other: float | None, *, times: bool = False) -> str:
    if one is None or other is None:
        return _NONE
    return f"{one / other:.1f}x" if times else f"{one / other:.2f}"


def legend(seconds: int, rounds: int) -> str:
    """How to read the tables."""
    return (
        f"Medians of {rounds} rounds of {seconds} s. A rate is headed by how many ask at once: connections, on gRPC "
        "connections x streams.\ncpu us: of the server's processes, for each request, at the last load; ratios are of "
        f"the last load too.\n{_MARK}N%: others used so much of a core in the median round; above {NOISE:.0%} a row is "
        "marked and not to be relied on."
    )


def page(tables: Sequence[Table], facts: Mapping[str, str], failures: Sequence[Failure], note: str) -> str:
    """All of it as Markdown."""
    lines = [", ".join(f"{name} {value}" for name, value in facts.items()), "", note, ""]
    for table in tables:
        lines.extend([table.markdown(), ""])
    lines.extend(f"- {told(failure)}" for failure in failures)
    return "\n".join(lines).rstrip() + "\n"


def told(failure: Failure) -> str:
    """A failure in one line."""
    reason = " ".join(failure.reason.split())
    return f"{failure.contender}: {failure.case} is not measured: {reason[:300]}"


def as_json(results: Results, facts: Mapping[str, str]) -> str:
    """Every figure, unrounded."""
    failures = [asdict(failure) for failure in results.failures]
    return json.dumps({"machine": facts, "results": results.documents(), "failures": failures}, indent=1) + "\n"
