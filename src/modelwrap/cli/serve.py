"""`modelwrap serve`: a model folder is served where it stands, by the very program that an image starts.

This process becomes that program: its process id, its signals and its exit status are the runtime's own. What the
runtime can't know, an address to click and a request to begin with, is printed once it serves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from modelwrap.cli.command import Bare, Command
from modelwrap.cli.herald import announce_when_ready
from modelwrap.contract import ENTRYPOINT_MODULE
from modelwrap.errors import SettingsError
from modelwrap.project import check_files, choose_model_name, open_folder, read_class
from modelwrap.runtime import settings
from modelwrap.runtime.settings.option import Option
from modelwrap.runtime.settings.options import OPTIONS
from modelwrap.runtime.settings.options.server import READY_FD
from modelwrap.runtime.settings.ports import Listening, Ports
from modelwrap.runtime.supervision.listeners import bind

__all__ = ["COMMAND"]

#: Settings that this command answers for itself.
_OWN = {READY_FD.name}
_FLAGS: dict[str, Option[Any]] = {
    option.name: option for option in OPTIONS if option.flagged and not option.positional and option.name not in _OWN
}
#: What help shows; every flag of the runtime is taken.
_SHOWN = {
    "What it serves": ["--service-type", "--parameters"],
    "Ports": ["--host", "--http-port", "--grpc-port", "--metrics-port"],
    "How": ["--workers", "--threads", "--inline", "--max-batch-size", "--queue-size", "--request-timeout"],
    "Logs": ["--log-level", "--log-format", "--access-log", "--debug"],
}
#: A choice of more words than this is not spelled out in the column of options.
_MANY = 2


def _serve(model_path: str, model_name: str | None, flags: Mapping[str, str]) -> int:
    """Checks the folder and the ports, then becomes the server."""
    root = open_folder(Path(model_path))
    name = model_name or choose_model_name(root)
    known = settings.read({"name": name, **flags})
    model = read_class(root, name, known.component.role)
    check_files(root)
    _check_ports(known.ports)
    if known.life.ready_fd is None:
        flags = {**flags, READY_FD.name: str(announce_when_ready(root, model, known.component.role))}
    os.chdir(root)
    _become([sys.executable, "-P", "-u", "-m", ENTRYPOINT_MODULE, name, *_as_words(flags)])


def _become(command: list[str]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _as_words(flags: Mapping[str, str]) -> list[str]:
    return [f"--{name}={text}" for name, text in flags.items()]


def _check_ports(ports: Ports) -> None:
    """Makes sure that no other program has a port, while there is a reader for a helpful answer.

    Raises:
        SettingsError: One has; the message offers the next free port.
    """
    for listening in dict.fromkeys(filter(None, (ports.http, ports.grpc, ports.metrics))):
        try:
            bind(ports.host, listening).close()
        except SettingsError as error:
            offer = _offer(ports, listening)
            raise SettingsError(f"{error.message}\n{offer}" if offer else error.message) from error


def _offer(ports: Ports, refused: Listening) -> str:
    taken = {listening.number for listening in (ports.http, ports.grpc, ports.metrics) if listening}
    joint = " " if refused.setting.startswith("-") else "="
    for number in range(refused.number + 1, min(refused.number + 100, 65536)):
        if number not in taken and _is_free(ports.host, number):
            return f"free: {refused.setting}{joint}{number}"
    return ""


def _is_free(host: str, number: int) -> bool:
    try:
        bind(host, Listening(number, "")).close()
    except SettingsError:
        return False
    return True


def _option(option: Option[Any]) -> click.Option:
    return click.Option([option.flag], metavar=_metavar(option), help=_help(option), callback=_check(option))


def _metavar(option: Option[Any]) -> str:
    words = option.kind.metavar
    return words if words.count("|") < _MANY else option.name.rpartition("-")[2].upper()


def _help(option: Option[Any]) -> str:
    """The first sentence of the setting's own help, and its default where that is short."""
    default = option.default if option.default_text is None else option.default_text.partition(",")[0]
    sentence = option.help.partition(". ")[0].partition("; ")[0].partition(": ")[0].rstrip(".")
    shown = str(default).lower() if isinstance(default, bool) else default
    return f"{sentence} ({shown:g})." if isinstance(shown, float) else f"{sentence} ({shown})."


def _check(option: Option[Any]) -> Any:
    def check(ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
        if text is not None and not _can_read(option, text):
            raise click.UsageError(f"{option.flag} is {text!r}: expected {option.kind.expected}", ctx)
        return text

    return check


def _can_read(option: Option[Any], text: str) -> bool:
    try:
        option.kind.read(text)
    except (ValueError, OverflowError):
        return False
    return True


def _bare(option: Option[Any]) -> Bare:
    return Bare(option.bare or "", option.kind.expected, lambda text: _can_read(option, text))


def _begin(model_path: str, model_name: str | None, **given: str | None) -> int:
    flags = {name.replace("_", "-"): text for name, text in given.items() if text is not None}
    return _serve(model_path, model_name, flags)


COMMAND = Command(
    "serve",
    [
        click.Argument(["model_path"]),
        click.Argument(["model_name"], required=False),
        *map(_option, _FLAGS.values()),
    ],
    _begin,
    about=(
        "Serve the class MODEL_NAME of the folder MODEL_PATH here, over REST and gRPC, as its image would. Without "
        "MODEL_NAME the folder's one model is served. These are the usual options; all that `modelwrap-runtime --help` "
        "lists are taken."
    ),
    groups={**_SHOWN, "Help": ["-h"]},
    examples=[
        "modelwrap serve ./iris",
        "modelwrap serve ./router EpsilonGreedy --service-type ROUTER --http-port 8080",
        "modelwrap serve ./mnist MnistClassifier --workers 2 --log-format json",
    ],
    bare={option.flag: _bare(option) for option in _FLAGS.values() if option.bare is not None},
)
