"""The runtime's layer: this installation's own files, found whatever PYTHONPATH says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from layer_content import unpack
from modelwrap.image.cache import Cache
from modelwrap.image.runtime_files import runtime_files
from modelwrap.image.runtime_layer import runtime_layer
from modelwrap.image.target import PythonTarget

TARGET = PythonTarget(".".join(map(str, sys.version_info[:3])), "/usr/local/bin/python3")


def test_it_holds_the_runtimes_files_their_bytecode_and_the_line_that_finds_them(tmp_path: Path) -> None:
    content = unpack(runtime_layer(TARGET, Cache(tmp_path), bytecode=True).blob)
    for file in runtime_files():
        assert content[f"opt/modelwrap/{file.path}"].content == file.source.read_bytes()
    modules = {path for path in content if path.endswith(".py")}
    compiled = {path for path in content if path.endswith(".pyc")}
    assert len(modules) == len(compiled) > 50
    # PEP 552: Python looks whether the source is still the same, as in the Dockerfile's image.
    assert {content[path].content[4:8] for path in compiled} == {b"\x03\0\0\0"}
    line = content[f"opt/venv/lib/python{TARGET.minor}/site-packages/modelwrap.pth"].content
    assert line == b"/opt/modelwrap"


def test_without_bytecode_there_are_only_files(tmp_path: Path) -> None:
    content = unpack(runtime_layer(TARGET, Cache(tmp_path), bytecode=False).blob)
    assert not [path for path in content if path.endswith(".pyc")]


def test_its_files_need_nothing_else_of_modelwrap(tmp_path: Path) -> None:
    for file in runtime_files():
        place = tmp_path / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file.source, place)
    rooms = ("runtime.worker", "runtime.supervision.supervisor", "compat")
    loads = f"import {', '.join(f'modelwrap.{room}' for room in rooms)}; print(modelwrap.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", loads], check=True, capture_output=True, text=True, env=environment)
    assert Path(ran.stdout.strip()).is_relative_to(tmp_path)
