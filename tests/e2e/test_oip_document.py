"""The server against its own OpenAPI document, by a program that makes requests of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from serving import ECHO, Served

_UV = str(Path(sys.executable).with_name("uv"))
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
pytestmark = pytest.mark.timeout(600)


def test_schemathesis_finds_no_answer_that_the_document_does_not_tell(tmp_path: Path) -> None:
    environment = tmp_path / "schemathesis"
    subprocess.run([_UV, "venv", "--quiet", "--python", sys.executable, str(environment)], check=True)
    install = [_UV, "pip", "install", "--quiet", "--python", str(environment / "bin/python"), "schemathesis>=4"]
    subprocess.run(install, check=True)
    model = tmp_path / "model"
    model.mkdir()
    with Served(model, "Echo", files={"Echo.py": ECHO}) as server:
        command = [
            *(str(environment / "bin/st"), "run", f"http://127.0.0.1:{server.http}/v2/openapi.json"),
            *("--checks", _CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "10"),
            *("--generation-deterministic", "--no-color", "--continue-on-failure"),
        ]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=400, cwd=tmp_path)
    assert result.returncode == 0, result.stdout[-4000:]
    assert " passed" in result.stdout
