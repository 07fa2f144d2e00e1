"""Where the benchmark keeps what it makes: environments of peers, and the folder of models that each server gets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rig.iris import EXAMPLE, ROOT

CACHE = ROOT / ".cache/bench"
PEERS = ROOT / "bench/peers"
_MODELS = ROOT / "bench/models"
UV = str(Path(sys.executable).with_name("uv"))


def model_folder(name: str, python: Path) -> Path:
    """A folder with all models, the iris example trained by this interpreter's own scikit-learn.

    Args:
        name: Whose folder it is.
        python: The interpreter that will load the models.
    """
    folder = CACHE / "models" / name
    folder.mkdir(parents=True, exist_ok=True)
    for source in (*_MODELS.glob("*.py"), EXAMPLE / "IrisClassifier.py", EXAMPLE / "train.py"):
        shutil.copy(source, folder)
    subprocess.run([str(python), "train.py"], cwd=folder, check=True, capture_output=True)
    return folder


def environment(requirements: Path) -> Path:
    """The interpreter of an environment with these requirements alone, made on first use and when they change.

    Raises:
        RuntimeError: It can't be made; the message says why.
    """
    folder = CACHE / requirements.stem
    done = folder / "requirements-installed.txt"
    python = folder / "bin/python"
    if done.exists() and done.read_bytes() == requirements.read_bytes():
        return python
    _uv("venv", "--clear", "--python", "3.11", str(folder))
    _uv("pip", "install", "--python", str(python), "--requirements", str(requirements))
    shutil.copy(requirements, done)
    return python


def _uv(*words: str) -> None:
    variables = {"UV_SYSTEM_CERTS": "1", **os.environ}
    result = subprocess.run([UV, *words], check=False, capture_output=True, text=True, env=variables)
    if result.returncode != 0:
        raise RuntimeError(f"uv {words[0]} failed: {result.stderr.strip().splitlines()[-1]}")
