"""Every framework's example, from its folder to answers, in an environment of the newest versions that there are."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docs.likeness import is_like
from docs.markdown import Command, blocks, commands
from rig import seldon
from rig.examples import EXAMPLES, Example, Prepared, distance, prepare, questions
from rig.iris import MODELWRAP, ROOT
from rig.processes import stop
from rig.wrapped import Server, serving

Ask = Callable[..., tuple[seldon.Matrix, list[str]]]
PATIENCE = 180


def each(example: Example) -> object:
    marks = [pytest.mark.timeout(1200), *([pytest.mark.heavy] if example.is_heavy else [])]
    return pytest.param(example, id=example.folder, marks=marks)


@pytest.fixture(scope="module", params=map(each, EXAMPLES))
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    example: Example = request.param
    return prepare(example, tmp_path_factory.mktemp(example.folder))


def test_its_served_answers_are_those_of_the_class_called_directly(prepared: Prepared, tmp_path: Path) -> None:
    example, asked = prepared.example, questions(prepared.example)
    expected = prepared.asked_directly(asked)
    log = tmp_path / "server.log"
    with serving(prepared.python, prepared.wrapped, log=log, model=example.model, seconds=PATIENCE) as server:
        for name, rows in asked.items():
            for ask, port in ((seldon.predict_by_rest, server.http), (seldon.predict_by_grpc, server.grpc)):
                answer, _ = ask(port, rows, seconds=PATIENCE)
                assert distance(answer, expected[name]) <= example.tolerance, f"{ask.__name__}, {name}"
        for command in curls(example):
            assert is_like(command.shown or "", typed(command, server)), f"README.md:{command.line}"
        tried = try_out(server, example)
        assert tried.returncode == 0, tried.stdout + tried.stderr
        assert stop(server.process) == 0, log.read_text()


def curls(example: Example) -> Iterator[Command]:
    """What its page asks the server in a second terminal."""
    for block in blocks(example.path / "README.md"):
        yield from (each for each in commands(block) if block.is_typed and each.text.startswith("curl "))


def typed(command: Command, server: Server) -> str:
    words = command.text.replace("localhost:9000", f"127.0.0.1:{server.http}")
    return subprocess.run(["bash", "-c", words], check=True, stdout=subprocess.PIPE, text=True).stdout


def try_out(server: Server, example: Example) -> subprocess.CompletedProcess[str]:
    """What `modelwrap test` finds wrong with it, by its contract."""
    address, contract = f"http://127.0.0.1:{server.http}", str(example.path / "contract.json")
    words = [address, "--quick", "--contract", contract, "--grpc-port", str(server.grpc)]
    return subprocess.run([MODELWRAP, "test", *words], check=False, capture_output=True, text=True)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.folder)
def test_the_class_is_a_users_own_and_short(example: Example) -> None:
    source = (example.path / f"{example.model}.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 30
    assert "modelwrap" not in source
    assert "seldon" not in source


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.folder)
def test_its_requirements_have_no_cap(example: Example) -> None:
    for path in example.path.glob("requirements*.txt"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if set("<=~") & set(line.partition(";")[0])] == []


def test_every_example_with_a_training_is_run() -> None:
    trained = {path.parent.name for path in (ROOT / "examples").glob("*/train.py")}
    assert trained == {example.folder for example in EXAMPLES}
