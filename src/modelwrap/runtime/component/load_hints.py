"""What to do about a class that can't be imported, built or loaded, where its error tells.

Each hint is the end of a sentence, or nothing: `; did you mean model.pkl?`.
"""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

from modelwrap.runtime.payload import UserValue

__all__ = ["about_file", "about_package", "about_parameters"]

#: The program of a model folder that writes what the class loads, and the list of its packages, by their usual names.
_TRAINING, _PACKAGES = "train.py", "requirements.txt"
#: How frameworks say that a file is missing, where they raise something else than FileNotFoundError.
_SAYS_MISSING = re.compile(r"no such file|not found|(does not|doesn't) exist", re.IGNORECASE)


def about_file(error: BaseException) -> str:
    """Where a file is missing: which one may have been meant, or what to run so that it is written."""
    if isinstance(error, FileNotFoundError) and (there := _meant(error.filename)):
        return there
    missing = isinstance(error, FileNotFoundError) or _SAYS_MISSING.search(str(error))
    if missing and Path(_TRAINING).is_file():
        return f"; has the model been trained? Run: python {_shown(_TRAINING)}"
    return ""


def about_package() -> str:
    """How to get the package of a module that is not installed."""
    if not Path(_PACKAGES).is_file():
        return f": add its package to {_PACKAGES}, a new file in the model folder, and install it"
    return f": add its package to {_PACKAGES} if it is not there, then run: pip install -r {_shown(_PACKAGES)}"


def about_parameters(make: Callable[..., UserValue], parameters: Mapping[str, UserValue], error: BaseException) -> str:
    """Where a constructor does not take the graph's parameters, or asks for more than these.

    Args:
        make: The class.
        parameters: What it was called with.
        error: What came of it.
    """
    if not isinstance(error, TypeError):
        return ""
    called = f" (it was called with the parameters {', '.join(parameters)})" if parameters else ""
    lacking = [name for name in _required(make) if name not in parameters]
    if not lacking:
        return called
    given = json.dumps([{"name": name, "value": "...", "type": "STRING"} for name in lacking])
    return f"{called}; give {' and '.join(lacking)} a default, or a value: --parameters {shlex.quote(given)}"


def _meant(filename: object) -> str:
    """Which file of the model folder may have been meant by a path that leads nowhere."""
    if not isinstance(filename, str):
        return ""
    path = Path(filename)
    if path.parent != Path() and Path(path.name).is_file():
        return f"; it is in the model folder, which is the working directory: write {path.name!r}"
    try:
        there = [each.name for each in path.parent.iterdir() if each.suffix != ".py"]
    except OSError:
        return ""
    near = get_close_matches(path.name, there, n=1, cutoff=0.8)
    return f"; did you mean {str(path.parent / near[0])!r}?" if near else ""


def _required(make: Callable[..., UserValue]) -> list[str]:
    """The parameters that a constructor can't be called without."""
    try:
        known = inspect.signature(make).parameters.values()
    except (TypeError, ValueError):
        return []
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each.name for each in known if each.default is each.empty and each.kind not in several]


def _shown(file: str) -> str:
    return shlex.quote(str(Path(file).absolute()))
