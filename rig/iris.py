"""The iris example as the workbench uses it: trained in a copy, wrapped, and called directly for comparison."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_iris

from rig.seldon import Matrix

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples/iris-sklearn"
CLASS = "IrisClassifier"
SPECIES = ["setosa", "versicolor", "virginica"]
#: The console script, as `pip install` puts it beside the interpreter.
MODELWRAP = str(Path(sys.executable).with_name("modelwrap"))


def train_copy(folder: Path) -> tuple[Path, str]:
    """Copies the example into `folder` and trains it there.

    Returns:
        The model folder, and the line that the training printed.
    """
    model_folder = folder / EXAMPLE.name
    shutil.copytree(EXAMPLE, model_folder, ignore=shutil.ignore_patterns("build", "__pycache__", "*.joblib"))
    result = subprocess.run(
        [sys.executable, "train.py"], cwd=model_folder, check=True, stdout=subprocess.PIPE, text=True
    )
    return model_folder, result.stdout.strip()


def flowers() -> Matrix:
    """The four measures of the 150 flowers, shape (150, 4), float64."""
    rows: Matrix = load_iris().data.astype(np.float64)
    return rows


def model_called_directly(model_folder: Path) -> Any:
    """The example's class, built as any Python program would build it, without modelwrap."""
    spec = importlib.util.spec_from_file_location(CLASS, model_folder / f"{CLASS}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with _working_in(model_folder):
        return getattr(module, CLASS)()


@contextlib.contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    """The example loads its model by a relative path."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
