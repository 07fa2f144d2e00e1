"""Clients that others wrote, each in an environment of its own, since their pins would fight the lock's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rig.iris import ROOT
from serving import ECHO, Served

_CLIENTS = ROOT / "tests/clients/oip"
_UV = str(Path(sys.executable).with_name("uv"))
pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize(
    ("program", "requirements", "calls"),
    [
        pytest.param("tritonclient_calls.py", ["tritonclient[http,grpc]", "ml_dtypes", "numpy"], 67, id="tritonclient"),
        pytest.param("mlserver_calls.py", ["mlserver"], 49, id="mlserver", marks=pytest.mark.heavy),
        pytest.param("kserve_calls.py", ["kserve"], 12, id="kserve", marks=pytest.mark.heavy),
    ],
)
def test_every_call_of_a_real_client_is_answered_right(
    tmp_path: Path, program: str, requirements: list[str], calls: int
) -> None:
    python = str(tmp_path / "client/bin/python")
    subprocess.run([_UV, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "client")], check=True)
    subprocess.run([_UV, "pip", "install", "--quiet", "--python", python, *requirements], check=True)
    with Served(tmp_path, "Echo", files={"Echo.py": ECHO}) as server:
        addresses = [f"127.0.0.1:{server.http}", f"127.0.0.1:{server.grpc}"]
        command = [python, str(_CLIENTS / program), *addresses]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) == calls
