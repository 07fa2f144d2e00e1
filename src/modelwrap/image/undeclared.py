"""Imports of a model that no line of its requirements brings: the image would be built, and fail when it starts.

A package comes by its own name, or as a dependency of another, and only an index knows all of those. So this speaks of
well-known packages alone, and only where everything that the requirements name is well known too and brings it in no
version. In doubt it is silent: a wrong alarm costs more than none, since the server names what is missing all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwrap.image.requirements import REQUIREMENTS_FILE, Requirements
from modelwrap.project.imports import read_imports
from modelwrap.project.reading import Project

__all__ = ["undeclared_imports"]

#: What is imported by another name than it is installed by; the first is the one to write.
_DISTRIBUTIONS = {
    "PIL": ("pillow", "pillow-simd"),
    "bs4": ("beautifulsoup4",),
    "cv2": (
        "opencv-python-headless",
        "opencv-python",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "dateutil": ("python-dateutil",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml"),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tf-nightly"),
    "xgboost": ("xgboost", "xgboost-cpu"),
    "yaml": ("pyyaml",),
}
#: Well-known packages that are imported by the name they are installed by.
_NAMESAKES = frozenset(
    [
        "catboost",
        "jax",
        "joblib",
        "keras",
        "lightgbm",
        "matplotlib",
        "nltk",
        "onnx",
        "pandas",
        "polars",
        "pyarrow",
        "requests",
        "scipy",
        "seaborn",
        "spacy",
        "statsmodels",
        "torch",
        "torchvision",
        "transformers",
    ]
)
#: Options whose addresses are where packages are looked for, not packages.
_INDEXES = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links")

_ARRAYS = "numpy"
_SCIENCE = "numpy scipy"
_FRAMES = "numpy pandas python-dateutil pytz six tzdata"
_WEB = "certifi charset-normalizer idna requests urllib3"
_KERAS = "absl-py h5py keras markdown-it-py mdurl ml-dtypes namex numpy optree packaging pygments rich"
_TENSORFLOW = (
    f"{_KERAS} {_WEB} astunparse flatbuffers grpcio markdown pillow protobuf scipy six tensorboard werkzeug wrapt"
)
_TORCH = "filelock fsspec jinja2 markupsafe mpmath networkx numpy setuptools sympy typing-extensions"
_PLOTS = f"{_FRAMES} contourpy cycler fonttools kiwisolver matplotlib packaging pillow pyparsing"
#: What a well-known package may bring, by any of its versions and on any platform, beside itself.
_BRINGS: dict[str, frozenset[str]] = {
    name: frozenset(brought.split())
    for name, brought in {
        "beautifulsoup4": "soupsieve typing-extensions",
        "catboost": f"{_PLOTS} {_SCIENCE} graphviz plotly",
        "joblib": "",
        "keras": _KERAS,
        "lightgbm": f"{_SCIENCE} joblib scikit-learn threadpoolctl",
        "matplotlib": _PLOTS,
        "numpy": "",
        "onnx": f"{_ARRAYS} ml-dtypes protobuf typing-extensions",
        "onnxruntime": f"{_ARRAYS} coloredlogs flatbuffers humanfriendly mpmath packaging protobuf sympy",
        "opencv-contrib-python": _ARRAYS,
        "opencv-contrib-python-headless": _ARRAYS,
        "opencv-python": _ARRAYS,
        "opencv-python-headless": _ARRAYS,
        "pandas": _FRAMES,
        "pillow": "",
        "polars": "",
        "pyarrow": _ARRAYS,
        "python-dateutil": "six",
        "pyyaml": "",
        "requests": _WEB,
        "scikit-image": f"{_SCIENCE} imageio lazy-loader networkx packaging pillow pywavelets pyyaml tifffile",
        "scikit-learn": f"{_SCIENCE} joblib narwhals threadpoolctl",
        "scipy": _ARRAYS,
        "seaborn": f"{_PLOTS} {_SCIENCE} statsmodels patsy",
        "statsmodels": f"{_FRAMES} packaging patsy scipy",
        "tensorflow": _TENSORFLOW,
        "tensorflow-cpu": _TENSORFLOW,
        "torch": _TORCH,
        "torchvision": f"{_TORCH} {_WEB} pillow torch",
        "xgboost": _SCIENCE,
        "xgboost-cpu": _SCIENCE,
    }.items()
}


def undeclared_imports(project: Project, requirements: Requirements, base_image: str) -> Iterator[str]:
    """A note for each well-known package that the class imports and that nothing brings into the image.

    Args:
        project: The model folder and its class.
        requirements: What it asks for.
        base_image: What the image stands on; only Python's own images are known to bring no packages.
    """
    if not _is_plain(base_image) or requirements.local or requirements.link_folders:
        return
    if not requirements.names <= _BRINGS.keys() or _has_unnamed_lines(requirements):
        return
    brought = requirements.names.union(*(_BRINGS[name] for name in requirements.names))
    for name, place in read_imports(project.root, project.model.file).items():
        distributions = _DISTRIBUTIONS.get(name) or ((name,) if name in _NAMESAKES else ())
        if distributions and brought.isdisjoint(distributions):
            yield (
                f"{place} imports {name}, which nothing in {REQUIREMENTS_FILE} brings\n"
                f"if the model needs it, add a line: {distributions[0]}"
            )


def _is_plain(base_image: str) -> bool:
    return re.fullmatch(r"(docker\.io/)?(library/)?python([:@].*)?", base_image) is not None


def _has_unnamed_lines(requirements: Requirements) -> bool:
    """Whether a line may bring what its name does not tell: an address, or extras."""
    lines = (line.text.partition(";")[0] for line in requirements.lines)
    return any("[" in text or ("://" in text and not text.startswith(_INDEXES)) for text in lines)
