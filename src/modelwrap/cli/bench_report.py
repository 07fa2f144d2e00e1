"""How the figures of a bench are shown: a table and the advice that follows from it, or one JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence

from modelwrap.cli.load.advice import Figures, advise
from modelwrap.cli.load.measured import Measured
from modelwrap.value import by_name

__all__ = ["document", "report"]


def report(about: str, how: str, figures: Figures) -> str:
    """The table, what was left out, and what to do.

    Args:
        about: What was measured.
        how: By whom and for how long.
        figures: What came of it.
    """
    lines = [about, how, "", *_table(figures), ""]
    lines.extend(f"{variant} is not measured: {reason}" for variant, reason in figures.left_out.items())
    lines.extend(_ceilings(figures))
    lines.extend(f"- {line}" for line in advise(figures))
    return "\n".join(lines)


def _table(figures: Figures) -> list[str]:
    clients = list(next(iter(figures.measured.values())))
    heads = [f"{count} client{'s' * (count != 1)}" for count in clients]
    first = max(map(len, figures.measured))
    columns = [_cell(each[count]) for each in figures.measured.values() for count in clients]
    width = max(map(len, [*heads, *columns, _UNITS]))
    rows = [("", heads), ("", [_UNITS] * len(heads))]
    rows += [(variant, [_cell(each[count]) for count in clients]) for variant, each in figures.measured.items()]
    return ["  ".join([f"{name:<{first}}", *(f"{cell:>{width}}" for cell in cells)]) for name, cells in rows]


_UNITS = "/s    p50    p99 ms"


def _cell(measured: Measured) -> str:
    return f"{measured.rate:>9,.0f} {measured.p50:>6.3g} {measured.p99:>6.3g}"


def _ceilings(figures: Figures) -> list[str]:
    if not figures.ceilings:
        return []
    told = ", ".join(f"{rate:,.0f} /s with {count}" for count, rate in figures.ceilings.items())
    lines = [f"the client itself gets no further than {told}, where no model is called"]
    if any(map(figures.is_limited, figures.ceilings)):
        lines.append("the model is nearly as fast as that client: install wrk to see differences")
    return lines


def document(about: str, generator: str, figures: Figures) -> str:
    """All figures and the advice as JSON."""
    measured: Sequence[dict[str, object]] = [
        {"variant": variant, "clients": clients, **{name: round(value, 3) for name, value in by_name(each).items()}}
        for variant, by_clients in figures.measured.items()
        for clients, each in by_clients.items()
    ]
    content = {
        "target": about,
        "client": generator,
        "ceilings": {str(clients): round(rate, 1) for clients, rate in figures.ceilings.items()},
        "row_wise": figures.is_row_wise,
        "measured": measured,
        "left_out": figures.left_out,
        "advice": list(advise(figures)),
    }
    return json.dumps(content, indent=2)
