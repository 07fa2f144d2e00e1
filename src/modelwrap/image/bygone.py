"""Releases that can't be installed with any Python of today, or can't be imported there: said before a build fails.

Only what is certain stands here: packages that come as wheels alone, none of which fits, and Keras of before 2.4, which
is plain Python and installs, but runs on a backend of its time. Whatever else is too old, pip says.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelwrap.image.floors import is_below
from modelwrap.value import Value

__all__ = ["what_instead"]


class _Bygone(Value):
    """What is over: everything below a version, why, and what to write instead."""

    below: str
    reason: str
    instead: str


_NO_WHEEL = "no wheel of a version below {below} fits a Python of today"
_TENSORFLOW = _Bygone(
    "2.12", _NO_WHEEL, "write {name}; what TensorFlow 1 saved as a SavedModel is still opened by tf.saved_model.load"
)
#: By the first version that has wheels for Python 3.11, the lowest that the runtime takes; as the index lists them.
_BYGONE: Mapping[str, _Bygone] = {
    "keras": _Bygone(
        "2.4",
        "it needs a TensorFlow or Theano of its time, which no Python of today has",
        "write keras, and jax or tensorflow beside it; .h5 files are still opened, or train again",
    ),
    "tensorflow": _TENSORFLOW,
    "tensorflow-cpu": _TENSORFLOW,
    "tensorflow-gpu": _Bygone(
        "2.12", "the package is given up, and no version of it fits a Python of today", "write tensorflow"
    ),
    "torch": _Bygone("1.13", _NO_WHEEL, "write {name}; weights that it saved are still opened by torch.load"),
    "onnxruntime": _Bygone("1.14", _NO_WHEEL, "write {name}; it runs older models as they are"),
}


def what_instead(name: str, versions: str) -> str | None:
    """Why no version that a requirement admits can be served, and what to write instead; None where one may.

    Args:
        name: The package, normalized.
        versions: What the requirement says of versions: `==2.0.6`.
    """
    found = _BYGONE.get(name)
    if found is None or not is_below(versions, found.below):
        return None
    return f"{found.reason}; {found.instead}".format(name=name, below=found.below)
