"""`modelwrap init`: a new folder works at once, by every way that a finished one does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.command_line import COMMAND, modelwrap, tree, write
from cli.test_serve import ANY_PORTS, served
from modelwrap.cli.start.kinds import FRAMEWORKS
from modelwrap.contract import Role
from serving import PATIENCE


def test_a_new_folder_answers_without_anything_else_installed(tmp_path: Path) -> None:
    made = modelwrap("init", "hello", cwd=tmp_path)
    assert (made.status, made.out) == (0, "hello\n"), made.err
    assert made.err.splitlines()[-1].strip() == "modelwrap serve hello"
    assert sorted(path.name for path in (tmp_path / "hello").iterdir()) == [
        "Hello.py",
        "README.md",
        "contract.json",
        "requirements.txt",
    ]
    with served([COMMAND, "serve", "hello", *ANY_PORTS], tmp_path) as server:
        server.wait_for_announcement()
        answer = subprocess.run(["sh", "-c", server.curl], check=True, capture_output=True, text=True).stdout
        assert json.loads(answer)["data"] == {"names": ["sum"], "ndarray": [[20.0]]}
        os.killpg(server.process.pid, signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("role", list(Role))
def test_every_service_type_answers_over_rest_and_grpc_what_its_contract_says(role: Role, tmp_path: Path) -> None:
    assert modelwrap("init", "part", "--service-type", role.lower(), cwd=tmp_path).status == 0
    tried = modelwrap("test", "part", "--service-type", role, "--quick", "--strict", "--requests", "2", cwd=tmp_path)
    assert tried.status == 0, tried.out + tried.err


def test_a_folder_for_a_framework_is_trained_by_the_steps_that_are_printed(tmp_path: Path) -> None:
    made = modelwrap("init", "models/my-model", "--framework", "SKLEARN", cwd=tmp_path)
    *_, install, train, serve = (line.strip() for line in made.err.splitlines())
    assert install == "pip install -r models/my-model/requirements.txt"
    assert serve == "modelwrap serve models/my-model"

    early = modelwrap(*serve.split()[1:], *ANY_PORTS, cwd=tmp_path)
    assert early.status == 1
    assert f"has the model been trained? Run: python {tmp_path}/models/my-model/train.py" in early.err

    assert train == "python models/my-model/train.py"
    subprocess.run([sys.executable, *train.split()[1:]], cwd=tmp_path, check=True, capture_output=True)
    tried = modelwrap("test", "models/my-model", "--quick", "--requests", "2", cwd=tmp_path)
    assert tried.status == 0, tried.out + tried.err
    with served([COMMAND, *serve.split()[1:], *ANY_PORTS], tmp_path) as server:
        server.wait_for_announcement()
        rows = [[1, 1, 1, 1], [9, 9, 9, 9]]
        data = server.post("/predict", {"data": {"ndarray": rows}})["data"]
        assert isinstance(data, dict)
        assert data["names"] == ["small", "large"]
        assert [row[1] > 0.5 for row in data["ndarray"]] == [False, True]


@pytest.mark.parametrize("words", [[], *(["--framework", name] for name in FRAMEWORKS)], ids=" ".join)
def test_what_is_made_can_be_wrapped(words: list[str], tmp_path: Path) -> None:
    assert modelwrap("init", "new_one", *words, cwd=tmp_path).status == 0
    wrapped = modelwrap("new_one", "NewOne", "0.1", "seldonio", cwd=tmp_path)
    assert wrapped.status == 0, wrapped.err
    assert "note" not in wrapped.err


@pytest.mark.parametrize("role", list(Role))
def test_the_readme_says_the_service_type_where_it_must_be_said(role: Role, tmp_path: Path) -> None:
    modelwrap("init", "part", "--service-type", role, cwd=tmp_path)
    readme = (tmp_path / "part/README.md").read_text()
    option = "" if role is Role.MODEL else f" --service-type {role}"
    assert f"\nmodelwrap serve .{option}\n" in readme
    assert f"\nmodelwrap . Part 0.1 registry.example/me{option}\n" in readme


def test_the_working_directory_can_become_the_folder(tmp_path: Path) -> None:
    here = tmp_path / "churn-2026"
    here.mkdir()
    assert modelwrap("init", ".", cwd=here).status == 0
    assert "class Churn2026:" in (here / "Churn2026.py").read_text()


def test_a_folder_with_anything_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"hello/notes.txt": "mine", "hello-2": "taken"})
    before = tree(tmp_path)
    refused = modelwrap("init", "hello", cwd=tmp_path)
    assert refused.status == 1
    assert "hello is there already" in refused.error
    assert "try: modelwrap init hello-3" in refused.error
    assert tree(tmp_path) == before


def test_a_file_of_that_name_is_left_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"hello": "mine"})
    refused = modelwrap("init", "hello", cwd=tmp_path)
    assert refused.status == 1
    assert "is there already, a file" in refused.error
    assert (tmp_path / "hello").read_text() == "mine"


def test_nothing_half_made_stays_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    refused = modelwrap("init", "shut/a/hello", cwd=tmp_path, powerless=True)
    assert refused.status == 1
    assert "Permission denied" in refused.error
    assert list((tmp_path / "shut").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["3d model"], 1, "try: modelwrap init my-3d-model"),
        (["--framework", "keras", "--service-type", "ROUTER", "x"], 1, "leave one of the two out"),
        (["--framework", "prophet", "x"], 2, ", statsmodels, "),
        ([], 2, "Missing argument 'NAME'"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(
    words: list[str], status: int, message: str, tmp_path: Path
) -> None:
    refused = modelwrap("init", *words, cwd=tmp_path)
    assert refused.status == status
    assert message in refused.error
    assert list(tmp_path.iterdir()) == []
