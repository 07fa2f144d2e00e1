"""The Python modules of a model folder as text: which names each one binds, and where they come from.

Nothing is imported and no user code runs. What reading alone can't decide (a star import, a computed name) is marked
as open, so that whoever asks can give the benefit of the doubt.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from modelwrap.errors import ProjectError
from modelwrap.value import Value

__all__ = ["Binding", "Imported", "Module", "Modules", "Opaque", "absolute", "parse", "stored_names"]


class Imported(Value):
    """A name that an import brings: `name` of `module`, or the module itself where `name` is None."""

    module: str
    name: str | None
    line: int


class Opaque(Value):
    """A name bound to a value that only running the code would tell: an assignment or a function."""

    line: int


Binding = ast.ClassDef | Imported | Opaque


class Module:
    """One source file.

    Attributes:
        name: The dotted name it is imported by.
        file: Its path relative to the model folder, with slashes.
        bindings: What each name of its top level stands for; the last binding wins, as at run time.
        is_open: Whether it may hold more names than these.
    """

    def __init__(self, name: str, file: str) -> None:
        self.name = name
        self.file = file
        self.bindings: dict[str, Binding] = {}
        self.is_open = False

    @property
    def classes(self) -> list[str]:
        """The classes defined in it, in the order of their definition."""
        return [name for name, binding in self.bindings.items() if isinstance(binding, ast.ClassDef)]


class Modules:
    """Reads modules of one model folder, each at most once.

    Args:
        root: The model folder; modules are found in it as Python finds them when it is on `sys.path`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, Module | None] = {}

    def find(self, name: str) -> Module | None:
        """The module of this dotted name, or None where the folder has no source for it.

        Raises:
            ProjectError: The file can't be read or does not parse; the message names file and line.
        """
        if name not in self._read:
            self._read[name] = None  # an import in a circle meets this
            path = self.path_of(name)
            self._read[name] = self._parse(name, path) if path else None
        return self._read[name]

    def path_of(self, name: str) -> Path | None:
        """The source file of this dotted name: a package's `__init__.py` before a module of the same name."""
        if not name:
            return None
        place = self._root.joinpath(*name.split("."))
        candidates = (place / "__init__.py", place.with_name(f"{place.name}.py"))
        return next((path for path in candidates if path.is_file()), None)

    def _parse(self, name: str, path: Path) -> Module:
        file = path.relative_to(self._root).as_posix()
        module = Module(name, file)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for statement in _top_level(parse(path, file).body):
            _bind(module, statement, package)
        return module


def parse(path: Path, shown_as: str) -> ast.Module:
    """The syntax tree of a source file.

    Raises:
        ProjectError: It can't be read or does not parse; the message says at which line and why.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ProjectError(f"{shown_as} can't be read: {error.strerror}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, filename=shown_as)
    except SyntaxError as error:
        raise ProjectError(_syntax_message(error, shown_as)) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ProjectError(f"{shown_as} can't be parsed as Python: {error}") from error


def _syntax_message(error: SyntaxError, shown_as: str) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    where = f"{shown_as}:{error.lineno}" if error.lineno else shown_as
    lines = [f"{where} is not Python {version}: {error.msg}"]
    if error.text and error.text.strip():
        lines.append(f"  {error.text.strip()}")
    if "Missing parentheses in call to 'print'" in error.msg or "except clause" in error.msg:
        lines.append("this looks like Python 2, which no longer runs: convert the file")
    return "\n".join(lines)


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run at import, those inside `if`, `try`, `with` and loops included."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.TryStar | ast.With | ast.For | ast.While | ast.Match):
            yield from _top_level(_inner(statement))


def _inner(statement: ast.stmt) -> Iterator[ast.stmt]:
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        for child in getattr(statement, name, ()):
            if isinstance(child, ast.stmt):
                yield child
            else:
                yield from child.body


def _bind(module: Module, statement: ast.stmt, package: str) -> None:
    match statement:
        case ast.ClassDef():
            _put(module, statement.name, statement)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            module.is_open |= statement.name == "__getattr__"
            _put(module, statement.name, Opaque(statement.lineno))
        case ast.Import():
            for alias in statement.names:
                _bind_import(module, alias, statement.lineno)
        case ast.ImportFrom():
            source = absolute(statement, package)
            for alias in statement.names:
                module.is_open |= alias.name == "*"
                _put(module, alias.asname or alias.name, Imported(source, alias.name, statement.lineno))
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.For() | ast.With():
            for name in stored_names(statement):
                _put(module, name, Opaque(statement.lineno))


def _put(module: Module, name: str, binding: Binding) -> None:
    module.bindings.pop(name, None)
    module.bindings[name] = binding


def _bind_import(module: Module, alias: ast.alias, line: int) -> None:
    if alias.asname:
        _put(module, alias.asname, Imported(alias.name, None, line))
    else:
        root = alias.name.partition(".")[0]
        _put(module, root, Imported(root, None, line))


def absolute(statement: ast.ImportFrom, package: str) -> str:
    """The dotted name an import reads from; relative ones are resolved against the package they stand in."""
    if not statement.level:
        return statement.module or ""
    parents = package.split(".") if package else []
    kept = parents[: len(parents) - statement.level + 1]
    return ".".join([*kept, *filter(None, [statement.module])])


def stored_names(statement: ast.stmt) -> Iterator[str]:
    """The plain names that one statement assigns, not those inside the blocks it opens."""
    match statement:
        case ast.Assign():
            targets: list[ast.expr] = statement.targets
        case ast.AnnAssign():
            targets = [statement.target] if statement.value else []
        case ast.AugAssign() | ast.For():
            targets = [statement.target]
        case ast.With():
            targets = [item.optional_vars for item in statement.items if item.optional_vars]
        case _:
            targets = []
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))
