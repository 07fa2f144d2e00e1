"""Reads a model folder into a `Project`: the one value from which everything else about it is made."""

from __future__ import annotations

import difflib
from pathlib import Path

from modelwrap.contract import Role
from modelwrap.errors import ProjectError
from modelwrap.project.classes import ClassSource, check_role, find_class, model_names, refusals
from modelwrap.project.exclusions import Exclusions
from modelwrap.project.folder import Folder, check_pointers, read_folder
from modelwrap.project.marker import is_ours
from modelwrap.project.patterns import Pattern, read_patterns
from modelwrap.project.roles import fitting_roles
from modelwrap.value import Value

__all__ = ["Project", "check_files", "choose_model_name", "open_folder", "read_class", "read_project", "read_roles"]

IGNORE_FILE = ".dockerignore"


class Project(Value):
    """A model folder, read once.

    Attributes:
        root: Its real path.
        model: The class, as far as reading tells.
        role: What the class serves as; it has a method for it.
        folder: Its files.
    """

    root: Path
    model: ClassSource
    role: Role
    folder: Folder


def read_project(path: Path, model_name: str, role: Role, output: Path | None = None) -> Project:
    """Reads and checks a model folder. Nothing is written and no user code runs.

    Args:
        path: The model folder.
        model_name: The class and its file: `Name`, or `package.module.Name`.
        role: The service type.
        output: The real path of the folder to be written, which may lie in the model folder and stays out.

    Raises:
        ProjectError: The folder, the class or a file can't be used; the message says which, why, and what to do.
    """
    root = open_folder(path)
    model = read_class(root, model_name, role)
    folder = read_folder(root, Exclusions(_rules(root), output))
    if (root / model.file).resolve().relative_to(root).as_posix() not in folder.paths:
        raise ProjectError(_left_out_message(model, folder))
    return Project(root, model, role, folder)


def open_folder(path: Path) -> Path:
    """The real path of a model folder.

    Raises:
        ProjectError: It is not there, is no folder, or is one that modelwrap wrote.
    """
    if not path.exists():
        near = difflib.get_close_matches(path.name, _folders_beside(path), n=1)
        ways_on = [f"did you mean {path.with_name(n)}?" for n in near] or ["give the folder that holds the class file"]
        raise ProjectError("\n".join([f"there is no folder {path}", *ways_on]))
    if not path.is_dir():
        raise ProjectError(f"{path} is a file; the model path is the folder that holds the class file")
    root = path.resolve()
    if is_ours(root):
        raise ProjectError(f"{path} is a folder that modelwrap wrote\ngive the model folder that it was made from")
    return root


def read_class(root: Path, model_name: str, role: Role) -> ClassSource:
    """Finds the class and makes sure that it fits its role.

    Raises:
        ProjectError: The class is not where its name says, or lacks the method of the role.
    """
    model = find_class(root, model_name)
    check_role(model, role)
    return model


def read_roles(root: Path, model_name: str) -> list[Role]:
    """The roles that a class can take, as far as reading tells.

    Raises:
        ProjectError: The class is not where its name says.
    """
    return fitting_roles(find_class(root, model_name).methods)


def check_files(root: Path) -> None:
    """Makes sure that the model's files are there, for a model that is served where it stands.

    Raises:
        ProjectError: A file only stands in for one that was never fetched.
    """
    check_pointers(root, Exclusions(_rules(root)))


def choose_model_name(root: Path) -> str:
    """The one model that this folder offers, for a command that was given none.

    Raises:
        ProjectError: It offers none, or more than one; the message names them, or says what is wrong with each file.
    """
    names = model_names(root)
    if len(names) == 1:
        return names[0]
    if names:
        raise ProjectError(
            f"{root} holds more than one model: {', '.join(names)}\n"
            f"name the one that is meant after the folder, as in: {root.name} {names[0]}"
        )
    refused = refusals(root)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        reasons = "\n".join(error.message.partition("\n")[0] for error in refused)
        raise ProjectError(f"{root} holds no model that can be served\n{reasons}")
    raise ProjectError(
        f"{root} holds no model: no file here is named as a class in it\n"
        "the class MyModel goes into MyModel.py; or give its name as module.Class"
    )


def _folders_beside(path: Path) -> list[str]:
    return sorted(other.name for other in path.parent.glob("*") if other.is_dir()) if path.name else []


def _rules(root: Path) -> list[Pattern]:
    path = root / IGNORE_FILE
    try:
        return read_patterns(path.read_text(encoding="utf-8-sig"), IGNORE_FILE) if path.is_file() else []
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{IGNORE_FILE} can't be read: {error}") from error


def _left_out_message(model: ClassSource, folder: Folder) -> str:
    places = {model.file, *(f"{parent.as_posix()}/" for parent in Path(model.file).parents)}
    reason = next((entry.reason for entry in folder.left_out if entry.path in places), "it lies elsewhere")
    return f"{model.file}, the class file, is left out of the image ({reason})\ntake it back in with !{model.file}"
