"""A model folder as the guide's reader has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command_line import write
from cli.digest_table import ROWS, Rows

CLASS = """
import numpy


class MnistClassifier(object):
    def __init__(self):
        self.offset = float(open("offset.txt").read())

    def predict(self, X, feature_names):
        return numpy.asarray(X) + self.offset
"""


@pytest.fixture(scope="session")
def digests(pytestconfig: pytest.Config) -> Rows:
    """Where tests enter the digests that they found."""
    return pytestconfig.stash.setdefault(ROWS, [])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that serves as it is."""
    return write(tmp_path / "model", {"MnistClassifier.py": CLASS, "offset.txt": "1", "requirements.txt": "numpy\n"})
