"""What `modelwrap init` writes for every framework, by the steps that it prints, with the newest versions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from modelwrap.cli.start.kinds import FRAMEWORKS
from rig import seldon
from rig.environments import make_newest, run_uv
from rig.iris import MODELWRAP
from rig.processes import stop
from rig.wrapped import RUNTIME_REQUIREMENTS, serving, wrap

PATIENCE = 180
ROWS = np.array([[1, 1, 1, 1], [9, 9, 9, 8], [2.5, 2.5, 2.5, 2.5]])
#: Frameworks whose ordinary build is for CUDA, by the package that has another.
CPU_BUILDS = {"pytorch": ("torch",)}


@pytest.mark.heavy
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_new_folder_is_installed_trained_wrapped_and_answers(framework: str, tmp_path: Path) -> None:
    run(MODELWRAP, "init", "sums", "--framework", framework, cwd=tmp_path)
    folder = tmp_path / "sums"
    (tmp_path / "training.txt").write_text("\n".join(FRAMEWORKS[framework].training))
    requirements = (folder / "requirements.txt", tmp_path / "training.txt")
    python = make_newest(tmp_path / "environment", *requirements, cpu_builds=CPU_BUILDS.get(framework, ()))
    assert run(python, "sums/train.py", cwd=tmp_path).startswith("1000 rows learnt: ")

    wrapped = wrap(folder, "registry.example/me", model="Sums")
    run_uv("pip", "install", "--python", str(python), "--requirement", str(wrapped / RUNTIME_REQUIREMENTS))
    log = tmp_path / "server.log"
    with serving(python, wrapped, log=log, model="Sums", seconds=PATIENCE) as server:
        for ask, port in ((seldon.predict_by_rest, server.http), (seldon.predict_by_grpc, server.grpc)):
            answer, names = ask(port, ROWS, seconds=PATIENCE)
            if names == ["sum"]:
                assert answer[:, 0] == pytest.approx([4, 35, 10], abs=0.5)
            else:
                assert names == ["small", "large"]
                assert (answer[:, 1] > 0.5).tolist() == [False, True, False]
        contract = str(folder / "contract.json")
        words = [f"http://127.0.0.1:{server.http}", "--quick", "--contract", contract, "--grpc-port", str(server.grpc)]
        run(MODELWRAP, "test", *words, cwd=tmp_path)
        assert stop(server.process) == 0, log.read_text()


def run(*command: str | Path, cwd: Path) -> str:
    ended = subprocess.run(list(map(str, command)), cwd=cwd, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
