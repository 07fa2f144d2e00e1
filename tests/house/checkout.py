"""The checkout as data for the house tests: its root, its files, its modules, and what each module imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that git tracks or would track: what a commit can carry to a stranger."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = (ROOT / name for name in listing.split("\0") if name)
    return tuple(path for path in found if path.is_file())


def text_files() -> Iterator[tuple[Path, str]]:
    """Yields each project file that is text, with its text."""
    for path in project_files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path.relative_to(ROOT), content.decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a package: who, what, and whether it happens when the module is loaded."""

    path: Path
    line: int
    package: str
    at_load: bool


def imports_of(path: Path) -> Iterator[Import]:
    """Yields the packages that one source file imports from outside modelwrap and the standard library."""
    for node, at_load in _walk(ast.parse(path.read_text(encoding="utf-8")), at_load=True):
        for name in _imported(node):
            package = name.partition(".")[0]
            if package != "modelwrap" and package not in sys.stdlib_module_names:
                yield Import(path.relative_to(ROOT), getattr(node, "lineno", 0), package, at_load)


def _walk(node: ast.AST, *, at_load: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        inside = at_load and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        inside = inside and not _is_type_checking(child)
        yield child, inside
        yield from _walk(child, at_load=inside)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module]
    return []
