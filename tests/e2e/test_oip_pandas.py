"""Content type `pd` with the real pandas: columns in, columns out, over every wire."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oip import WIRES, ask, of
from rig.iris import ROOT
from serving import Served

_UV = str(Path(sys.executable).with_name("uv"))
pytestmark = pytest.mark.timeout(600)


def test_a_frame_goes_in_and_a_frame_comes_out(tmp_path: Path) -> None:
    site = tmp_path / "site"
    # NumPy is the lock's own, beside which this is put.
    packages = ["pandas", "python-dateutil", "pytz", "tzdata", "six"]
    install = [_UV, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--target", str(site)]
    subprocess.run([*install, *packages], check=True)
    model = tmp_path / "model"
    model.mkdir()
    source = (ROOT / "tests/clients/oip/Frame.py").read_text()
    columns = (
        of(np.array([1.5, 2.5]), "a"),
        of(np.array([1, 2], np.int32), "b"),
        of(np.array(["x", "y"], object), "kind"),
    )
    with Served(model, "Frame", files={"Frame.py": source}, env={"PYTHONPATH": str(site)}) as server:
        for wire in WIRES:
            answer = ask(server, wire, *columns, model="Frame", parameters={"content_type": "pd"})
            assert list(answer.outputs) == ["sum", "kind"]
            assert answer.outputs["sum"].datatype == "FP64"
            assert answer.outputs["sum"].values.ravel().tolist() == [2.5, 4.5]
            kinds = answer.outputs["kind"].values.ravel().tolist()
            assert [each.decode() if isinstance(each, bytes) else each for each in kinds] == ["X", "Y"]
