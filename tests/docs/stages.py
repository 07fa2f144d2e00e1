"""Where the reader of a page stands when it begins: a clean copy of what the page takes for granted."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

from bases import AMD64, ARM64, write_base
from builds import PYTHON
from cli.command_line import write
from modelwrap.image.runtime_files import package_name, runtime_requirements
from rig.iris import EXAMPLE, ROOT
from wheels import make_wheel

_EXAMPLES = ROOT / "examples"
_MADE = shutil.ignore_patterns("build", "__pycache__", "*.joblib")

#: The class that the how-to pages speak of, without its framework.
_MNIST = {
    "mnist/MnistClassifier.py": """\
import numpy as np


class MnistClassifier:
    def predict(self, X, feature_names):
        return np.asarray(X, dtype=float) / 255
""",
    "mnist/requirements.txt": "numpy\n",
    "mnist/contract.json": '{"features": [{"name": "x", "ftype": "continuous", "range": [0, 255], "repeat": 4}]}\n',
}


def pages() -> Iterator[Path]:
    """Every page whose commands a reader may type."""
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))
    yield from sorted(_EXAMPLES.glob("*/README.md"))


def set_out(page: Path, folder: Path) -> Path:
    """Prepare a folder for the reader of a page and return where the reader stands."""
    folder.mkdir()
    if page.is_relative_to(_EXAMPLES):
        return _copy(page.parent, folder / page.parent.name)
    prepare = _STAGES.get(page.relative_to(ROOT).as_posix())
    if prepare is not None:
        prepare(folder)
    return folder


def _copy(example: Path, target: Path) -> Path:
    shutil.copytree(example, target, ignore=_MADE)
    return target


def _checkout(folder: Path) -> None:
    """The examples, and an environment to activate."""
    _copy(_EXAMPLES, folder / "examples")
    (folder / ".venv").symlink_to(sys.prefix, target_is_directory=True)


def _mnist(folder: Path) -> None:
    write(folder, _MNIST)


def _mnist_and_router(folder: Path) -> None:
    _mnist(folder)
    _router(folder)


def _router(folder: Path) -> None:
    _copy(_EXAMPLES / "epsilon-greedy", folder / "router")


def _my_model(folder: Path) -> None:
    _mnist(folder)
    (folder / "mnist").rename(folder / "my-model")


def _iris_and_index(folder: Path) -> None:
    _iris(folder)
    for package in ("h2corn", "joblib", "numpy", "orjson", "prometheus_client", "scikit_learn"):
        _write_wheel(index_of(folder), package)


def _offline_iris(folder: Path) -> None:
    """The example, a base image by its files, and a wheel of each package."""
    _copy(EXAMPLE, folder / "iris")
    write_base(folder / "python", AMD64, ARM64, python=PYTHON)
    for package in (*map(package_name, runtime_requirements()), "joblib", "scikit-learn"):
        make_wheel(folder / "wheels", package, {}, version="99.0")


def index_of(folder: Path) -> Path:
    """The folder of wheels that pip and uv take for the index, where a stage needs one."""
    return folder.with_name("index")


def _write_wheel(index: Path, package: str) -> None:
    """A wheel that holds nothing, in a version above every floor."""
    index.mkdir(exist_ok=True)
    about = f"{package}-99.dist-info"
    with ZipFile(index / f"{package}-99-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 99\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")


def _iris(folder: Path) -> None:
    _copy(EXAMPLE, folder / "iris")
    (folder / "iris/iris.joblib").touch()


_STAGES: dict[str, Callable[[Path], None]] = {
    "README.md": _checkout,
    "docs/how-to/build-without-docker.md": _offline_iris,
    "docs/how-to/deploy-on-kubernetes.md": _iris,
    "docs/how-to/deploy-on-seldon-core-1.md": _iris,
    "docs/how-to/install-from-private-places.md": _iris_and_index,
    "docs/how-to/move-from-seldon-core.md": _my_model,
    "docs/how-to/take-part-in-a-graph.md": _router,
    "docs/how-to/test-a-model.md": _mnist_and_router,
    "docs/how-to/wrap-a-model.md": _mnist,
}
