"""Which imports of a model its requirements do not bring: said where it is certain, and nowhere else."""

from __future__ import annotations

import pytest

from unit.image.conftest import Planner

CLASS = "\nclass M:\n    def predict(self, X, names): ...\n"


@pytest.mark.parametrize(
    ("imports", "requirements", "package", "line"),
    [
        ("import sklearn.ensemble", "pandas\n", "sklearn", "scikit-learn"),
        ("from sklearn import svm", "numpy==2.1\n", "sklearn", "scikit-learn"),
        ("import pandas as pd", "scikit-learn\njoblib\n", "pandas", "pandas"),
        ("import cv2", "pillow\n", "cv2", "opencv-python-headless"),
        ("from PIL import Image", "numpy\n", "PIL", "pillow"),
        ("import yaml", "requests>=2\n", "yaml", "pyyaml"),
        ("import torch.nn.functional as F", "--index-url https://index.example/simple\nnumpy\n", "torch", "torch"),
        ("import xgboost", "# nothing\n", "xgboost", "xgboost"),
        ("with open('x') as f:\n    import scipy", "joblib\n", "scipy", "scipy"),
    ],
)
def test_an_import_that_nothing_brings_is_noted_with_the_line_to_write(
    imports: str, requirements: str, package: str, line: str, plan: Planner
) -> None:
    (note,) = plan(**{"M.py": imports + CLASS, "requirements.txt": requirements}).notes
    number = imports.count("\n") + 1
    assert note == (
        f"M.py:{number} imports {package}, which nothing in requirements.txt brings\n"
        f"if the model needs it, add a line: {line}"
    )


@pytest.mark.parametrize(
    ("imports", "requirements"),
    [
        ("import numpy", ""),  # the server's own
        ("import json, types", ""),
        ("import sklearn", "Scikit_Learn>=1.2\n"),
        ("import joblib, scipy.stats", "scikit-learn\n"),  # brought by what is named
        ("import pandas, scipy", "statsmodels\n"),
        ("import keras, h5py", "tensorflow-cpu\n"),
        ("import cv2", "opencv-contrib-python\n"),
        ("import xgboost", "xgboost-cpu\n"),
        ("import sklearn", "their-models\n"),  # which may bring anything
        ("import sklearn", "mlflow==2.9\n"),
        ("import sklearn", "git+https://git.example/x.git\n"),
        ("import sklearn", "numpy @ https://files.example/x.whl\n"),
        ("import scipy", "pandas[all]\n"),
        ("import company_models", "numpy\n"),  # nobody knows what brings it
        ("try:\n    import pandas\nexcept ImportError:\n    pandas = None", "numpy\n"),
        ("import typing\nif typing.TYPE_CHECKING:\n    import pandas", "numpy\n"),
        ("def train():\n    import matplotlib.pyplot", "numpy\n"),
    ],
)
def test_in_doubt_nothing_is_said(imports: str, requirements: str, plan: Planner) -> None:
    assert plan(**{"M.py": imports + CLASS, "requirements.txt": requirements}).notes == ()


@pytest.mark.parametrize("base", ["tensorflow/tensorflow:2.15.0", "registry.example/team/python:3.12", "oci:./base"])
def test_another_base_may_have_brought_it(base: str, plan: Planner) -> None:
    files = {"M.py": f"import sklearn{CLASS}", "requirements.txt": "numpy\n"}
    assert plan(base=base, **files).notes == ()
    assert len(plan(base="docker.io/library/python:3.12-slim", **files).notes) == 1


def test_a_wheel_of_the_folder_may_bring_anything(plan: Planner) -> None:
    files = {"M.py": f"import sklearn{CLASS}", "wheels/numpy-2.0-py3-none-any.whl": ""}
    assert plan(**files, **{"requirements.txt": "./wheels/numpy-2.0-py3-none-any.whl\n"}).notes == ()
    assert plan(**files, **{"requirements.txt": "--find-links wheels\nnumpy\n"}).notes == ()


def test_imports_are_followed_through_the_folder_and_each_package_is_noted_once(plan: Planner) -> None:
    made = plan(
        **{
            "M.py": "import steps\nfrom parts.rows import clean\nimport pandas" + CLASS,
            "steps.py": "import M\nimport pandas\n",  # in a circle
            "parts/__init__.py": "from . import shapes",
            "parts/rows.py": "from .. import parts\nimport yaml\n",
            "parts/shapes.py": "import scipy",
            "apart.py": "import torch",  # nobody imports it
            "requirements.txt": "numpy\n",
        }
    )
    places = sorted(note.partition(",")[0] for note in made.notes)
    assert places == ["M.py:3 imports pandas", "parts/rows.py:2 imports yaml", "parts/shapes.py:1 imports scipy"]


def test_a_module_of_the_folder_is_not_the_package_of_its_name(plan: Planner) -> None:
    source = "import pandas, seaborn, yaml" + CLASS
    own = {"pandas.py": "", "seaborn/plots.py": "", "yaml.cpython-311-x86_64-linux-gnu.so": ""}
    assert plan(**{"M.py": source, **own, "requirements.txt": "numpy\n"}).notes == ()


def test_a_module_that_does_not_parse_is_passed_over(plan: Planner) -> None:
    files = {"M.py": f"import broken\nimport pandas{CLASS}", "broken.py": "import (\n"}
    (note,) = plan(**files, **{"requirements.txt": "numpy\n"}).notes
    assert note.startswith("M.py:2 imports pandas")
