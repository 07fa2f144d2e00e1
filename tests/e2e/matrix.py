"""The table of every way to build, printed when the tests are done."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Matrix"]


@dataclass(slots=True)
class Matrix:
    """What the builders did: a row for each case, a column for each builder.

    Attributes:
        cells: (case, builder) -> what to show.
        notes: Further texts, by their titles.
    """

    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def record(self, case: str, builder: str, seconds: float, size: int) -> None:
        """Keeps one build's time and the bytes of its image."""
        self.cells[case, builder] = f"{seconds:.0f} s, {size / 1e6:.0f} MB"

    def table(self) -> str:
        """The whole, in columns."""
        cases, builders = dict.fromkeys(case for case, _ in self.cells), dict.fromkeys(name for _, name in self.cells)
        rows = [["built from", *builders]]
        rows += [[case, *(self.cells.get((case, name), "") for name in builders)] for case in cases]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
