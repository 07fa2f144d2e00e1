"""Whether TensorFlow is there."""

from __future__ import annotations

from importlib.util import find_spec

_TF_PRESENT = find_spec("tensorflow") is not None
_TF_MISSING = not _TF_PRESENT
_GCS_PRESENT = False
_GCS_MISSING = True
