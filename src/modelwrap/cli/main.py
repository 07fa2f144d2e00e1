"""The door of the command line: which command is meant, and how it ends.

It loads a command only when that command is called: `modelwrap --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from modelwrap import __version__
from modelwrap.cli import terminal
from modelwrap.cli.exits import Exit
from modelwrap.cli.loading import loading
from modelwrap.errors import ModelwrapError

if TYPE_CHECKING:
    from modelwrap.cli.command import Command

__all__ = ["call", "ending_well", "main"]

_COMMANDS = {
    "bench": "measure a model folder or a running model, and recommend settings",
    "build": "make an image of a model folder, without Docker, and push it",
    "deploy": "print the manifests that run an image on Seldon Core, KServe, Kubernetes or Compose",
    "init": "write a new model folder that works at once",
    "inspect": "show what an image is made of",
    "push": "push an image that lies in a folder or a file to a registry",
    "serve": "serve a model folder here, over REST and gRPC",
    "state": "look at the state that a component keeps, restore, save or clear it",
    "test": "send a model folder or a running model what clients will send",
    "wrap": "write a folder that builds into an image of the model",
}
#: The modules that only `modelwrap[build]` brings.
_OF_BUILD = frozenset({"packaging", "rich", "urllib3", "uv", "yaml"})

_OVERVIEW = f"""\
modelwrap makes of a folder with a plain Python class a container image that serves it.

Usage:
  modelwrap COMMAND ...
  modelwrap MODEL_PATH MODEL_NAME IMAGE_VERSION DOCKER_REPO [options]   (the same as wrap)

Commands:
{"".join(f"  {name:<8} {about}" + chr(10) for name, about in _COMMANDS.items())}
Options:
  -h, --help   this list; after a command, that command's options
  --version    the version of modelwrap

Examples:
  modelwrap init hello && modelwrap serve hello
  modelwrap ./iris IrisClassifier 0.1 seldonio
  modelwrap wrap --help
"""


def main() -> int:
    """Runs the command that the words of the command line ask for and returns its exit status."""
    return ending_well(lambda: _run(sys.argv[1:]))


def ending_well(run: Callable[[], int]) -> int:
    """Runs something and returns its exit status; whatever it raises becomes a message and a status too."""
    try:
        return run()
    except ModelwrapError as error:
        terminal.error(error.message)
        return Exit.FAILED
    except KeyboardInterrupt:
        terminal.interrupted()
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; closing it once more at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except OSError as error:
        terminal.error(f"{error.strerror}: {error.filename}" if error.filename else str(error))
        return Exit.FAILED
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _OF_BUILD:
            terminal.bug()
            return Exit.BUG
        terminal.error(f"this command needs the package {package}\ninstall it: pip install 'modelwrap[build]'")
        return Exit.FAILED
    except Exception:  # noqa: BLE001 - whatever else comes up is our fault, and says so
        terminal.bug()
        return Exit.BUG


def _run(arguments: list[str]) -> int:
    if not arguments:
        terminal.say(_OVERVIEW.rstrip())
        return Exit.USAGE
    if arguments[0] in {"-h", "--help"}:
        terminal.result(_OVERVIEW.rstrip())
        return Exit.GOOD
    if arguments == ["--version"]:
        terminal.result(f"modelwrap {__version__}")
        return Exit.GOOD
    first, *rest = arguments
    if first not in _COMMANDS or _is_guide_form(arguments):
        return _wrap(arguments, verb="")
    return _wrap(rest, verb=first) if first == "wrap" else call(_load(first), rest, f"modelwrap {first}")


def _wrap(arguments: list[str], *, verb: str) -> int:
    """Runs the guide's command, with its verb or without, unless something else was meant by the words."""
    from modelwrap.cli.slips import missing_words, slip_in  # noqa: PLC0415 - no other command needs it

    shown_as = f"modelwrap {verb}".rstrip()
    if message := missing_words(arguments) if verb else slip_in(arguments, [*_COMMANDS]):
        terminal.error(message)
        return Exit.USAGE
    return call(_load("wrap"), arguments, shown_as, help_from="modelwrap wrap --help")


def _is_guide_form(arguments: Sequence[str]) -> bool:
    """Whether a folder with the name of a command is meant: four words as the guide has them, the first a folder."""
    from pathlib import Path  # noqa: PLC0415 - a fifth of what `modelwrap --help` takes

    if not Path(arguments[0]).is_dir():
        return False
    from modelwrap.cli.slips import GUIDE_WORDS, guide_words  # noqa: PLC0415 - as above

    if len(guide_words(arguments)) != len(GUIDE_WORDS):
        return False
    terminal.note(f"{arguments[0]} is taken as the folder ./{arguments[0]}, not as the command {arguments[0]}")
    return True


def _load(verb: str) -> Command:
    with loading():
        command: Command = import_module(f"modelwrap.cli.{verb}").COMMAND
    return command


def call(command: Command, arguments: list[str], shown_as: str, help_from: str | None = None) -> int:
    """Runs one command.

    Args:
        command: What to run.
        arguments: What was typed after its name.
        shown_as: Its name in usage lines.
        help_from: What to type for its help.
    """
    import click  # noqa: PLC0415 - only a command needs it

    try:
        status: int | None = command.main(arguments, prog_name=shown_as, standalone_mode=False)
    except click.UsageError as error:
        usage = error.ctx.get_usage() if error.ctx else ""
        advice = f"{help_from or f'{shown_as} --help'} tells more"
        terminal.error("\n".join(filter(None, [error.format_message(), usage, advice])))
        return Exit.USAGE
    except click.Abort as error:
        raise KeyboardInterrupt from error
    return status or Exit.GOOD


if __name__ == "__main__":
    sys.exit(main())
