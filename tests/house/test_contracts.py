"""Imports run one way. The contracts hold on the code as it is, and they break when a wall is opened."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from house.checkout import ROOT, SRC


def lint_imports(source: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    command = [sys.executable, "-c", program, "--config", str(ROOT / "pyproject.toml"), "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=source)


def test_the_import_contracts_hold() -> None:
    result = lint_imports(SRC)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("runtime/message.py", "import click", "The runtime adds no package"),
        ("runtime/message.py", "import google.protobuf", "The runtime adds no package"),
        ("runtime/message.py", "import modelwrap.cli", "Two wings over one hall"),
        ("runtime/message.py", "import modelwrap.compat", "Two wings over one hall"),
        ("errors.py", "import modelwrap.contract", "Two wings over one hall"),
        ("image/plan.py", "import modelwrap.runtime.message", "Two wings over one hall"),
        ("image/oci.py", "import modelwrap.image.cache", "The rooms of the image wing"),
        ("image/registry/client.py", "import modelwrap.image.sinks.layout", "The rooms of the image wing"),
        ("image/sinks/layout.py", "import modelwrap.image.sources.opening", "The rooms of the image wing"),
        ("runtime/settings/ports.py", "import modelwrap.project", "The runtime never reads the model folder"),
        ("value.py", "import modelwrap.errors", "Two wings over one hall"),
        ("runtime/supervision/supervisor.py", "import modelwrap.runtime.worker", "The rooms of the runtime"),
        (
            "runtime/codecs/seldon_json/__init__.py",
            "import modelwrap.runtime.codecs.seldon_proto",
            "Codecs do not know",
        ),
        ("runtime/datatypes.py", "import modelwrap.runtime.message", "The rooms of the runtime"),
        ("runtime/component/__init__.py", "import modelwrap.runtime.codecs", "The rooms of the runtime"),
        ("runtime/state/subject.py", "import modelwrap.runtime.component", "The rooms of the runtime"),
    ],
)
def test_an_import_through_a_wall_breaks_its_contract(
    module: str, statement: str, contract: str, tmp_path: Path
) -> None:
    shutil.copytree(SRC / "modelwrap", tmp_path / "modelwrap", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "modelwrap" / module).open("a", encoding="utf-8") as source:
        source.write(f"\n{statement}\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    broken = result.stdout.partition("Broken contracts")[2]
    assert contract in " ".join(broken.split())
