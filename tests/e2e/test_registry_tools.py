"""What modelwrap pushes, packs and loads is the same image for docker, podman and skopeo, and theirs for modelwrap."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.engine import Engine
from images import index, noise
from modelwrap.image.cache import Cache
from modelwrap.image.image import ImageIndex
from modelwrap.image.oci import Platform
from modelwrap.image.reference import ImageName, parse_reference
from modelwrap.image.referrer import make_referrer
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.settings import Surroundings
from modelwrap.image.registry.transfer import push
from modelwrap.image.sinks.archive import ArchiveSink
from modelwrap.image.sinks.daemon import DaemonSink
from modelwrap.image.sinks.layout import LayoutSink
from modelwrap.image.sources.opening import open_image

MADE = index(noise(200_000), b"code", architectures=("amd64", "arm64"))
NAME = parse_reference("registry.example/tools/iris:1")
BILLS = tuple(make_referrer(one.manifest_blob.descriptor, b"{}", "text/x") for one in MADE.images)


@pytest.fixture(scope="session")
def podman() -> Iterator[Engine]:
    """Podman with images in a folder that is removed."""
    if shutil.which("podman") is None:
        raise RuntimeError("no podman on this machine: apt-get install podman")
    folder = Path(tempfile.mkdtemp(prefix="modelwrap-e2e-"))
    program = ("podman", "--root", f"{folder}/storage", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/tmp")
    podman = Engine(program)
    try:
        yield podman
    finally:
        with contextlib.suppress(Exception):
            podman.run("rmi", "--all", "--force")
        subprocess.run(["umount", "--lazy", f"{folder}/storage/overlay"], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def pushed(registry: str) -> ImageName:
    """The image in the registry."""
    name = ImageName(registry, "tools/iris", "1")
    with Registry(registry, surroundings=Surroundings()) as client:
        push(client, MADE, name)
    return name


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The image in a file."""
    ArchiveSink(tmp_path / "iris.tar", BILLS).write(MADE, [NAME])
    return tmp_path / "iris.tar"


def _config(made: ImageIndex, number: int = 0) -> str:
    return made.images[number].config_blob.descriptor.digest


def _skopeo(*words: str) -> str:
    if shutil.which("skopeo") is None:
        raise RuntimeError("no skopeo on this machine: apt-get install skopeo")
    done = subprocess.run(["skopeo", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_docker_pulls_what_was_pushed(docker: Engine, pushed: ImageName) -> None:
    assert MADE.digest in docker.run("pull", str(pushed))
    assert docker.run("image", "inspect", "--format", "{{.Id}}", str(pushed)) == _config(MADE)
    docker.run("rmi", str(pushed))


def test_podman_pulls_what_was_pushed(podman: Engine, pushed: ImageName) -> None:
    podman.run("pull", "--tls-verify=false", str(pushed))
    found = podman.run("image", "inspect", "--format", "{{.Id}} {{.Digest}}", str(pushed))
    assert found.split()[0] == _config(MADE).removeprefix("sha256:")


def test_skopeo_copies_what_was_pushed_for_both_platforms(pushed: ImageName, tmp_path: Path) -> None:
    source = f"docker://{pushed}"
    assert _skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", source) == MADE.digest
    _skopeo("copy", "--quiet", "--all", "--src-tls-verify=false", source, f"oci:{tmp_path}/copy")
    cache = Cache(tmp_path / "cache")
    for number, architecture in enumerate(("amd64", "arm64")):
        found = open_image(f"oci:{tmp_path}/copy", Platform("linux", architecture), cache=cache)
        assert found.digest == MADE.images[number].digest


def test_docker_loads_an_archive(docker: Engine, archive: Path) -> None:
    docker.run("load", "--input", str(archive))
    assert docker.run("image", "inspect", "--format", "{{.Id}}", str(NAME)) == _config(MADE)
    docker.run("rmi", str(NAME))


def test_podman_loads_an_archive(podman: Engine, archive: Path) -> None:
    podman.run("load", "--input", str(archive))
    assert podman.run("image", "inspect", "--format", "{{.Id}}", str(NAME)) == _config(MADE).removeprefix("sha256:")


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_skopeo_reads_an_archive_as_either_kind(kind: str, archive: Path, tmp_path: Path) -> None:
    _skopeo("copy", "--quiet", "--all", f"{kind}:{archive}", f"dir:{tmp_path}/copy")


def test_skopeo_reads_a_layout(tmp_path: Path) -> None:
    LayoutSink(tmp_path / "layout", BILLS).write(MADE, [NAME])
    for place in ("layout:1", "layout"):
        raw = _skopeo("inspect", "--raw", f"oci:{tmp_path}/{place}")
        assert raw.encode() == MADE.top.content


def test_podman_pulls_from_a_layout(podman: Engine, tmp_path: Path) -> None:
    LayoutSink(tmp_path / "layout", BILLS).write(MADE, [NAME])
    assert podman.run("pull", "--quiet", f"oci:{tmp_path}/layout") == _config(MADE).removeprefix("sha256:")


def test_what_a_daemon_was_given_is_a_base_again(
    docker: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in docker.environment.items():
        monkeypatch.setenv(key, value)
    report = DaemonSink("docker").write(MADE, [NAME])
    assert report.digest == MADE.digest
    cache = Cache(tmp_path / "cache")
    # The second time it comes from the cache, and is the same.
    first, second = (open_image(f"docker:{NAME}", cache=cache) for _ in range(2))
    assert first.digest == second.digest
    assert first.config["rootfs"] == MADE.images[0].config["rootfs"]
    for layer in first.layers:
        with layer.blob.open() as file:
            assert file.read(1)
    docker.run("rmi", str(NAME))


def test_an_archive_of_docker_s_own_is_a_base(docker: Engine, tmp_path: Path, archive: Path) -> None:
    docker.run("load", "--input", str(archive))
    docker.run("save", "--output", str(tmp_path / "saved.tar"), str(NAME))
    docker.run("rmi", str(NAME))
    found = open_image(f"archive:{tmp_path / 'saved.tar'}", cache=Cache(tmp_path / "cache"))
    assert [layer.diff_id for layer in found.layers] == [layer.diff_id for layer in MADE.images[0].layers]
