"""A model folder as the guide's reader has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command_line import write

CLASS = """
import numpy


class MnistClassifier(object):
    def __init__(self):
        self.offset = float(open("offset.txt").read())

    def predict(self, X, feature_names):
        return numpy.asarray(X) + self.offset
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that serves as it is."""
    return write(tmp_path / "model", {"MnistClassifier.py": CLASS, "offset.txt": "1", "requirements.txt": "numpy\n"})
