"""Importing, building and loading the user's class, with errors that show the user's own code."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import modelwrap
from modelwrap.errors import LoadFailed
from modelwrap.runtime.component.coroutines import plain
from modelwrap.runtime.payload import UserValue

__all__ = ["build", "find", "load", "takes", "user_traceback"]

_OUR_FILES = str(Path(modelwrap.__file__).parent)
_SELDONS = "seldon_core"


def build(name: str, parameters: Mapping[str, UserValue]) -> UserValue:
    """The user's object: module imported, class found, constructor called with the parameters.

    Args:
        name: `Foo` for class Foo of module Foo, or `pkg.mod.Cls` for class Cls of module `pkg.mod`.
        parameters: The constructor's keyword arguments.

    Raises:
        LoadFailed: Any of the three failed; `__cause__` is the user's own exception where there was one.

    Source: component API section 1.
    """
    make = find(name)
    try:
        return make(**parameters)
    except (Exception, SystemExit) as error:
        from modelwrap.runtime.component import load_hints  # noqa: PLC0415 - for a failure, not for every start

        hint = load_hints.about_parameters(make, parameters, error) or load_hints.about_file(error)
        raise LoadFailed(f"{name} could not be built: {_summary(error)}{hint}") from error


def find(name: str) -> UserValue:
    """The user's class, its module imported; a module that was imported before is not imported again.

    Raises:
        LoadFailed: The module can't be imported, or has no such class.
    """
    module_name, _, class_name = name.rpartition(".")
    return _find(_import(module_name or name), class_name or name)


def takes(name: str, parameter: str) -> bool:
    """Whether the class's constructor takes a parameter of this name.

    Raises:
        LoadFailed: The module can't be imported, or has no such class.
    """
    try:
        known = inspect.signature(find(name)).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(each.name == parameter or each.kind is inspect.Parameter.VAR_KEYWORD for each in known)


def load(user_object: UserValue) -> None:
    """Call the object's `load()`, if it has one.

    Raises:
        LoadFailed: `load()` raised; only `NotImplementedError`, which a base class's stub raises, means "nothing to
            load". (The reference also swallows AttributeError, which hides real defects.)

    Source: component API section 1.
    """
    method = getattr(user_object, "load", None)
    if not callable(method):
        return
    call = plain(method)
    try:
        call()
    except NotImplementedError:
        return
    except (Exception, SystemExit) as error:
        if type(error).__name__ == "SeldonNotImplementedError":
            return
        from modelwrap.runtime.component.load_hints import about_file  # noqa: PLC0415 - for a failure

        text = f"{type(user_object).__name__}.load() failed: {_summary(error)}{about_file(error)}"
        raise LoadFailed(text) from error


def user_traceback(error: BaseException) -> str:
    """The traceback of a user's error without the frames of modelwrap and of the import machinery."""
    shown = traceback.TracebackException.from_exception(error, compact=True)
    for part in _chain(shown):
        part.stack = traceback.StackSummary.from_list([frame for frame in part.stack if not _is_ours(frame.filename)])
    return "".join(shown.format()).rstrip("\n")


def _chain(part: traceback.TracebackException | None) -> Iterator[traceback.TracebackException]:
    if part is not None:
        yield part
        yield from _chain(part.__cause__)
        yield from _chain(part.__context__)


def _is_ours(filename: str) -> bool:
    return filename.startswith((_OUR_FILES, "<frozen importlib")) or filename == importlib.__file__


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _module_missing(name, error) from error
    except (Exception, SystemExit) as error:
        from modelwrap.runtime.component.load_hints import about_file  # noqa: PLC0415 - for a failure

        hint = _stand_in_hint(error.name or "") if isinstance(error, ImportError) else about_file(error)
        raise LoadFailed(f"module {name} could not be imported: {_summary(error)}{hint}") from error


def _stand_in_hint(lacking: str) -> str:
    """What to do about a name of Seldon's package that its stand-in does not have."""
    package = sys.modules.get(_SELDONS)
    if package is None or not lacking.startswith(_SELDONS) or not _is_ours(str(package.__file__)):
        return ""
    return (
        "; modelwrap brings only what classes commonly import of it: add seldon-core to requirements.txt for the rest"
    )


def _module_missing(name: str, error: ModuleNotFoundError) -> LoadFailed:
    missing = error.name or ""
    if name == missing or name.startswith(f"{missing}."):
        return LoadFailed(
            f"there is no module {missing!r} in {Path.cwd()}: name the class file {name.replace('.', '/')}.py, "
            "or give the name as module.Class"
        )
    if hint := _stand_in_hint(missing):
        return LoadFailed(f"module {name} imports {missing!r}{hint}")
    from modelwrap.runtime.component.load_hints import about_package  # noqa: PLC0415 - for a failure

    return LoadFailed(f"module {name} imports {missing!r}, which is not installed{about_package()}")


def _find(module: ModuleType, class_name: str) -> UserValue:
    try:
        return getattr(module, class_name)
    except AttributeError:
        from difflib import get_close_matches  # noqa: PLC0415 - for a failure, not for every start

        own = [key for key, value in vars(module).items() if inspect.isclass(value) and not key.startswith("_")]
        near = get_close_matches(class_name, own, n=1)
        there = f"it has {', '.join(sorted(own))}" if own else "it has no class"
        meant = f"; did you mean {near[0]}?" if near else ""
        raise LoadFailed(f"{module.__name__} has no class {class_name}: {there}{meant}") from None


def _summary(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
