"""`modelwrap serve`: from a folder to an answer with one command, by the program that an image runs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli.command_line import COMMAND, modelwrap, write
from serving import PATIENCE

ANY_PORTS = ["--http-port=0", "--grpc-port=0", "--metrics-port=0"]


@dataclass(slots=True)
class Served:
    """A server that was started and has said where it is."""

    process: subprocess.Popen[bytes]
    errors: Path
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        found = re.search(r"REST +http://(\S+?)/", "\n".join(self.lines))
        assert found, self.lines
        return f"http://{found[1]}"

    @property
    def curl(self) -> str:
        (line,) = [line for line in self.lines if line.startswith("try")]
        return line.removeprefix("try").strip()

    def post(self, path: str, body: object) -> dict[str, object]:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            decoded: dict[str, object] = json.load(answer)
        return decoded

    def wait_for_announcement(self) -> None:
        """Reads what is printed up to the example request."""
        assert self.process.stdout is not None
        descriptor, deadline, text = self.process.stdout.fileno(), time.monotonic() + PATIENCE, ""
        while not re.search(r"^try .*\n", text, re.MULTILINE):
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(descriptor, 65536).decode() if ready else ""
            assert piece, f"no word from the server: {text}\n{self.errors.read_text()}"
            text += piece
        self.lines = text.splitlines()


@contextlib.contextmanager
def served(command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    errors = cwd / "errors.log"
    with errors.open("w") as log:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield Served(process, errors)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_a_folder_is_served_where_it_stands_and_the_printed_request_works(model: Path, tmp_path: Path) -> None:
    write(model, {"contract.json": json.dumps({"features": [{"name": "x", "range": [1, 3], "repeat": 2}]})})
    with served([COMMAND, "serve", "model", *ANY_PORTS], tmp_path) as server:
        server.wait_for_announcement()
        assert [line.split()[0] for line in server.lines] == ["REST", "gRPC", "metrics", "try"]
        answer = subprocess.run(["sh", "-c", server.curl], check=True, capture_output=True, text=True).stdout
        assert json.loads(answer)["data"]["ndarray"] == [[3.0, 3.0]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order_when_told(number: signal.Signals, model: Path, tmp_path: Path) -> None:
    with served([COMMAND, "serve", model, "MnistClassifier", *ANY_PORTS], tmp_path) as server:
        server.wait_for_announcement()
        # As a terminal does for Ctrl-C: to every process of the group.
        os.killpg(server.process.pid, number)
        assert server.process.wait(PATIENCE) == 0, server.errors.read_text()


def test_a_model_that_tells_its_inputs_is_shown_a_row_of_that_width(model: Path, tmp_path: Path) -> None:
    source = (model / "MnistClassifier.py").read_text()
    inputs = [{"messagetype": "tensor", "schema": {"shape": [3]}}]
    metadata = f'    def init_metadata(self):\n        return {{"inputs": {inputs}}}\n'
    write(model, {"MnistClassifier.py": source + metadata})
    with served([COMMAND, "serve", model, *ANY_PORTS], tmp_path) as server:
        server.wait_for_announcement()
        assert '"ndarray":[[1.0,2.0,3.0]]' in server.curl


def test_settings_of_the_server_are_options_here(model: Path, tmp_path: Path) -> None:
    words = ["--log-form", "json", str(model), "--access-log", "--serv", "MODEL"]
    with served([COMMAND, "serve", *words, *ANY_PORTS], tmp_path) as server:
        server.wait_for_announcement()
        server.post("/predict", {"data": {"ndarray": [[1]]}})
        os.killpg(server.process.pid, signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
    logged = [json.loads(line) for line in server.errors.read_text().splitlines()]
    assert any("/predict" in json.dumps(entry) for entry in logged)


def test_the_generated_folder_serves_without_modelwrap(model: Path, tmp_path: Path) -> None:
    source = "import modelwrap\nclass MnistClassifier:\n    def predict(self, X):\n        return modelwrap.__file__\n"
    write(model, {"MnistClassifier.py": source})
    assert modelwrap(model, "MnistClassifier", "0.1", "seldonio").status == 0
    alone = tmp_path / "alone"
    (model / "build").rename(alone)
    ready, told = os.pipe()
    os.set_inheritable(told, True)
    command = [
        sys.executable,
        "-P",
        "-u",
        "-m",
        "modelwrap.runtime",
        "MnistClassifier",
        f"--ready-fd={told}",
        *ANY_PORTS,
    ]
    errors = tmp_path / "errors.log"
    with errors.open("w") as log, os.fdopen(ready) as lines:
        process = subprocess.Popen(
            command,
            cwd=alone / "model",
            env={**os.environ, "PYTHONPATH": str(alone / "runtime")},
            pass_fds=[told],
            stderr=log,
        )
        os.close(told)
        try:
            line = lines.readline()
            assert line, errors.read_text()
            server = Served(process, errors, [f"REST     http://127.0.0.1:{json.loads(line)['http']}/predict"])
            answer = server.post("/predict", {"data": {"ndarray": [[1]]}})
            assert str(answer["strData"]).startswith(str(alone / "runtime"))
            process.terminate()
            assert process.wait(PATIENCE) == 0, errors.read_text()
        finally:
            process.kill()
            process.wait()


def test_a_port_that_is_taken_is_named_with_the_next_free_one(model: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = modelwrap("serve", model, f"--http-port={port}", "--grpc-port=0", "--metrics-port=0")
    assert outcome.status == 1
    assert f"port {port} is in use" in outcome.error
    assert re.search(r"free: --http-port \d+", outcome.error)


@pytest.mark.parametrize(
    ("files", "words", "message"),
    [
        ({}, ["nowhere"], "there is no folder nowhere"),
        ({}, ["modle"], "did you mean model?"),
        ({"train.py": ""}, ["model"], "holds no model"),
        ({"Broken.py": "class Broken(\n"}, ["model"], "Broken.py:1"),
        ({"No.py": "class No:\n def predit(s, X): ...\n"}, ["model"], "is predit meant to be predict?"),
        ({"Cls.py": "class Other:\n def predict(s, X): ...\n"}, ["model"], "Cls.py has no class Cls"),
        ({"A.py": "class A:\n def predict(s, X): ...\n", "B.py": "from A import A as B\n"}, ["model"], "A, B"),
        ({"A.py": "class B: ...\n"}, ["model", "A"], "A.py has no class A"),
        ({"A.py": "class A:\n def route(s, X): ...\n"}, ["model", "A"], "--service-type ROUTER"),
        ({"A.py": "class A:\n def predict(s, X): ...\n"}, ["model", "A.py"], "A"),
        (
            {"A.py": "class A:\n def predict(s, X): ...\n", "w.bin": "version https://git-lfs.github.com/spec/v1\n"},
            ["model"],
            "git lfs pull",
        ),
    ],
)
def test_a_folder_that_cannot_be_served_is_refused_before_anything_starts(
    files: dict[str, str], words: list[str], message: str, tmp_path: Path
) -> None:
    write(tmp_path / "model", {"offset.txt": "1", **files})
    outcome = modelwrap("serve", *words, cwd=tmp_path)
    assert outcome.status == 1
    assert message in outcome.error
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "none"], "--workers is 'none': expected a whole number"),
        (["--http-port", "99999"], "expected a port number"),
        (["--log", "x"], "could be --log-format or --log-level"),
        (["M", "N", "O"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_told_apart(words: list[str], message: str, model: Path) -> None:
    outcome = modelwrap("serve", model, *words)
    assert outcome.status == 2
    assert message in outcome.error


def test_an_option_alone_does_not_swallow_the_folder(model: Path) -> None:
    outcome = modelwrap("serve", "--inline", model, "Missing")
    assert "Missing.py is not in" in outcome.error


def test_the_users_own_error_ends_it(model: Path, tmp_path: Path) -> None:
    source = "class MnistClassifier:\n def load(self): raise RuntimeError('no GPU')\n def predict(self, X): ...\n"
    write(model, {"MnistClassifier.py": source})
    with served([COMMAND, "serve", model, *ANY_PORTS], tmp_path) as server:
        assert server.process.wait(PATIENCE) == 1
    assert "RuntimeError: no GPU" in server.errors.read_text()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_serve_in_the_generated_folder_starts_the_same_server(model: Path) -> None:
    assert modelwrap(model, "MnistClassifier", "0.1", "seldonio", "--service-type", "MODEL").status == 0
    shown = subprocess.run(
        ["make", "--dry-run", "serve"], cwd=model / "build", check=True, capture_output=True, text=True
    ).stdout
    assert f'cd model && PYTHONPATH="{model}/build/runtime" python3' in shown
    assert shown.strip().endswith("-m modelwrap.runtime MnistClassifier --service-type MODEL")
