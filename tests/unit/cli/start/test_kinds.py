"""Every text of `modelwrap init` is whole: valid Python in this house's form, and a contract that testers read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelwrap.cli.start.kinds import FRAMEWORKS, files_of, kind_of
from modelwrap.cli.trial.contract import read_contract
from modelwrap.contract import Role

CHOICES = [*((name, Role.MODEL) for name in FRAMEWORKS), *((None, role) for role in Role)]


def test_every_text_is_in_good_form_and_every_contract_is_read(tmp_path: Path) -> None:
    for number, (framework, role) in enumerate(CHOICES):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, text in files_of(kind_of(framework, role), "Any", role).items():
            (folder / name).write_text(text)
            assert "$" not in text
            assert text.endswith("\n")
        assert read_contract(folder / "contract.json").targets
    config = ["--isolated", "--line-length=120"]
    for check in (["format", "--check"], ["check", "--select=E,F,I,UP,B,SIM", "--ignore=E402"]):
        checked = subprocess.run(
            [sys.executable, "-m", "ruff", *check, *config, tmp_path], check=False, capture_output=True, text=True
        )
        assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_training_writes_is_what_the_class_reads(framework: str) -> None:
    kind = FRAMEWORKS[framework]
    files = files_of(kind, "Any", Role.MODEL)
    assert f'"{kind.artefact}"' in files["train.py"]
    assert f'"{kind.artefact}"' in files["Any.py"]
    assert f"`{kind.artefact}`" in files["README.md"]
