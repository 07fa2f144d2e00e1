"""What was meant by a command line that can't be run as it is typed: the nearest command or folder, and ways on."""

from __future__ import annotations

import difflib
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from modelwrap.cli.wrap import COMMAND
from modelwrap.project import choose_model_name, open_folder
from modelwrap.project.classes import model_names

__all__ = ["GUIDE_WORDS", "guide_words", "missing_words", "slip_in"]

#: The words of the guide's command line, in their order.
GUIDE_WORDS = ("MODEL_PATH", "MODEL_NAME", "IMAGE_VERSION", "DOCKER_REPO")


def slip_in(arguments: Sequence[str], commands: Sequence[str]) -> str | None:
    """What is wrong with arguments that begin with no command, and what to type instead; None where nothing is.

    Args:
        arguments: What was typed, at least one word.
        commands: The commands that there are.
    """
    slips = (_misspelt_option(arguments), _misspelt_folder(arguments), _misspelt_command(arguments, commands))
    return next(filter(None, slips), None) or missing_words(arguments)


def guide_words(arguments: Sequence[str]) -> list[str]:
    """The words of the guide's command line among the arguments; none where they hold an option that it has not."""
    return COMMAND.words(arguments) or []


def _misspelt_option(arguments: Sequence[str]) -> str | None:
    """An option that stands alone."""
    if len(arguments) != 1 or not arguments[0].startswith("--"):
        return None
    near = difflib.get_close_matches(arguments[0], ["--help", "--version"], n=1, cutoff=0.7)
    return f"there is no option {arguments[0]}\ndid you mean {near[0]}?" if near else None


def _misspelt_folder(arguments: Sequence[str]) -> str | None:
    """The first of the guide's four words, where a folder here has nearly that name."""
    first = arguments[0]
    if len(arguments) < len(GUIDE_WORDS) or first.startswith("-") or Path(first).exists():
        return None
    if len(guide_words(arguments)) != len(GUIDE_WORDS):
        return None
    near = difflib.get_close_matches(first, _folders_here(), n=1)
    return f"there is no folder {first}\ndid you mean {near[0]}?" if near else None


def _folders_here() -> list[str]:
    return sorted(path.name for path in Path().iterdir() if path.is_dir())


def _misspelt_command(arguments: Sequence[str], commands: Sequence[str]) -> str | None:
    """A word that can only have been meant as a command."""
    word = arguments[0]
    if word.startswith("-") or os.sep in word or Path(word).exists():
        return None
    folders = [*{*_folders_here()}.difference(commands)]
    near = next(iter(difflib.get_close_matches(word, [*commands, *folders], n=1)), None)
    if near in commands:
        return f"there is no command {word}\ndid you mean {near}?"
    if len(guide_words(arguments)) >= len(GUIDE_WORDS) or _asks_for_help(arguments):
        return None
    if near:
        return f"there is no command and no folder {word}\ndid you mean the folder {near}?"
    return f"there is no command {word}\ncommands: {', '.join(commands)}"


def _asks_for_help(arguments: Sequence[str]) -> bool:
    return not {"-h", "--help"}.isdisjoint(arguments)


def missing_words(arguments: Sequence[str]) -> str | None:
    """Which words a model folder lacks of those that the guide's command line needs, and what else may be meant.

    Args:
        arguments: What was typed; no option is a word.

    Raises:
        ProjectError: It is no folder, or none of a model.
    """
    given = guide_words(arguments)
    if not given or len(given) >= len(GUIDE_WORDS) or _asks_for_help(arguments):
        return None
    missing = GUIDE_WORDS[len(given) :]
    listed = f"{', '.join(missing[:-1])} and {missing[-1]} are" if len(missing) > 1 else f"{missing[0]} is"
    return "\n".join([f"{listed} missing", f"Usage: modelwrap {' '.join(GUIDE_WORDS)} [options]", *_ways_on(given)])


def _ways_on(given: Sequence[str]) -> list[str]:
    folder = shlex.quote(given[0])
    root = open_folder(Path(given[0]))
    name = given[1] if len(given) > 1 else _model_in(root)
    version = given[2] if len(given) > 2 else "0.1"
    tag = f"DOCKER_REPO/{name.rpartition('.')[2].lower()}:{version}"
    ways = {
        f"modelwrap serve {folder}": "serves the model here",
        f"modelwrap {folder} {name} {version} DOCKER_REPO": "writes a folder that builds into an image",
        f"modelwrap build {folder} -t {tag} --push": "makes and pushes the image, without Docker",
    }
    width = max(map(len, ways))
    return [f"{line:<{width}}  # {does}" for line, does in ways.items()]


def _model_in(root: Path) -> str:
    """The one model of a folder, or the word for it where there are several.

    Raises:
        ProjectError: It holds no model.
    """
    return "MODEL_NAME" if len(model_names(root)) > 1 else choose_model_name(root)
