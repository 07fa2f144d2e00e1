"""What the user sees: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys
import threading
from typing import TextIO

from modelwrap import __version__
from modelwrap.cli.settings import wants_color

__all__ = ["bug", "error", "interrupted", "note", "result", "say", "show_cursor", "size"]

_not_told = threading.Lock()

_RED, _YELLOW, _BOLD = "31;1", "33", "1"


def result(text: str) -> None:
    """Prints what the command was asked for."""
    _print(text, sys.stdout)


def say(text: str) -> None:
    """Tells how it goes."""
    _print(text, sys.stderr)


def note(text: str) -> None:
    """Tells what the user should know, though nothing is wrong."""
    _labelled("note", text, _YELLOW)


def error(message: str) -> None:
    """Says why the command ends here: the first line what and where, the others what to do."""
    _labelled("error", message, _RED)


def interrupted() -> None:
    """Says that Ctrl-C ended the command; once, whichever thread comes to it first."""
    if _not_told.acquire(blocking=False):
        say("interrupted")


def bug() -> None:
    """Shows the exception being handled, as a fault of modelwrap, and how to report it."""
    import platform  # noqa: PLC0415 - a tenth of what `modelwrap --help` takes, and only a bug needs them
    import traceback  # noqa: PLC0415

    say(traceback.format_exc().rstrip())
    _labelled(
        "internal error",
        "this is a bug in modelwrap, not in your model\n"
        "please report it with the lines above, the command as you typed it, and this:\n"
        f"modelwrap {__version__}, Python {platform.python_version()}, {platform.platform()}",
        _RED,
    )


def show_cursor() -> None:
    """Gives a terminal its cursor back, which a line that moves has hidden."""
    if sys.stderr.isatty():
        print("\033[?25h", end="", file=sys.stderr, flush=True)


def size(count: int) -> str:
    """A number of bytes as people read it."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{count} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _labelled(label: str, text: str, color: str) -> None:
    first, *others = text.splitlines()
    label = f"\033[{color}m{label}:\033[0m" if wants_color(sys.stderr) else f"{label}:"
    say("\n".join([f"{label} {first}", *(f"  {line}" for line in others)]))


def _print(text: str, stream: TextIO) -> None:
    """Names of files may hold bytes that the terminal's encoding lacks."""
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
