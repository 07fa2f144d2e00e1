"""The name of a new model folder, and the name that its class gets from it."""

from __future__ import annotations

import keyword
import os
import re
import shlex
import sys
import unicodedata
from itertools import chain, count
from pathlib import Path

from modelwrap.errors import ProjectError
from modelwrap.value import Value

__all__ = ["Place", "choose_place"]

_GOOD = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_BETWEEN_WORDS = re.compile(r"[._-]+")
_LAST_RESORT = "my-model"


class Place(Value):
    """Where a new model goes.

    Attributes:
        folder: The folder, as it was typed.
        class_name: The class, which is also the name of its file.
    """

    folder: Path
    class_name: str


def choose_place(typed: str) -> Place:
    """The folder and the class that a typed name asks for: `my-model` is class `MyModel`.

    Args:
        typed: A name, or a path whose last part is one.

    Raises:
        ProjectError: It can't name a class, or there is something already; the message offers another name.
    """
    folder = Path(typed)
    name = folder.absolute().resolve().name
    if not _is_good(name):
        raise ProjectError(
            f"{name!r} can't be the name of a model: its class and its file are named after it\n"
            f"try: modelwrap init {shlex.quote(str(_surroundings(folder) / _near(name)))}"
        )
    _check_free(folder)
    return Place(folder, _class_name(name))


def _is_good(name: str) -> bool:
    made = _class_name(name)
    return bool(_GOOD.fullmatch(name)) and not keyword.iskeyword(made) and made not in sys.stdlib_module_names


def _class_name(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in _BETWEEN_WORDS.split(name))


def _near(name: str) -> str:
    """A name that will do, as like this one as can be."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    near = re.sub(r"[^A-Za-z0-9._]+", "-", plain).strip("._-")
    return next((each for each in (near, f"{near}-model", f"my-{near}") if near and _is_good(each)), _LAST_RESORT)


def _check_free(folder: Path) -> None:
    """Makes sure that nothing is overwritten; an empty folder is as good as none."""
    if not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir())):
        return
    what = "a folder with files in it" if folder.is_dir() else "a file"
    raise ProjectError(
        f"{folder} is there already, {what}, so nothing was written\n"
        f"try: modelwrap init {shlex.quote(str(_free_beside(folder)))}"
    )


def _free_beside(folder: Path) -> Path:
    place = _surroundings(folder)
    names = [_LAST_RESORT] if place == folder else []
    numbered = (f"{_LAST_RESORT if place == folder else folder.name}-{number}" for number in count(2))
    return next(place / name for name in chain(names, numbered) if not os.path.lexists(place / name))


def _surroundings(folder: Path) -> Path:
    """Where another folder may go in place of this one: beside it, or within it where it is `.` or `..`."""
    return folder if folder.name in {"", ".."} else folder.parent
