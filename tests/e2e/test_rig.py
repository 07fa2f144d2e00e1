"""The workbench itself: a trivial image goes from Dockerfile to registry and back before anything of ours is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.engine import Engine
from e2e.layers import strings_found

pytestmark = pytest.mark.timeout(400)

LOCKED_DOWN = ["--rm", "--network=host", "--read-only", "--cap-drop=ALL", "--user", "12345:0"]


def test_an_image_is_built_on_the_base_pushed_pulled_and_run(
    docker: Engine, registry: str, base: str, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(f'FROM {base}\nRUN python -c "import ssl, zlib"\nCMD ["python", "-V"]\n')
    image = f"{registry}/rig:1"
    docker.run("build", "--network=host", "--tag", image, str(tmp_path))
    docker.run("push", image)
    docker.run("rmi", image)
    docker.run("pull", image)
    assert docker.run("run", *LOCKED_DOWN, image).startswith("Python 3.")


def test_the_base_is_laid_out_as_the_official_image(docker: Engine, base: str) -> None:
    where = "import shutil, sysconfig; print(shutil.which('pip'), sysconfig.get_path('purelib'))"
    pip, packages = docker.run("run", *LOCKED_DOWN, base, "python", "-c", where).split()
    assert pip == "/usr/local/bin/pip"
    assert packages.startswith("/usr/local/lib/python3.")
    assert "pip " in docker.run("run", *LOCKED_DOWN, base, "pip", "--version")


def test_the_base_does_not_know_this_machines_own_authorities(docker: Engine, base: str) -> None:
    count = "grep -c BEGIN /etc/ssl/certs/ca-certificates.crt"
    known = int(docker.run("run", *LOCKED_DOWN, base, "sh", "-c", count))
    asked = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    assert known == int(docker.run("run", *LOCKED_DOWN, base, "python", "-c", asked))


def test_a_search_of_an_image_finds_what_a_deleted_file_or_a_variable_held(
    docker: Engine, base: str, tmp_path: Path
) -> None:
    """The referee of every test that says: the image does not remember."""
    held = ["kept-in-a-variable", "kept-in-a-file-that-was-deleted", "kept-in-an-instruction"]
    lines = [f"FROM {base}", f"ENV A={held[0]}", "COPY secret /", "RUN rm /secret", f"RUN true {held[2]}"]
    (tmp_path / "Dockerfile").write_text("\n".join(lines))
    (tmp_path / "secret").write_text(held[1])
    docker.run("build", "--network=none", "--tag", "registry.example/rig:2", str(tmp_path))
    assert strings_found(docker, "registry.example/rig:2", [*held, "kept-nowhere"], tmp_path) == held
