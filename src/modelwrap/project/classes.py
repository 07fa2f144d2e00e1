"""The user's class, found by reading: where it is defined, and whether it fits its role."""

from __future__ import annotations

import ast
import difflib
import keyword
import sys
from collections.abc import Iterator
from pathlib import Path

from modelwrap.contract import Role
from modelwrap.errors import ClassNotFound, ProjectError
from modelwrap.project.methods import Methods
from modelwrap.project.modules import Module, Modules, Opaque
from modelwrap.project.roles import fitting_roles, methods_of, wanted
from modelwrap.value import Value

__all__ = ["ClassSource", "check_role", "find_class", "model_names", "refusals"]

_COMPILED = (".so", ".pyd", ".pyc")


class ClassSource(Value):
    """Where a class is written and what it can do.

    Attributes:
        name: The model name as given: `Name`, or `package.module.Name`.
        file: The file that the name is looked up in, relative to the model folder; a class may be imported there.
        line: Where the class, or what stands for it, is bound; 0 where only a compiled module exists.
        methods: The names its body and its known bases define.
        is_complete: Whether `methods` is all it has; False where a base or a value could not be followed.
    """

    name: str
    file: str
    line: int
    methods: frozenset[str]
    is_complete: bool


def split_name(name: str) -> tuple[str, str]:
    """Splits a model name into module and class: `Name` is class `Name` of module `Name`.

    Source: component API section 1.

    Raises:
        ClassNotFound: It is no name that Python could import.
        ProjectError: Another module would be imported instead.
    """
    parts = name.split(".")
    if parts[-1] == "py" or not all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        raise ClassNotFound(_name_message(name))
    if parts[0] in sys.stdlib_module_names:
        raise ProjectError(
            f"{parts[0]} is a module of Python's standard library, which would be imported instead of your file\n"
            "rename the file and the class"
        )
    module = name if len(parts) == 1 else ".".join(parts[:-1])
    return module, parts[-1]


def _name_message(name: str) -> str:
    advice = "it is the name of the class and of its file without .py, or package.module.Class"
    stem = name.removesuffix(".py").rpartition("/")[2]
    if stem != name and stem.isidentifier():
        advice = f"give the class name alone: {stem}"
    return f"{name!r} can't be a model name\n{advice}"


def find_class(root: Path, name: str) -> ClassSource:
    """Finds the class of this model name in a model folder.

    Raises:
        ClassNotFound: The file is not there, or the class is not in it; the message names what is there instead.
        ProjectError: The file does not parse.
    """
    module_name, class_name = split_name(name)
    modules = Modules(root)
    module = modules.find(module_name)
    if module is None:
        return _compiled_class(root, name, module_name) or _raise_no_file(root, name, module_name)
    binding = module.bindings.get(class_name)
    if binding is None and not module.is_open:
        raise ClassNotFound(_no_class_message(module, class_name))
    methods = Methods(modules)
    if binding is None:
        methods.is_complete = False
    else:
        methods.collect(binding, module)
    line = (binding.lineno if isinstance(binding, ast.ClassDef) else binding.line) if binding else 1
    return ClassSource(name, module.file, line, frozenset(methods.found), methods.is_complete)


def check_role(source: ClassSource, role: Role) -> None:
    """Makes sure that a class has a method for its service type.

    Raises:
        ProjectError: It is certain that it has none; the message names the types that it would fit.
    """
    if not source.is_complete or wanted(role) & source.methods:
        return
    public = sorted(name for name in source.methods if not name.startswith("_"))
    choices = " or ".join(methods_of(role))
    lines = [f"{source.file}:{source.line}: {_class_of(source.name)} has no method {choices}, which {_a(role)} needs"]
    lines.append(f"it has: {', '.join(public)}" if public else "it has no public method")
    if others := fitting_roles(source.methods):
        lines.append(f"it would fit: {', '.join(f'--service-type {other}' for other in others)}")
    elif near := difflib.get_close_matches(methods_of(role)[0], public, n=1):
        lines.append(f"is {near[0]} meant to be {methods_of(role)[0]}?")
    raise ProjectError("\n".join(lines))


def _a(role: Role) -> str:
    return f"{'an' if role.value[0] in 'AEIOU' else 'a'} {role.value}"


def _class_of(name: str) -> str:
    return name.rpartition(".")[2]


def model_names(root: Path) -> list[str]:
    """The model names that this folder offers: each file `Name.py` at its top that holds a class `Name` for some role.

    Files that don't parse are passed over here; `refusals` says what is wrong with them.
    """
    return [module.name for module in _readable_modules(root) if _offers_model(root, module)]


def refusals(root: Path) -> list[ProjectError]:
    """Why the files at the top of this folder offer no model: those that hold a class, or can't be read.

    Each is what asking for the file by its name would raise; files without a class are not meant and have none.
    """
    found = (_refusal(root, path) for path in sorted(root.glob("*.py")))
    return [error for error in found if error]


def _refusal(root: Path, path: Path) -> ProjectError | None:
    try:
        module = Modules(root).find(path.stem)
        if module and module.classes:
            _check_file_name(module)
            check_role(find_class(root, path.stem), Role.MODEL)
    except ProjectError as error:
        return error
    return None


def _check_file_name(module: Module) -> None:
    """Makes sure that a file with classes has a name that can be imported.

    Raises:
        ProjectError: It has not; the message says how to call it.
    """
    if module.name.isidentifier() and not keyword.iskeyword(module.name):
        return
    raise ProjectError(
        f"{module.file} can't be imported: {module.name!r} is no name of a Python module\n"
        f"classes in it: {', '.join(module.classes)}\n"
        f"rename the file as the class that is to be served, such as {module.classes[0]}.py"
    )


def _offers_model(root: Path, module: Module) -> bool:
    binding = module.bindings.get(module.name)
    if module.name in sys.stdlib_module_names or binding is None or isinstance(binding, Opaque):
        return False
    source = find_class(root, module.name)
    return not source.is_complete or bool(fitting_roles(source.methods))


def _readable_modules(root: Path) -> Iterator[Module]:
    modules = Modules(root)
    for path in sorted(root.glob("*.py")):
        try:
            module = modules.find(path.stem)
        except ProjectError:
            continue
        if module:
            yield module


def _compiled_class(root: Path, name: str, module_name: str) -> ClassSource | None:
    """A class whose module exists only as a compiled extension; nothing is known of its methods."""
    place = root.joinpath(*module_name.split("."))
    for path in sorted(place.parent.glob(f"{place.name}.*")) if place.parent.is_dir() else ():
        if path.suffix in _COMPILED and path.is_file():
            return ClassSource(name, path.relative_to(root).as_posix(), 0, frozenset(), is_complete=False)
    return None


def _raise_no_file(root: Path, name: str, module_name: str) -> ClassSource:
    wanted_file = f"{module_name.replace('.', '/')}.py"
    lines = [f"{wanted_file} is not in {root}: the class {_class_of(name)} must be in a file of its own name"]
    there = sorted(path.name for path in root.glob("*.py"))
    if offers := model_names(root):
        near = difflib.get_close_matches(name, offers, n=1, cutoff=0.5)
        lines.append(f"did you mean {near[0]}?" if near else f"models in this folder: {', '.join(offers)}")
    elif defined := _files_defining(root, _class_of(name)):
        module = defined[0].removesuffix(".py")
        lines.append(f"{defined[0]} defines it: rename that file, or give the model name {module}.{_class_of(name)}")
    elif there:
        lines.append(f"Python files in this folder: {', '.join(there)}")
    else:
        lines.append("there is no Python file in this folder")
    raise ClassNotFound("\n".join(lines))


def _files_defining(root: Path, class_name: str) -> list[str]:
    return [module.file for module in _readable_modules(root) if class_name in module.classes]


def _no_class_message(module: Module, class_name: str) -> str:
    lines = [f"{module.file} has no class {class_name}"]
    if not module.classes:
        lines.append("it defines no class")
    else:
        near = difflib.get_close_matches(class_name, module.classes, n=1, cutoff=0.5)
        lines.append(f"classes in it: {', '.join(module.classes)}" + (f"; did you mean {near[0]}?" if near else ""))
    lines.append("the class must have the name of its file, or be given as module.Class")
    return "\n".join(lines)
