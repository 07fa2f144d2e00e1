"""What `pip install modelwrap` brings: the wheel holds the whole package and nothing of the workshop."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from house.checkout import ROOT, SRC, project_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    expected = {str(path.relative_to(SRC)) for path in project_files() if path.is_relative_to(SRC)}
    assert expected <= set(wheel.namelist())
    assert "modelwrap/py.typed" in wheel.namelist()


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    others = [n for n in wheel.namelist() if not n.startswith("modelwrap/") and ".dist-info/" not in n]
    assert others == []
    assert [n for n in wheel.namelist() if "__pycache__" in n] == []


def test_the_wheel_carries_licence_and_commands(wheel: zipfile.ZipFile) -> None:
    names = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    assert "Apache License" in wheel.read(names["LICENSE"]).decode()
    commands = wheel.read(names["entry_points.txt"]).decode()
    assert "modelwrap = modelwrap.cli.main:main" in commands
    assert "modelwrap-runtime = modelwrap.runtime.__main__:main" in commands


def test_the_wheel_wraps_a_folder_as_the_checkout_does(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "Twice.py").write_text("class Twice:\n    def predict(self, X, names):\n        return X * 2\n")
    wheel.extractall(tmp_path / "installed")
    by_wheel = wrapped_by(tmp_path / "installed", model, tmp_path / "by-wheel")
    assert by_wheel == wrapped_by(SRC, model, tmp_path / "by-checkout")
    assert "runtime/modelwrap/runtime/__main__.py" in by_wheel


def wrapped_by(package: Path, model: Path, out: Path) -> dict[str, bytes]:
    """What `modelwrap` from this folder writes for a model folder: path -> content."""
    command = [sys.executable, "-m", "modelwrap", str(model), "Twice", "1", "ann", "--out-folder", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=package)
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
