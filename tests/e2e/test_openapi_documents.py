"""The server against its own OpenAPI documents, by a program that makes requests of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from serving import ECHO, Served

_UV = str(Path(sys.executable).with_name("uv"))
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
#: Every verb there is, so that none answers only that it is not defined.
_NODE = """
class Node:
    def predict(self, X, names):
        return X
    transform_input = transform_output = predict
    def route(self, X, names):
        return 1
    def aggregate(self, Xs, names):
        return Xs[0]
    def send_feedback(self, X, names, reward, truth, routing=None):
        return X
    def metrics(self):
        return [{"type": "GAUGE", "key": "size", "value": 1}]
"""
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def schemathesis(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program, in an environment of its own."""
    environment = tmp_path_factory.mktemp("schemathesis")
    subprocess.run([_UV, "venv", "--quiet", "--python", sys.executable, str(environment)], check=True)
    install = [_UV, "pip", "install", "--quiet", "--python", str(environment / "bin/python"), "schemathesis>=4"]
    subprocess.run(install, check=True)
    return str(environment / "bin/st")


@pytest.mark.parametrize(
    ("document", "name", "source", "less"),
    [
        pytest.param("/v2/openapi.json", "Echo", ECHO, (), id="protocol"),
        # Other names of the same endpoints are left out, which takes half the time.
        pytest.param("/seldon.json", "Node", _NODE, ("--exclude-path-regex", "^/api/v"), id="Seldon"),
    ],
)
def test_schemathesis_finds_no_answer_that_the_document_does_not_tell(
    tmp_path: Path, schemathesis: str, document: str, name: str, source: str, less: tuple[str, ...]
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    with Served(model, name, files={f"{name}.py": source}) as server:
        command = [
            *(schemathesis, "run", f"http://127.0.0.1:{server.http}{document}", *less),
            *("--checks", _CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "10"),
            *("--generation-deterministic", "--no-color", "--continue-on-failure"),
        ]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=400, cwd=tmp_path)
    assert result.returncode == 0, result.stdout[-8000:]
    assert " passed" in result.stdout
