"""Measures the work of making layers: time and bytes beside tar and zlib, and memory with gigabytes of wheels.

Both sides get the same wheels. tar and zlib get them installed already; that work is not counted.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from modelwrap.image.cache import Cache
from modelwrap.image.crew import gathering
from modelwrap.image.laying import by_crew
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.wheel_layers import wheel_layers

#: Of the processor time and the bytes of tar and zlib at level 6; and megabytes of memory.
PROCESSOR, BYTES, MEMORY = 0.2, 1.03, 300
PACKAGES = ("numpy", "scipy", "scikit-learn", "joblib", "threadpoolctl", "orjson", "h2corn", "prometheus-client")
TARGET = PythonTarget(".".join(map(str, sys.version_info[:3])), "/usr/local/bin/python3")
_MEGABYTE = 1 << 20


def main() -> int:
    """Prints what was measured; returns 1 where it is more than it may be."""
    if sys.argv[1:2] == ["layers"]:
        print(json.dumps(make_layers(Path(sys.argv[2]), Path(sys.argv[3]))))
        return 0
    with tempfile.TemporaryDirectory(prefix="modelwrap-layers-") as name:
        return max(compare(Path(name)), weigh(Path(name)))


def compare(folder: Path) -> int:
    """Real wheels, both ways."""
    wheels, tree = folder / "wheels", folder / "tree"
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*download, f"--dest={wheels}", *PACKAGES], check=True)
    uv = Path(sys.executable).with_name("uv")
    install = [str(uv), "pip", "install", "--quiet", "--no-deps", "--no-index", f"--target={tree}", "--link-mode=copy"]
    subprocess.run([*install, *map(str, wheels.iterdir())], check=True)
    ours = _alone("layers", wheels, folder / "cache")
    theirs = _tar(tree, folder / "tree.tar.gz")
    time, size = ours["seconds"] / theirs["seconds"], ours["bytes"] / theirs["bytes"]
    print(f"{len(PACKAGES)} wheels: {ours['seconds']:.2f} s of processor time, {ours['bytes'] / 1e6:.1f} MB")
    print(f"tar and zlib -6: {theirs['seconds']:.2f} s, {theirs['bytes'] / 1e6:.1f} MB")
    print(
        f"layers take 1/{1 / time:.1f} of the time (1/{1 / PROCESSOR:.0f} allowed), {size:.3f} of the bytes ({BYTES})"
    )
    return int(time > PROCESSOR or size > BYTES)


def weigh(folder: Path) -> int:
    """Three gigabytes of wheels: large ones, one of many files, one that inflates to much."""
    wheels = folder / "large"
    wheels.mkdir()
    for number in range(10):
        _wheel(wheels, f"large{number}", {f"large{number}/{part}.bin": 56 for part in range(5)}, noise=True)
    _wheel(wheels, "zeros", {"zeros/0.bin": 200}, noise=False)
    _wheel(wheels, "many", {f"many/f{number}.py": 0 for number in range(20_000)}, noise=False)
    told = _alone("layers", wheels, folder / "large-cache")
    print(
        f"{told['unpacked'] / 1e9:.2f} GB of synthetic wheels: {told['memory']:.0f} MB of memory ({MEMORY} allowed), "
        f"{told['seconds']:.1f} s of processor time"
    )
    return int(told["memory"] > MEMORY)


def make_layers(wheels: Path, cache: Path) -> dict[str, float]:
    """Makes the layers as a build does, and tells what that took, by this process and those beside it."""
    files = [WheelFile(path.name.partition("-")[0], "1", path, _digest(path)) for path in sorted(wheels.iterdir())]
    before, kept = _processor_seconds(), Cache(cache)
    with gathering() as crew:
        lay = by_crew(crew, kept, lambda: None) if crew else None
        layers = wheel_layers(files, TARGET, kept, bytecode=False, lay=lay)
    return {
        "seconds": _processor_seconds() - before,
        "bytes": sum(layer.blob.descriptor.size for layer in layers),
        "unpacked": sum(layer.unpacked for layer in layers),
        "memory": _most_memory(os.cpu_count() or 1 if crew else 0),
    }


def _alone(*arguments: str | Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.layer_work", *map(str, arguments)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


def _tar(tree: Path, archive: Path) -> dict[str, float]:
    before = _processor_seconds()
    with tarfile.open(archive, "w:gz", compresslevel=6) as file:
        file.add(tree, "opt/venv/lib/python3/site-packages")
    return {"seconds": _processor_seconds() - before, "bytes": archive.stat().st_size}


def _wheel(folder: Path, name: str, megabytes: dict[str, int], *, noise: bool) -> None:
    """A wheel of files with so many megabytes each; it is written as it is made, for it fits in no memory."""
    info = f"{name}-1.dist-info"
    record = []
    with zipfile.ZipFile(
        folder / f"{name}-1-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED, compresslevel=0 if noise else 1
    ) as archive:
        for path, count in {**megabytes, f"{info}/WHEEL": -1, f"{info}/METADATA": -1}.items():
            digest, size = hashlib.sha256(), 0
            with archive.open(path, "w") as file:
                for piece in _content(count, noise=noise):
                    digest.update(piece)
                    size += file.write(piece)
            record.append(f"{path},sha256={base64.urlsafe_b64encode(digest.digest()).decode().rstrip('=')},{size}\n")
        archive.writestr(f"{info}/RECORD", "".join(record))


def _content(megabytes: int, *, noise: bool) -> Iterator[bytes]:
    if megabytes < 0:
        yield b"Wheel-Version: 1.0\n"
    elif megabytes == 0:
        yield b"VALUE = 1\n" * 20
    for _ in range(megabytes):
        yield os.urandom(_MEGABYTE) if noise else bytes(_MEGABYTE)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _most_memory(beside: int) -> float:
    """Megabytes of this process and so many beside it, each as large as the largest was; shared pages count in each."""
    own, largest = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (own + beside * largest) / 1024


def _processor_seconds() -> float:
    """Of this process, and of those beside it that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    sys.exit(main())
