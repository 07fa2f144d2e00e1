"""The workbench itself: a trivial image goes from Dockerfile to registry and back before anything of ours is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.engine import Engine

pytestmark = pytest.mark.timeout(180)

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
