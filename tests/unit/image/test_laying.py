"""Layers that processes of a crew lay are those that this process lays, byte for byte, and tell as much."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from modelwrap.image.cache import Cache
from modelwrap.image.oci import JSONValue
from modelwrap.image.target import PythonTarget
from modelwrap.image.validate.inspection import Inspector, inspect_wheel
from modelwrap.image.wheel_layers import wheel_layers
from modelwrap.image.wheels.interpreters import keeping_interpreters
from wheels import make_wheel

VERSION = ".".join(map(str, sys.version_info[:3]))
TARGET = PythonTarget(VERSION, "/usr/local/bin/python3")
PROGRAM = """
import json, sys
from pathlib import Path
from modelwrap.errors import ModelwrapError
from modelwrap.image.cache import Cache
from modelwrap.image.crew import gathering
from modelwrap.image.laying import by_crew
from modelwrap.image.oci import digest_of
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.wheel_layers import wheel_layers
from modelwrap.image.wheels.interpreters import keeping_interpreters

root, version, bytecode = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
paths = sorted((root / "wheels").glob("*.whl"))
wheels = [WheelFile(path.name.partition("-")[0], "1.0", path, digest_of(path.read_bytes())) for path in paths]
cache = Cache(root / "by-crew")
with gathering() as crew, keeping_interpreters():
    lay = by_crew(crew, cache, lambda: None)
    target = PythonTarget(version, "/usr/local/bin/python3")
    try:
        layers = wheel_layers(wheels, target, cache, bytecode=bytecode, lay=lay)
        print(json.dumps([[layer.blob.descriptor.digest, layer.diff_id] for layer in layers]))
    except ModelwrapError as error:
        print(json.dumps([type(error).__name__, error.message]))
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a crew is gathered on Linux only")


def by_crew(folder: Path, *, bytecode: bool) -> JSONValue:
    command = [sys.executable, "-c", PROGRAM, str(folder), VERSION, str(bytecode)]
    told: JSONValue = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=100).stdout)
    return told


@pytest.mark.parametrize("bytecode", [True, False])
@pytest.mark.parametrize("count", [2, 61], ids=["a layer each", "layers of several"])
def test_the_layers_are_the_same(tmp_path: Path, *, bytecode: bool, count: int) -> None:
    wheels = [
        make_wheel(
            tmp_path / "wheels", f"p{number}", {f"p{number}/__init__.py": f"X = {number}\n", "same.py": "Y = 1\n"}
        )
        for number in range(10, 10 + count)
    ]
    with keeping_interpreters():
        layers = wheel_layers(wheels, TARGET, Cache(tmp_path / "here"), bytecode=bytecode)
    expected = [[layer.blob.descriptor.digest, layer.diff_id] for layer in layers]
    assert by_crew(tmp_path, bytecode=bytecode) == expected


def test_what_was_seen_in_the_wheels_is_kept(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", "p", {"p/core.so": b"\x7fELF\x02\x01\x01" + bytes(9) + bytes(48)})
    wheel_layers(
        [wheel], TARGET, Cache(tmp_path / "here"), bytecode=False, onlooker=Inspector(Cache(tmp_path / "here"))
    )
    by_crew(tmp_path, bytecode=False)
    here, there = (inspect_wheel(wheel, Cache(tmp_path / name)) for name in ("here", "by-crew"))
    assert here == there
    # Nothing was left to look at: a wheel that is gone is known all the same.
    wheel.path.unlink()
    assert inspect_wheel(wheel, Cache(tmp_path / "by-crew")).natives


def test_a_damaged_wheel_is_told_as_it_always_is_and_leaves_nothing(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "p", {"p.py": "pass"}, record=b"p.py,sha256=AAAA,4\n")
    told = by_crew(tmp_path, bytecode=False)
    assert told == ["DamagedBlob", "the wheel of p 1.0 can't be used: RECORD has no hash of p-1.0.dist-info/METADATA"]
    assert not [path for path in (tmp_path / "by-crew").rglob("*") if path.is_file()]
