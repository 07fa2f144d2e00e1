"""`make demo`, as the README has it typed."""

from __future__ import annotations

import subprocess

import pytest

from rig.iris import ROOT


@pytest.mark.timeout(400)
def test_the_demo_keeps_its_promises() -> None:
    told = subprocess.run(["make", "demo"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "answers as the model does" in told.stdout
