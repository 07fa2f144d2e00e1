"""Layers of wheels: what they unpack to, and that nothing but the wheels and the target shows in their bytes."""

from __future__ import annotations

import importlib.util
import marshal
import os
import random
import subprocess
import sys
import time
import zlib
from pathlib import Path
from types import CodeType

import pytest

from layer_content import Unpacked, unpack
from modelwrap.errors import DamagedBlob
from modelwrap.image import inflating
from modelwrap.image.cache import Cache
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.wheel_layers import wheel_layers
from serving import PATIENCE
from wheels import make_wheel

VERSION = ".".join(map(str, sys.version_info[:3]))
TARGET = PythonTarget(VERSION, "/usr/local/bin/python3")
PACKAGES = f"opt/venv/lib/python{TARGET.minor}/site-packages"
PYC = f"{sys.implementation.cache_tag}.pyc"


def flowers(folder: Path) -> WheelFile:
    return make_wheel(
        folder,
        "flowers",
        {
            "flowers/__init__.py": "PETALS = 'petal'\n",
            "flowers/__pycache__/__init__.cpython-311.pyc": b"stray",
            "flowers/old.py": "print 'of another Python'\n",
            "flowers/tests/__init__.py": "",
            "flowers/garden.so": bytes(range(256)) * 200,
            "flowers-1.0.data/scripts/water": "#!python\nprint('rain')\n",
            "flowers-1.0.data/data/share/flowers/seed.txt": "seed",
            "flowers-1.0.data/headers/flowers.h": "#define PETAL",
            "flowers-1.0.dist-info/entry_points.txt": "[console_scripts]\nGrow = flowers:grow.fast [extra]\n",
        },
        programs=("flowers/garden.so",),
    )


def only(wheel: WheelFile, cache: Path, *, bytecode: bool = True) -> Layer:
    (layer,) = wheel_layers([wheel], TARGET, Cache(cache), bytecode=bytecode)
    return layer


def test_which_library_inflates_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = []
    for number, library in enumerate([zlib, pytest.importorskip("zlib_ng").zlib_ng]):
        monkeypatch.setattr(inflating, "_library", library)
        layers.append(only(flowers(tmp_path), tmp_path / f"cache-{number}", bytecode=False))
    assert layers[0].blob.descriptor == layers[1].blob.descriptor
    assert layers[0].diff_id == layers[1].diff_id


def test_a_wheel_becomes_a_layer_as_pip_would_install_it(tmp_path: Path) -> None:
    layer = only(flowers(tmp_path), tmp_path / "cache", bytecode=False)
    content = unpack(layer.blob)
    files = {path: entry for path, entry in content.items() if entry.content}
    assert (layer.kind, layer.title) == (LayerKind.DEPENDENCIES, "flowers 1.0")
    assert set(files) == {
        "opt/venv/bin/Grow",
        "opt/venv/bin/water",
        f"opt/venv/include/site/python{TARGET.minor}/flowers/flowers.h",
        "opt/venv/share/flowers/seed.txt",
        f"{PACKAGES}/flowers/__init__.py",
        f"{PACKAGES}/flowers/garden.so",
        f"{PACKAGES}/flowers/old.py",
        f"{PACKAGES}/flowers-1.0.dist-info/INSTALLER",
        f"{PACKAGES}/flowers-1.0.dist-info/METADATA",
        f"{PACKAGES}/flowers-1.0.dist-info/RECORD",
        f"{PACKAGES}/flowers-1.0.dist-info/WHEEL",
        f"{PACKAGES}/flowers-1.0.dist-info/entry_points.txt",
    }
    assert files["opt/venv/bin/water"] == Unpacked(0o755, b"#!/opt/venv/bin/python\nprint('rain')\n")
    assert files["opt/venv/bin/Grow"].mode == 0o755
    assert files["opt/venv/bin/Grow"].content.splitlines()[::4] == [
        b"#!/opt/venv/bin/python",
        b"    sys.exit(grow.fast())",
    ]
    assert files[f"{PACKAGES}/flowers/garden.so"] == Unpacked(0o755, bytes(range(256)) * 200)
    assert content[f"{PACKAGES}/flowers/tests/__init__.py"] == Unpacked(0o644)


def test_modules_come_compiled_but_for_tests_and_for_what_does_not_compile(tmp_path: Path) -> None:
    content = unpack(only(flowers(tmp_path), tmp_path / "cache").blob)
    compiled = [path for path in content if path.endswith(".pyc")]
    assert compiled == [f"{PACKAGES}/flowers/__pycache__/__init__.{PYC}"]
    pyc = content[compiled[0]].content
    source = content[f"{PACKAGES}/flowers/__init__.py"].content
    # PEP 552: found by the source's hash, which is not looked at.
    assert pyc[:16] == importlib.util.MAGIC_NUMBER + b"\x01\0\0\0" + importlib.util.source_hash(source)
    code = marshal.loads(pyc[16:])
    assert isinstance(code, CodeType)
    assert code.co_filename == f"/{PACKAGES}/flowers/__init__.py"
    assert (
        f"flowers/__pycache__/__init__.{PYC},,\n".encode()
        in content[f"{PACKAGES}/flowers-1.0.dist-info/RECORD"].content
    )


def test_a_python_that_this_one_cant_compile_for_gets_none(tmp_path: Path) -> None:
    target = PythonTarget("3.8.1", "/usr/bin/python3")
    (layer,) = wheel_layers([flowers(tmp_path)], target, Cache(tmp_path / "cache"), bytecode=True)
    assert not [path for path in unpack(layer.blob) if path.endswith(".pyc")]


def test_the_second_build_recalls_what_the_first_made(tmp_path: Path) -> None:
    wheel = flowers(tmp_path)
    first = only(wheel, tmp_path / "cache")
    wheel.path.write_bytes(b"no longer read")
    assert only(wheel, tmp_path / "cache") == first


def test_a_cache_that_lost_its_blobs_makes_them_again(tmp_path: Path) -> None:
    wheel = flowers(tmp_path)
    first = only(wheel, tmp_path / "cache")
    for blob in (tmp_path / "cache" / "blobs" / "sha256").iterdir():
        blob.unlink()
    assert unpack(only(wheel, tmp_path / "cache").blob) == unpack(first.blob)


def test_what_two_packages_of_one_layer_bring_is_there_once_and_is_the_laters(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, f"p{n}", {f"p{n}.py": f"# {n}", "same.py": f"# of {n}"}) for n in range(100, 180)]
    layers = wheel_layers(wheels, TARGET, Cache(tmp_path / "cache"), bytecode=True)
    assert len(layers) <= 32
    found: set[str] = set()
    for layer in layers:
        content = unpack(layer.blob)  # which refuses a path that comes twice
        modules = sorted(path for path in content if path.startswith(f"{PACKAGES}/p") and path.endswith(".py"))
        assert content[f"{PACKAGES}/same.py"].content == f"# of {modules[-1][-6:-3]}".encode()
        assert marshal.loads(content[f"{PACKAGES}/__pycache__/same.{PYC}"].content[16:])
        found |= content.keys()
    assert {f"{PACKAGES}/p{n}.py" for n in range(100, 180)} <= found
    titles = [layer.title for layer in layers]
    assert any(title.count(",") == 3 and title.endswith("more") for title in titles)


def test_a_damaged_wheel_leaves_no_layer(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "p", {"p.py": "pass"}, record=b"p.py,sha256=AAAA,4\n")
    with pytest.raises(DamagedBlob, match=r"the wheel of p 1\.0 can't be used"):
        only(wheel, tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


BUILD = """
import sys
from pathlib import Path
from modelwrap.image.cache import Cache
from modelwrap.image.oci import digest_of
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.wheel_layers import wheel_layers

names = [sys.intern(name) for name in sys.argv[4].split()]
paths = sorted(Path(sys.argv[1]).glob("*.whl"))
wheels = [WheelFile(p.name.split("-")[0], "1.0", p, digest_of(p.read_bytes())) for p in paths]
target = PythonTarget(sys.argv[3], "/usr/local/bin/python3")
layers = wheel_layers(wheels, target, Cache(Path(sys.argv[2])), bytecode=True, workers=int(sys.argv[5]))
print(*(layer.blob.descriptor.digest for layer in layers))
"""


def test_nothing_but_the_wheels_and_the_target_shows_in_the_digests(tmp_path: Path) -> None:
    flowers(tmp_path / "wheels")
    make_wheel(
        tmp_path / "wheels", "birds", {"birds.py": "def sing(song, /, *, loud=True):\n    return {song, loud}\n"}
    )
    surroundings = [
        ("1", "", {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"}, 0o022),
        ("4", "PETALS petal sing song loud", {"PYTHONHASHSEED": "7", "TZ": "UTC", "PYTHONOPTIMIZE": "2"}, 0o077),
    ]
    told = []
    for number, (workers, words, environment, umask) in enumerate(surroundings):
        command = [sys.executable, "-c", BUILD, "wheels", str(tmp_path / f"cache{number}"), VERSION, words, workers]
        told.append(
            subprocess.run(
                command, cwd=tmp_path, env={**os.environ, **environment}, umask=umask, check=True, capture_output=True
            ).stdout
        )
    assert told[0] == told[1]
    assert len(told[0].split()) == 2


def start_build(folder: Path, cache: str, workers: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", BUILD, "wheels", str(folder / cache), VERSION, "", str(workers)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE)


def wait_for(build: subprocess.Popen[bytes]) -> bytes:
    told, _ = build.communicate(timeout=PATIENCE)
    assert build.returncode == 0
    return told


def test_a_build_after_a_killed_one_and_builds_side_by_side_come_to_the_same(tmp_path: Path) -> None:
    noise = random.Random(1)
    for number in range(4):
        files = {f"p{number}/m{n}.py": f"VALUE = {noise.random()}\n" * 40 for n in range(60)}
        make_wheel(tmp_path / "wheels", f"p{number}", files)
    killed = start_build(tmp_path, "cache", 2)
    deadline = time.monotonic() + PATIENCE
    while not list((tmp_path / "cache").glob("drafts/*")) and killed.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    killed.kill()
    killed.communicate()
    after, beside = start_build(tmp_path, "cache", 1), start_build(tmp_path, "cache", 2)
    fresh = start_build(tmp_path, "fresh", 2)
    told = [wait_for(build) for build in (after, beside, fresh)]
    assert len(told[0].split()) == 4
    assert told[0] == told[1] == told[2]
