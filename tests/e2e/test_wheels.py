"""A broad set of real wheels: what layers unpack to is what pip and uv install, byte for byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from installers import INSTALLERS, Installer, installed, unpacked_environment
from modelwrap.image.cache import Cache
from modelwrap.image.requirement_forms import normalized
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.wheel_layers import wheel_layers
from wheels import wheel_file

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1800)]

TARGET = PythonTarget(".".join(map(str, sys.version_info[:3])), "/usr/local/bin/python3")
PACKAGES = Path(__file__).with_name("odd_packages.txt")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[WheelFile]:
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*command, f"--dest={folder}", f"--requirement={PACKAGES}"], check=True)
    return [_wheel(path) for path in sorted(folder.glob("*.whl"))]


def _wheel(path: Path) -> WheelFile:
    name, version, *_ = path.name.split("-")
    return wheel_file(path, normalized(name), version)


@pytest.mark.parametrize("installer", INSTALLERS, ids=lambda installer: installer.__name__)
def test_files_bytes_and_modes_are_the_installers(
    installer: Installer, wheels: list[WheelFile], tmp_path: Path
) -> None:
    assert len(wheels) > 70
    layers = wheel_layers(wheels, TARGET, Cache(tmp_path / "cache"), bytecode=False)
    assert unpacked_environment(layers) == installed(installer, wheels)
