"""What a class needs from elsewhere: the packages that its file, and the modules it imports here, import as they load.

Only imports that always run are counted: at the top of a module, outside of `if` and `try`, which are how a module asks
for what may be absent. Nothing is imported and no user code runs.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from modelwrap.errors import ProjectError
from modelwrap.project.modules import Modules, absolute, parse

__all__ = ["read_imports"]


def read_imports(root: Path, file: str) -> dict[str, str]:
    """The top-level names of imported packages, each with the place of its first import: `M.py:3`.

    Args:
        root: The model folder.
        file: The class file, relative to the folder; a compiled one imports nothing that could be read.
    """
    if not file.endswith(".py"):
        return {}
    found: dict[str, str] = {}
    modules = Modules(root)
    waiting, seen = [file], {file}
    while waiting:
        here = waiting.pop(0)
        for name, line in _imports_of(root, here):
            for path in _files_of(modules, root, name):
                if path not in seen:
                    seen.add(path)
                    waiting.append(path)
            package = name.partition(".")[0]
            if package and package not in sys.stdlib_module_names and not _is_local(root, package):
                found.setdefault(package, f"{here}:{line}")
    return found


def _imports_of(root: Path, file: str) -> Iterator[tuple[str, int]]:
    """The dotted names that a file imports, and those that may be modules or only names in one."""
    try:
        body = parse(root / file, file).body
    except ProjectError:
        return
    parts = Path(file).with_suffix("").parts
    package = ".".join(parts[:-1])
    for statement in _always_run(body):
        if isinstance(statement, ast.Import):
            yield from ((alias.name, statement.lineno) for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            source = absolute(statement, package)
            yield source, statement.lineno
            yield from ((f"{source}.{alias.name}", statement.lineno) for alias in statement.names if source)


def _always_run(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.With):
            yield from _always_run(statement.body)


def _files_of(modules: Modules, root: Path, name: str) -> Iterator[str]:
    """The folder's files that importing this dotted name runs: those of its packages, and its own."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        path = modules.path_of(".".join(parts[:count]))
        if path is not None:
            yield path.relative_to(root).as_posix()


def _is_local(root: Path, package: str) -> bool:
    """Whether the folder has something of that name, compiled modules and folders without `__init__.py` included."""
    return (root / package).is_dir() or any(root.glob(f"{package}.*"))
