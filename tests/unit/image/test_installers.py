"""Layers of wheels beside what pip and uv install of the same wheels; `tests/e2e` does it with many real ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from installers import INSTALLERS, Installer, installed, unpacked_environment
from modelwrap.image.cache import Cache
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.wheel_layers import wheel_layers
from wheels import make_wheel

TARGET = PythonTarget(".".join(map(str, sys.version_info[:3])), "/usr/local/bin/python3")


@pytest.fixture
def wheels(tmp_path: Path) -> list[WheelFile]:
    long = "/".join(["a_folder_with_a_long_name"] * 6)
    return [
        make_wheel(
            tmp_path,
            "garden-tools",
            {
                "garden/__init__.py": "def main(): ...\n",
                f"garden/{long}/leaf.py": "",
                "garden/blümchen.txt": "ü",
                "garden/rake": "#!/bin/sh\n",
                "garden/petals.bin": bytes(range(256)) * 5000,
                "garden_tools-1.0.data/purelib/garden/pure.py": "",
                "garden_tools-1.0.data/platlib/garden/fast.so": b"\x7fELF",
                "garden_tools-1.0.data/scripts/dig": "#!python\nprint('dig')\n",
                "garden_tools-1.0.data/scripts/plain.sh": "#!/bin/sh\n",
                "garden_tools-1.0.data/data/share/garden/map.txt": "map",
                "garden_tools-1.0.data/headers/garden.h": "",
                "garden_tools-1.0.dist-info/entry_points.txt": (
                    "[console_scripts]\nGarden = garden:main\nsow = garden:main [extra]\n"
                    "[gui_scripts]\nwater=garden:main\n"
                ),
            },
            programs=("garden/rake", "garden_tools-1.0.data/scripts/dig", "garden_tools-1.0.data/scripts/plain.sh"),
        ),
        make_wheel(tmp_path, "soil.clay", {"soil/clay/__init__.py": "", "soil.pth": "soil\n"}),
        make_wheel(tmp_path, "soil.sand", {"soil/sand/__init__.py": "X = 1\n"}, version="2.0.post1"),
    ]


@pytest.mark.parametrize("installer", INSTALLERS, ids=lambda installer: installer.__name__)
def test_files_bytes_and_modes_are_the_installers(
    installer: Installer, wheels: list[WheelFile], tmp_path: Path
) -> None:
    layers = wheel_layers(wheels, TARGET, Cache(tmp_path / "cache"), bytecode=False)
    assert unpacked_environment(layers) == installed(installer, wheels)
