"""Debian packages of a model: what `apt.txt` names is in its image, on a base with Debian's own Python."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.command_line import write
from e2e.builders import Builder
from e2e.container import running_container
from e2e.engine import Engine
from rig import seldon
from rig.wrapped import wrap

pytestmark = [pytest.mark.timeout(600), pytest.mark.heavy]

#: Needs the library when it loads, and says so, as many a wheel does.
CLASS = """\
import ctypes


class Threads:
    def __init__(self):
        self.threads = ctypes.CDLL("libgomp.so.1").omp_get_max_threads()

    def predict(self, X, names):
        return X * self.threads
"""
BASE = "registry.example/debian-python:3"


@pytest.fixture(scope="module")
def debian(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small Debian with apt and its own Python, from this machine's mirror; it has no libgomp1."""
    if shutil.which("mmdebstrap") is None:
        raise RuntimeError("no mmdebstrap on this machine: apt-get install mmdebstrap")
    archive = tmp_path_factory.mktemp("debian") / "root.tar"
    packages = "python3,python3-venv,python3-pip,ca-certificates"
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    command = ["mmdebstrap", "--variant=minbase", f"--include={packages}", "--aptopt=APT::Install-Recommends false"]
    subprocess.run([*command, release["VERSION_CODENAME"], str(archive)], check=True, capture_output=True)
    docker.run("import", "--change", "ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", str(archive), BASE)
    return BASE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "threads", {"Threads.py": CLASS})


def build(builder: Builder, folder: Path, base: str, out: Path, settings: dict[str, str]) -> str:
    wrapped = wrap(
        folder, "registry.example", "--base-image", base, "--out-folder", str(out / "out"), "--force", model="Threads"
    )
    done = builder.build(wrapped, "--network=host", settings=settings)
    assert done.status == 0, done.output[-6000:]
    return "registry.example/threads:0.1"


def test_a_library_that_apt_txt_names_is_there(
    builders: Callable[[str], Builder], debian: str, folder: Path, public_certificates: dict[str, str], tmp_path: Path
) -> None:
    builder = builders("classic")
    image = build(builder, folder, debian, tmp_path, public_certificates)
    lacking = builder.engine.run("run", "--rm", "--network=none", "--entrypoint", "ldconfig", image, "-p")
    assert "libgomp.so.1" not in lacking, "the base has it already, so this shows nothing"

    write(folder, {"apt.txt": "libgomp1  # OpenMP\n"})
    image = build(builder, folder, debian, tmp_path, public_certificates)
    with running_container(builder.engine, image) as served:
        answer = seldon.post(f"http://127.0.0.1:{served.http}/predict", {"data": {"ndarray": [[1.0, 2.0]]}})
        assert answer["data"]["ndarray"][0][0] >= 1
    leftovers = builder.engine.run(
        "run", "--rm", "--network=none", "--entrypoint", "ls", image, "-A", "/var/lib/apt/lists"
    )
    assert leftovers == ""
