"""The runtime lives in the user's image: it may bring only the packages that the design allows, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from house.checkout import SRC, Import, imports_of

#: What an image receives with the runtime.
ALLOWED = {"h2corn", "numpy", "orjson", "prometheus_client"}
#: What the runtime may use when the image has it, and therefore imports only inside the function that needs it.
OPTIONAL = {"google", "redis", "simdjson"}
#: The same for modelwrap as a whole, where `pip install modelwrap` brings click too.
BASE = ALLOWED | {"click"}
BUILD_EXTRA = {"packaging", "rich", "urllib3", "uv", "yaml", "zlib_ng"}

LIST_FOREIGN_MODULES = """
import importlib, json, pkgutil, sys
before = set(sys.modules)
def load(name):
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        load(f"{name}.{found.name}")
load(sys.argv[1]) if sys.argv[2] == "deep" else importlib.import_module(sys.argv[1])
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
files = {r: getattr(sys.modules.get(r), "__file__", None) or "" for r in roots}
print(json.dumps(sorted(r for r, f in files.items() if "site-packages" in f)))
"""


def packages_loaded_by(module: str, *, deep: bool) -> set[str]:
    command = [sys.executable, "-c", LIST_FOREIGN_MODULES, module, "deep" if deep else "shallow"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout))


def runtime_imports() -> list[Import]:
    hall = [SRC / "modelwrap" / name for name in ("value.py", "errors.py", "contract.py")]
    files = [*hall, *(SRC / "modelwrap/runtime").rglob("*.py")]
    return [found for path in sorted(files) for found in imports_of(path)]


def offences(found: Iterable[Import], allowed: set[str]) -> list[str]:
    return [f"{i.path}:{i.line} imports {i.package}" for i in found if i.package not in allowed]


def test_the_runtime_imports_at_load_only_what_an_image_receives() -> None:
    assert offences((i for i in runtime_imports() if i.at_load), ALLOWED) == []


def test_the_runtime_names_no_package_outside_its_allowance_even_lazily() -> None:
    assert offences(runtime_imports(), ALLOWED | OPTIONAL) == []


def test_every_package_that_modelwrap_names_is_a_declared_dependency() -> None:
    found = [i for path in sorted((SRC / "modelwrap").rglob("*.py")) for i in imports_of(path)]
    assert offences((i for i in found if i.at_load), BASE | BUILD_EXTRA) == []


def test_loading_the_whole_runtime_loads_no_other_package() -> None:
    assert packages_loaded_by("modelwrap.runtime", deep=True) <= ALLOWED


@pytest.mark.parametrize("module", ["modelwrap.runtime.__main__", "modelwrap.runtime.supervision.supervisor"])
def test_the_supervisor_loads_no_package(module: str) -> None:
    assert packages_loaded_by(module, deep=False) == set()


@pytest.mark.parametrize(
    "module",
    ["asyncio", "email", "modelwrap.runtime.codecs", "modelwrap.runtime.component", "modelwrap.runtime.message"],
)
def test_the_supervisor_loads_nothing_of_a_worker(module: str) -> None:
    supervisor = "modelwrap.runtime.__main__, modelwrap.runtime.supervision.supervisor"
    program = f"import sys, {supervisor}; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_worker_begins_with_the_packages_that_every_request_needs() -> None:
    assert packages_loaded_by("modelwrap.runtime.worker", deep=False) == {"h2corn", "numpy", "orjson"}


def test_importing_modelwrap_loads_no_package_at_all() -> None:
    assert packages_loaded_by("modelwrap", deep=False) == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch", [("torch", True)]),
        ("def f():\n    from redis import Redis", [("redis", False)]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import grpc", [("grpc", False)]),
        ("import json\nfrom modelwrap import errors\nfrom . import message", []),
    ],
)
def test_the_reader_of_imports_sees_what_is_loaded_and_when(
    source: str, expected: list[tuple[str, bool]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("house.checkout.ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(source)
    assert [(i.package, i.at_load) for i in imports_of(module)] == expected
