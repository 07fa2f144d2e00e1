"""The command line of `modelwrap-runtime`, which stands in for both historical wrappers' programs.

It takes text apart and checks each value's kind; it reads no environment and decides nothing.

Source: component API section 1.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any, NoReturn

import modelwrap
from modelwrap.runtime.exits import Exit
from modelwrap.runtime.settings.option import Option
from modelwrap.runtime.settings.options import OPTIONS
from modelwrap.value import Value

__all__ = ["PROGRAM", "Arguments", "parse", "refuse", "shown_default", "usage_name"]

PROGRAM = "modelwrap-runtime"
_PLACES = {"name": "NAME", "api": "REST|GRPC"}
_USAGE = "%(prog)s NAME [REST|GRPC] [options]"
_ABOUT = "Serve the class NAME of this folder over REST and gRPC."
_NOTES = """\
Every option is also an environment variable: --queue-size is MODELWRAP_QUEUE_SIZE. Options beat variables.

examples:
  modelwrap-runtime IrisClassifier
  modelwrap-runtime IrisClassifier --service-type MODEL --workers 2
  modelwrap-runtime models.iris.IrisClassifier --http-port 8080 --log-format json

exit status: 0 stopped as asked, 1 refused or failed with one message, 2 wrong usage, 3 a defect of modelwrap
"""


class Arguments(Value):
    """The command line, taken apart.

    Attributes:
        flags: By setting's name, the text that was given.
        worker: What the supervisor tells a worker that it starts; None in the supervisor itself.
    """

    flags: MappingProxyType[str, str]
    worker: str | None = None


def parse(words: Sequence[str]) -> Arguments:
    """Take the words after the program's name apart.

    Raises:
        SystemExit: With 2 for wrong usage, said on stderr; with 0 after `--help` or `--version`.
    """
    given, unknown = _parser().parse_known_args(list(words))
    if unknown:
        refuse(_unknown(unknown))
    values = {name: text for name, text in vars(given).items() if text is not None}
    worker = values.pop("worker", None)
    return Arguments(MappingProxyType(values), worker)


def refuse(message: str) -> NoReturn:
    """Say on stderr what is wrong with the command line and exit with 2."""
    _parser().error(message)


def usage_name(option: Option[Any]) -> str:
    """How usage names a setting of the command line: `NAME`, `REST|GRPC`, `--queue-size`."""
    return _PLACES.get(option.name, option.flag)


def shown_default(option: Option[Any]) -> str:
    """A setting's default as users read it."""
    if option.default_text is not None:
        return option.default_text
    if isinstance(option.default, bool):
        return str(option.default).lower()
    return f"{option.default:g}" if isinstance(option.default, float) else str(option.default)


def _unknown(words: Sequence[str]) -> str:
    """What to say of the first word that nothing takes."""
    word = words[0]
    if not word.startswith("-"):
        return f"unexpected argument {word!r} after NAME and REST or GRPC"
    from difflib import get_close_matches  # noqa: PLC0415 - for a failure, not for every start

    near = get_close_matches(word.partition("=")[0], [option.flag for option in OPTIONS if _has_flag(option)], n=1)
    return f"unknown option {word}" + (f": did you mean {near[0]}?" if near else "")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong without a page of usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(
            Exit.USAGE,
            f"{self.prog}: error: {message}\nusage: {_USAGE % {'prog': self.prog}}; --help lists the options\n",
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        usage=_USAGE,
        description=_ABOUT,
        epilog=_NOTES,
        argument_default=argparse.SUPPRESS,
        formatter_class=_Formatter,
    )
    for group, members in groupby(OPTIONS, key=lambda option: option.group):
        section = parser.add_argument_group(group)
        for option in members:
            _add(section, option)
    parser.add_argument("--as-worker", dest="worker", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"modelwrap {modelwrap.__version__}")
    return parser


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=110)


def _has_flag(option: Option[Any]) -> bool:
    return option.flagged and not option.positional


def _add(section: argparse._ArgumentGroup, option: Option[Any]) -> None:
    if not option.flagged:
        return
    rules: dict[str, Any] = {"type": _checked(option), "help": _help(option)}
    if option.positional:
        # A default of None, dropped in parse(): argparse would run the reader on any other.
        section.add_argument(option.name, nargs="?", default=None, metavar=usage_name(option), **rules)
        return
    if option.bare is not None:
        rules |= {"nargs": "?", "const": option.bare}
    section.add_argument(option.flag, dest=option.name, metavar=option.kind.metavar, **rules)


def _help(option: Option[Any]) -> str:
    return f"{option.help} ({shown_default(option)})".replace("%", "%%")


def _checked(option: Option[Any]) -> Any:
    """A reader for argparse that keeps the text, once it has seen that the kind can read it."""

    def read(text: str) -> str:
        try:
            option.kind.read(text)
        except (ValueError, OverflowError):
            raise argparse.ArgumentTypeError(f"is {text!r}: expected {option.kind.expected}") from None
        return text

    return read
