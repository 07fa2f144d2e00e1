"""Every setting of the runtime, in one table.

The command line, `--help`, the reading of the environment and the reference page all come from this table. It holds
no value and reads nothing.
"""

from __future__ import annotations

from typing import Any

from modelwrap.runtime.settings.option import Group, Option
from modelwrap.runtime.settings.options import component, limits, server, state

__all__ = ["OPTIONS"]

_HEADINGS = list(Group)
_ROWS = [row for part in (component, server, limits, state) for row in vars(part).values() if isinstance(row, Option)]
#: Every setting, in the order of the reference page: heading by heading.
OPTIONS: tuple[Option[Any], ...] = tuple(sorted(_ROWS, key=lambda option: _HEADINGS.index(option.group)))
