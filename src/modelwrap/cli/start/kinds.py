"""Every kind of folder that `modelwrap init` can write, in one table; it reads the texts and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from modelwrap.contract import Role
from modelwrap.value import Value

__all__ = ["FRAMEWORKS", "Kind", "files_of", "kind_of"]

_TEXTS = Path(__file__).with_name("texts")

_NUMBERS = {"name": "x", "dtype": "FLOAT", "ftype": "continuous", "range": [0, 10], "repeat": 4}
_CHANCES = [{"name": name, "dtype": "FLOAT", "ftype": "continuous", "range": [0, 1]} for name in ("small", "large")]
#: Without the parts for GPUs, which weigh more than all the rest, where there are such builds.
_XGBOOST = ('xgboost-cpu; sys_platform == "linux"', 'xgboost; sys_platform != "linux"')
_CPU_BUILD = 'sys_platform == "linux" and platform_machine == "x86_64"'
_OTHER_BUILD = 'sys_platform != "linux" or platform_machine != "x86_64"'
_TENSORFLOW = (f"tensorflow-cpu; {_CPU_BUILD}", f"tensorflow; {_OTHER_BUILD}")
_SUM = {"name": "sum", "dtype": "FLOAT", "ftype": "continuous", "range": [-10, 50]}


class Kind(Value):
    """A folder to begin with.

    Attributes:
        text: The name of its texts.
        about: What the class does, as its README says it after "which".
        requirements: The packages that the class needs.
        targets: The outputs, as `contract.json` lists them.
        features: The inputs, as `contract.json` lists them.
        artefact: What `train.py` writes; empty where nothing has to be trained.
        training: Packages that only `train.py` needs.
    """

    text: str
    about: str
    requirements: tuple[str, ...]
    targets: tuple[Mapping[str, Any], ...]
    features: tuple[Mapping[str, Any], ...] = (_NUMBERS,)
    artefact: str = ""
    training: tuple[str, ...] = ()


def _classifier(text: str, artefact: str, *requirements: str) -> Kind:
    return Kind(
        text, "tells whether the sum of four numbers is large", requirements, tuple(_CHANCES), artefact=artefact
    )


def _regression(text: str, artefact: str, *requirements: str, training: tuple[str, ...] = ()) -> Kind:
    return Kind(text, "guesses the sum of four numbers", requirements, (_SUM,), artefact=artefact, training=training)


#: By the word of `--framework`.
FRAMEWORKS: Mapping[str, Kind] = {
    "sklearn": _classifier("sklearn", "model.joblib", "joblib", "scikit-learn"),
    "xgboost": _classifier("xgboost", "model.json", *_XGBOOST),
    "statsmodels": _regression("statsmodels", "model.pickle", "statsmodels"),
    "keras": _classifier("keras", "model.keras", "jax", "keras"),
    "tensorflow": _classifier("tensorflow", "model", *_TENSORFLOW),
    "pytorch": _classifier("pytorch", "model.pt2", "numpy", "torch"),
    "onnx": _regression("onnx", "model.onnx", "onnxruntime", training=("onnx",)),
}

#: By service type, where no framework is asked for.
_ROLES: Mapping[Role, Kind] = {
    Role.MODEL: Kind("model", "adds up the numbers of each row", ("numpy",), (_SUM,)),
    Role.ROUTER: Kind(
        "router",
        "sends a request to one of two children, by the sum of its first row",
        ("numpy",),
        ({"name": "branch", "dtype": "INT", "ftype": "continuous", "range": [0, 1]},),
    ),
    Role.COMBINER: Kind("combiner", "answers with the mean of what its children answered", ("numpy",), (_NUMBERS,)),
    Role.TRANSFORMER: Kind(
        "transformer",
        "brings numbers from 0 to 10 between 0 and 1, before a model gets them",
        ("numpy",),
        ({**_NUMBERS, "range": [0, 1]},),
    ),
    Role.OUTPUT_TRANSFORMER: Kind(
        "output_transformer",
        "turns the chances that a model answers with into the number of the likeliest",
        ("numpy",),
        ({"name": "likeliest", "dtype": "INT", "ftype": "continuous", "range": [0, 3]},),
        ({**_NUMBERS, "range": [0, 1]},),
    ),
    Role.OUTLIER_DETECTOR: Kind(
        "outlier_detector", "scores how far from the usual a request is, and passes it on", ("numpy",), (_NUMBERS,)
    ),
}


def kind_of(framework: str | None, role: Role) -> Kind:
    """The folder for a framework, or for a service type where none is named."""
    return _ROLES[role] if framework is None else FRAMEWORKS[framework]


def files_of(kind: Kind, class_name: str, role: Role) -> dict[str, str]:
    """The files of a new folder, name to text, the class first."""
    words = {"Model": class_name}
    files = {f"{class_name}.py": _text(f"{kind.text}.py", words)}
    if kind.artefact:
        files["train.py"] = _text(f"{kind.text}.train.py", words)
    files["requirements.txt"] = "".join(f"{package}\n" for package in kind.requirements)
    files["contract.json"] = _contract(kind)
    files["README.md"] = _readme(kind, class_name, role)
    return files


def _text(name: str, words: Mapping[str, str]) -> str:
    return Template((_TEXTS / f"{name}.txt").read_text(encoding="utf-8")).substitute(words)


def _contract(kind: Kind) -> str:
    """A feature a line, as people write it."""
    lists = {"features": kind.features, "targets": kind.targets}
    parts = (
        f'  "{title}": [\n' + ",\n".join(f"    {json.dumps(entry)}" for entry in entries) + "\n  ]"
        for title, entries in lists.items()
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _readme(kind: Kind, class_name: str, role: Role) -> str:
    option = "" if role is Role.MODEL else f" --service-type {role}"
    words = {
        "Model": class_name,
        "about": kind.about,
        "rows": _text("trained.rows.md", {"artefact": kind.artefact}) if kind.artefact else "",
        "before": f"{install('.', kind)}\npython train.py\n" if kind.artefact else "",
        "option": option,
    }
    return _text("README.md", words)


def install(folder: str, kind: Kind) -> str:
    """The command that installs what training and serving need.

    Args:
        folder: The folder as a shell reads it; `.` for the working directory.
        kind: What is in it.
    """
    path = "requirements.txt" if folder == "." else f"{folder}/requirements.txt"
    return " ".join(["pip install -r", path, *kind.training])
