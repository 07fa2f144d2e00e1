"""What is seen of a wheel while its layer is made is what a look into it alone finds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from elf_files import make_elf
from modelwrap.errors import DamagedBlob
from modelwrap.image.cache import Cache
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.validate.inspection import Inspector, inspect_wheel
from modelwrap.image.wheel_layers import wheel_layers
from wheels import make_wheel

TARGET = PythonTarget("3.11.7", "/usr/local/bin/python3")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def flowers(folder: Path, name: str = "flowers") -> WheelFile:
    """Native files of every kind, larger than what is read at once, and what only looks native."""
    return make_wheel(
        folder,
        name,
        {
            f"{name}/_core.so": make_elf(("libpetal.so.1", "libc.so.6")) + bytes(700_000),
            f"{name}.libs/libpetal.so.1": make_elf(soname="libpetal.so.1"),
            f"{name}/linked.so": "INPUT(libpetal.so.1)\n",
            f"{name}/empty.so": b"",
            f"{name}-1.0.data/scripts/water": make_elf(("libc.so.6",)),
            f"{name}-1.0.data/scripts/sow": "#!python\nprint('seed')\n",
            "shared/lib_both.so": make_elf((f"lib{name}.so",)),
        },
        programs=(f"{name}-1.0.data/scripts/water",),
    )


def lay(wheels: Sequence[WheelFile], cache: Cache) -> None:
    wheel_layers(wheels, TARGET, cache, bytecode=False, onlooker=Inspector(cache))


def test_laying_a_wheel_sees_what_looking_into_it_finds(tmp_path: Path, cache: Cache) -> None:
    wheel = flowers(tmp_path)
    alone = inspect_wheel(wheel, Cache(tmp_path / "other"))
    assert alone.natives["flowers/_core.so"].needed == ("libpetal.so.1", "libc.so.6")
    assert "flowers-1.0.data/scripts/water" in alone.natives
    lay([wheel], cache)
    wheel.path.unlink()
    assert inspect_wheel(wheel, cache) == alone


def test_what_another_wheel_of_the_layer_replaces_is_seen_too(tmp_path: Path, cache: Cache) -> None:
    # By their names these two share a layer, once there are too many wheels for a layer each.
    many = [make_wheel(tmp_path, f"small{number}", {f"small{number}/x.py": ""}) for number in range(60)]
    both = [flowers(tmp_path, name) for name in ("tulip", "dahlia")]
    alone = [inspect_wheel(wheel, Cache(tmp_path / "other")) for wheel in both]
    lay([*many, *both], cache)
    for wheel in both:
        wheel.path.unlink()
    assert [inspect_wheel(wheel, cache) for wheel in both] == alone


def test_nothing_is_kept_of_a_damaged_wheel(tmp_path: Path, cache: Cache) -> None:
    wheel = flowers(tmp_path)
    content = bytearray(wheel.path.read_bytes())
    place = content.index(b"_core.so") + len("_core.so") + 100
    content[place] ^= 0xFF
    wheel.path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(DamagedBlob):
            lay([wheel], cache)
    with pytest.raises(DamagedBlob):
        inspect_wheel(wheel, cache)
