"""The methods of a class, found by reading.

Base classes are followed through the model folder. A base, decorator or metaclass from elsewhere may bring any
method, so such a class is taken at its word.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from modelwrap.project.modules import Binding, Imported, Module, Modules, stored_names

__all__ = ["Methods"]

#: Bases that are known to bring no method of any role.
_PLAIN_BASES = {
    ("builtins", "object"),
    ("abc", "ABC"),
    ("typing", "Generic"),
    ("typing", "Protocol"),
    ("seldon_core", "SeldonComponent"),
    ("seldon_core.user_model", "SeldonComponent"),
}


class Methods:
    """Collects the methods of one class and of the bases that can be followed.

    Attributes:
        found: Their names.
        is_complete: Whether these are all; False once something could not be followed.
    """

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._seen: set[int] = set()
        self.found: set[str] = set()
        self.is_complete = True

    def collect(self, binding: Binding, module: Module) -> None:
        """Adds the methods of the class that a name of a module stands for."""
        if id(binding) in self._seen:
            # A base met twice adds nothing; an import that leads back to itself leads nowhere.
            self.is_complete &= isinstance(binding, ast.ClassDef)
            return
        self._seen.add(id(binding))
        if isinstance(binding, ast.ClassDef):
            self._collect_class(binding, module)
        elif isinstance(binding, Imported) and binding.name:
            self._collect_imported(binding.module, binding.name)
        else:
            self.is_complete = False

    def _collect_class(self, definition: ast.ClassDef, module: Module) -> None:
        names = set(_defined_in(definition.body))
        self.found |= names
        if definition.decorator_list or definition.keywords or "__getattr__" in names:
            self.is_complete = False
        for base in definition.bases:
            self._collect_base(base, module)

    def _collect_base(self, base: ast.expr, module: Module) -> None:
        if isinstance(base, ast.Subscript):
            base = base.value
        match base:
            case ast.Name(id=name) if name in module.bindings:
                self.collect(module.bindings[name], module)
            case ast.Name(id=name) if ("builtins", name) in _PLAIN_BASES:
                pass
            case ast.Attribute(value=ast.Name(id=prefix), attr=name):
                source = module.bindings.get(prefix)
                if isinstance(source, Imported):
                    origin = source.module if source.name is None else f"{source.module}.{source.name}"
                    self._collect_imported(origin, name)
                else:
                    self.is_complete = False
            case _:
                self.is_complete = False

    def _collect_imported(self, module_name: str, name: str) -> None:
        if (module_name, name) in _PLAIN_BASES:
            return
        module = self._modules.find(module_name)
        binding = module.bindings.get(name) if module else None
        if module and binding:
            self.collect(binding, module)
        else:
            self.is_complete = False


def _defined_in(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.If | ast.Try):
            yield from _defined_in([*statement.body, *statement.orelse])
        else:
            yield from stored_names(statement)
