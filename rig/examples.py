"""The examples, one for each framework: trained, wrapped, and put beside the runtime in an environment of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rig.environments import installed, make_newest
from rig.iris import ROOT
from rig.seldon import Matrix
from rig.wrapped import MODEL_REQUIREMENTS, RUNTIME_REQUIREMENTS, wrap

#: What training leaves behind, beside what every run leaves.
_MADE = ("build", "__pycache__", "*.joblib", "*.h5", "*.keras", "*.onnx", "*.pickle", "*.pt2", "*.ubj", "digits")
_DONE = "prepared.txt"
_DIRECT = Path(__file__).with_name("direct.py")
#: Numbers in the largest question: 12 MB on gRPC, some 10 MB of JSON.
_LARGE = 1_500_000


@dataclass(frozen=True, slots=True)
class Example:
    """One folder of `examples`.

    Attributes:
        folder: Its name.
        framework: What it shows.
        model: The class.
        packages: The packages that are the framework, whichever of them its requirements bring here.
        is_heavy: Whether its packages are too big to be installed for every change.
        cpu_builds: Packages whose ordinary build is for CUDA.
        tolerance: How far an answer may be from the class called directly: zero, unless a framework sums in an order
            that depends on threads or the length of a batch.
    """

    folder: str
    framework: str
    model: str
    packages: tuple[str, ...]
    is_heavy: bool = False
    cpu_builds: tuple[str, ...] = ()
    tolerance: float = 0.0

    @property
    def path(self) -> Path:
        """Where it is."""
        return ROOT / "examples" / self.folder


EXAMPLES = (
    Example("iris-sklearn", "scikit-learn", "IrisClassifier", ("scikit-learn",)),
    Example("tumour-xgboost", "XGBoost", "TumourClassifier", ("xgboost-cpu", "xgboost")),
    Example("grades-statsmodels", "StatsModels", "GradeForecast", ("statsmodels",)),
    Example("mnist-onnx", "ONNX Runtime", "DigitClassifier", ("onnxruntime",), tolerance=1e-6),
    Example("mnist-keras", "Keras, .h5", "MnistClassifier", ("keras", "jax"), is_heavy=True, tolerance=1e-6),
    Example("mnist-keras-native", "Keras, .keras", "DigitClassifier", ("keras", "jax"), is_heavy=True, tolerance=1e-6),
    Example(
        "mnist-tensorflow",
        "TensorFlow, SavedModel",
        "DigitClassifier",
        ("tensorflow-cpu", "tensorflow"),
        is_heavy=True,
        tolerance=1e-6,
    ),
    Example(
        "mnist-pytorch",
        "PyTorch",
        "DigitClassifier",
        ("torch",),
        is_heavy=True,
        cpu_builds=("torch",),
        tolerance=1e-6,
    ),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An example that can be served.

    Attributes:
        example: Which.
        wrapped: The folder that the guide's command made of it.
        python: The interpreter of an environment with its requirements and the runtime's, and nothing else.
        told: The line that its training printed, with the time that it took.
    """

    example: Example
    wrapped: Path
    python: Path
    told: str

    @property
    def versions(self) -> dict[str, str]:
        """The framework's own packages with the versions that are served, by name."""
        found = installed(self.python)
        return {name: found[name].version for name in self.example.packages if name in found}

    def asked_directly(self, questions: dict[str, Matrix]) -> dict[str, Matrix]:
        """What the class answers in the same environment without any server."""
        asked, answered = self.wrapped / "questions.npz", self.wrapped / "answers.npz"
        np.savez(asked, **questions)  # type: ignore[arg-type]
        command = [str(self.python), str(_DIRECT), self.example.model, str(asked), str(answered)]
        _run(command, cwd=self.wrapped / "model")
        with np.load(answered) as answers:
            return {name: answers[name] for name in answers.files}


def prepare(example: Example, place: Path) -> Prepared:
    """Trains a copy of an example, wraps it, and makes the environment that serves it.

    Args:
        example: Which.
        place: A folder for all that; what is there already is replaced.
    """
    shutil.rmtree(place, ignore_errors=True)
    folder = place / example.folder
    shutil.copytree(example.path, folder, ignore=shutil.ignore_patterns(*_MADE))
    training = folder / "requirements-train.txt"
    requirements = training if training.exists() else folder / "requirements.txt"
    python = make_newest(place / "training", requirements, cpu_builds=example.cpu_builds)
    began = time.monotonic()
    told = _run([str(python), "train.py"], cwd=folder)
    told = f"{told.strip().splitlines()[-1]} ({time.monotonic() - began:.1f} s)"
    wrapped = wrap(folder, "registry.example/examples", model=example.model)
    files = [wrapped / MODEL_REQUIREMENTS, wrapped / RUNTIME_REQUIREMENTS]
    serving = make_newest(place / "serving", *files, cpu_builds=example.cpu_builds)
    (place / _DONE).write_text(told, encoding="utf-8")
    return Prepared(example, wrapped, serving, told)


def reuse(example: Example, place: Path) -> Prepared | None:
    """What `prepare` made of an example in a folder before; None where it did not come to its end there."""
    done = place / _DONE
    if not done.exists():
        return None
    wrapped = place / example.folder / "build"
    return Prepared(example, wrapped, place / "serving/bin/python", done.read_text(encoding="utf-8"))


def questions(example: Example) -> dict[str, Matrix]:
    """Random batches of one row, a few, many, and of megabytes, within the ranges of the example's contract."""
    features = json.loads((example.path / "contract.json").read_text(encoding="utf-8"))["features"]
    ranges = np.array([each["range"] for each in features for _ in range(each.get("repeat", 1))], dtype=np.float64)
    low, high = ranges.T
    random = np.random.default_rng(8)
    lengths = {"one": 1, "few": 5, "many": 256, "large": _LARGE // len(ranges)}
    # Four decimals, as measured values have; more would only lengthen the JSON.
    return {name: random.uniform(low, high, (rows, len(ranges))).round(4) for name, rows in lengths.items()}


def distance(answer: Matrix, expected: Any) -> float:
    """The largest difference between an answer and what it should be; infinite where their shapes differ."""
    if answer.shape != expected.shape:
        return float("inf")
    return float(np.max(np.abs(answer - expected), initial=0.0))


def _run(command: list[str], cwd: Path) -> str:
    result = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True, env=dict(os.environ))
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stderr[-4000:]}")
    return result.stdout
