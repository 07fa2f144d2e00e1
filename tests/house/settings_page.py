"""The reference page of settings, written from the runtime's own table. Run as a program, it writes the page."""

from __future__ import annotations

from typing import Any

from house.checkout import ROOT
from modelwrap.runtime.settings.arguments import shown_default, usage_name
from modelwrap.runtime.settings.option import Group, Option
from modelwrap.runtime.settings.options import OPTIONS

PAGE = ROOT / "docs/reference/settings.md"
_HEAD = """\
# Settings

What `modelwrap-runtime`, and with it every image and `modelwrap serve`, can be told. This page is written from the
runtime's own table, by `python -m house.settings_page` in `tests`.

A flag beats an environment variable, a variable beats an annotation of the pod, an annotation beats the default; the
variables of a setting are listed strongest first. One exception: `SELDON_LOG_LEVEL` beats `--log-level`. An empty
variable is as good as none. A value that can't be used ends the start with exit status 1 and one line that names the
variable, the value and what was expected.

Text for true is `true`, `1`, `t`, `yes`, `y` or `on`, text for false `false`, `0`, `f`, `no`, `n` or `off`, in any
case. The variables of earlier wrappers keep their own rule: `1`, `true` and `t` are true, every other text is false.
"""


def settings_page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(group) for group in Group)])


def _section(group: Group) -> str:
    rows = [_row(option) for option in OPTIONS if option.group is group]
    return "\n".join([f"## {group}\n", "| setting | default | what it does |", "|---|---|---|", *rows, ""])


def _row(option: Option[Any]) -> str:
    names = [f"`{usage_name(option)}`"] if option.flagged else []
    names += [f"`{variable.name}`" for variable in option.variables]
    if option.annotation is not None:
        names.append(f"annotation `{option.annotation.name}`")
    cells = (
        "<br>".join(names),
        shown_default(option),
        f"{option.help} *{option.kind.expected[:1].upper()}{option.kind.expected[1:]}.*",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(settings_page(), encoding="utf-8")
