"""What the command line tells of itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.command_line import modelwrap, write
from modelwrap import __version__
from modelwrap.cli.wrap import COMMAND

REFERENCE = Path(__file__).parents[2] / "docs/reference/command-line.md"

SCREEN = (120, 50)
CLASS = "class Hello:\n    def predict(self, X): return X\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["-h"],
        ["wrap", "--help"],
        ["serve", "-h"],
        ["test", "-h"],
        ["bench", "-h"],
        ["deploy", "-h"],
        ["init", "-h"],
        ["push", "-h"],
        ["model", "-h"],
        ["model", "Model", "0.1", "registry.example", "-h"],
    ],
)
def test_help_fits_on_one_screen_and_ends_in_examples(words: list[str]) -> None:
    outcome = modelwrap(*words)
    assert (outcome.status, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert len(lines) < SCREEN[1]
    assert max(map(len, lines)) <= SCREEN[0]
    assert "Examples:" in outcome.out


def test_the_version_is_told() -> None:
    assert modelwrap("--version").out == f"modelwrap {__version__}\n"


def test_called_alone_it_shows_what_it_can_do_and_fails() -> None:
    outcome = modelwrap()
    assert (outcome.status, outcome.out) == (2, "")
    assert "Commands:" in outcome.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["srve"], "did you mean serve?"),
        (["wrp", "model"], "did you mean wrap?"),
        (["frobnicate"], "commands: bench, build, deploy, "),
        (["wrap", "m", "M", "1", "r", "--imagename", "x"], "--image-name"),
        (["serve", "m", "M", "--http-prt", "1"], "--http-port"),
    ],
)
def test_a_slip_is_met_with_the_nearest_word(words: list[str], hint: str) -> None:
    outcome = modelwrap(*words)
    assert outcome.status == 2
    assert hint in outcome.err


def test_python_m_modelwrap_is_the_same_command() -> None:
    ended = subprocess.run([sys.executable, "-m", "modelwrap", "--version"], check=True, capture_output=True, text=True)
    assert ended.stdout == f"modelwrap {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        "['--help']",
        "['wrap', '--help']",
        "['serve', '--help']",
        "['test', '--help']",
        "['bench', '--help']",
        "['deploy', '--help']",
        "['build', '--help']",
        "['push', '--help']",
        "['inspect', '--help']",
        "['deploy', 'i:1']",
        "['init', '3d']",
        "['nowhere', 'M', '1', 'r']",
    ],
)
def test_no_command_loads_what_only_a_model_needs(words: str) -> None:
    program = (
        "import sys\n"
        f"sys.argv[1:] = {words}\n"
        "from modelwrap.cli.main import main\n"
        "main()\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'numpy', 'h2corn', 'rich', 'urllib3', 'yaml'}))"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_help_of_the_whole_does_not_even_load_click() -> None:
    program = (
        "import sys; sys.argv[1:] = ['-h']; from modelwrap.cli.main import main; main(); print('click' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ended.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("option", [name for param in COMMAND.params for name in param.opts if name.startswith("-")])
def test_every_option_of_wrap_is_in_the_reference(option: str) -> None:
    assert re.search(rf"`[^`]*{option}\b", REFERENCE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["helo", "Hello", "0.1", "registry.example/ann"], ["there is no folder helo", "did you mean hello?"]),
        (["helo", "Hello", "0.1", "r.example/a", "--grpc"], ["there is no folder helo", "did you mean hello?"]),
        (["helo"], ["there is no command and no folder helo", "did you mean the folder hello?"]),
        (["helo", "Hello"], ["there is no command and no folder helo", "did you mean the folder hello?"]),
        (["--verison"], ["there is no option --verison", "did you mean --version?"]),
    ],
)
def test_a_slip_of_the_first_word_is_told_with_what_was_meant(
    words: list[str], messages: list[str], tmp_path: Path
) -> None:
    (tmp_path / "hello").mkdir()
    outcome = modelwrap(*words, cwd=tmp_path)
    assert (outcome.status, outcome.out) == (2, "")
    assert all(message in outcome.error for message in messages), outcome.error


def test_a_folder_alone_is_met_with_the_ways_on_for_the_class_in_it(tmp_path: Path) -> None:
    write(tmp_path / "a folder", {"Hello.py": CLASS})
    outcome = modelwrap("a folder", cwd=tmp_path)
    assert (outcome.status, outcome.out) == (2, "")
    for line in (
        "Usage: modelwrap MODEL_PATH MODEL_NAME IMAGE_VERSION DOCKER_REPO [options]",
        "modelwrap serve 'a folder' ",
        "modelwrap 'a folder' Hello 0.1 DOCKER_REPO ",
        "modelwrap build 'a folder' -t DOCKER_REPO/hello:0.1 --push ",
    ):
        assert line in outcome.err


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["models"], 2, "modelwrap models MODEL_NAME 0.1 DOCKER_REPO"),
        (["models", "B", "3"], 2, "modelwrap models B 3 DOCKER_REPO"),
        (["wrap", "models", "B", "3"], 2, "modelwrap models B 3 DOCKER_REPO"),
        (["wrap", "empty"], 1, "empty holds no model"),
        (["wrap"], 2, "Missing argument 'MODEL_PATH'"),
        (["empty"], 1, "empty holds no model"),
        (["empty/"], 1, "empty holds no model"),
        (["./nowhere", "B"], 1, "there is no folder nowhere"),
        (["models/A.py"], 1, "models/A.py is a file"),
    ],
)
def test_a_folder_with_too_few_words_is_looked_into(
    words: list[str], status: int, message: str, tmp_path: Path
) -> None:
    write(tmp_path / "models", {f"{name}.py": CLASS.replace("Hello", name) for name in "AB"})
    (tmp_path / "empty").mkdir()
    outcome = modelwrap(*words, cwd=tmp_path)
    assert (outcome.status, outcome.out) == (status, "")
    assert message in outcome.err


def test_help_is_given_for_a_folder_alone_too(tmp_path: Path) -> None:
    write(tmp_path / "hello", {"Hello.py": CLASS})
    outcome = modelwrap("hello", "--help", cwd=tmp_path)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith("Usage: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["serve", "hello", "--inline", "maybe"], "--inline is 'maybe': expected true or false"),
        (["test", "hello", "--quick", "yes"], "--quick is 'yes': expected no value"),
        (["build", "hello", "--load", "r.example/hello:1"], "--load is 'r.example/hello:1': expected no value"),
        (["serve", "hello", "Hello", "--inline", "maybe"], "unexpected extra argument (maybe)"),
    ],
)
def test_a_word_behind_an_option_that_takes_none_is_named(words: list[str], message: str, tmp_path: Path) -> None:
    write(tmp_path / "hello", {"Hello.py": CLASS})
    outcome = modelwrap(*words, cwd=tmp_path)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err


@pytest.mark.parametrize("words", [["hello", "Helo", "--inline"], ["hello", "--inline", "true", "Helo"]])
def test_a_class_that_is_not_there_is_no_matter_of_the_options(words: list[str], tmp_path: Path) -> None:
    write(tmp_path / "hello", {"Hello.py": CLASS})
    outcome = modelwrap("serve", *words, cwd=tmp_path)
    assert outcome.status == 1
    assert "did you mean Hello?" in outcome.error
    assert "--inline" not in outcome.error


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["init", "x", "--framework", "torch"], ["--framework is 'torch': expected one of sklearn, ", "pytorch?"]),
        (["deploy", "i:1", "--for", "kubernets"], ["--for is 'kubernets': expected one of ", "mean kubernetes?"]),
        (["deploy", "i:1"], ["Missing option '--for'. It is one of seldon, seldon2, "]),
        (["state", "lst"], ["ACTION is 'lst': expected one of list, show, ", "did you mean list?"]),
        (["bench", "x", "--service-type", "outer"], ["--service-type is 'outer': expected one of MODEL, ROUTER, "]),
        (["bench", "x", "--seconds", "nan"], ["--seconds is 'nan': expected a number of seconds above 0"]),
        (["deploy", "i:1", "--replicas", "two"], ["--replicas is 'two': expected a whole number from 1 on"]),
        (["test", "x", "-n", "0"], ["--requests is '0': expected a whole number from 1 on"]),
        (["test", "x", "--grpc-port", "70000"], ["--grpc-port is '70000': expected a whole number from 1 to 65535"]),
        (["state", "restore", "last"], ["NUMBER is 'last': expected a whole number from 1 on"]),
    ],
)
def test_what_does_not_fit_is_met_with_what_does(words: list[str], messages: list[str]) -> None:
    outcome = modelwrap(*words)
    assert outcome.status == 2
    assert all(message in outcome.err for message in messages), outcome.err


@pytest.mark.parametrize("typed", ["router", "Router", "ROUTER"])
def test_one_of_a_few_words_may_be_typed_in_either_case(typed: str, tmp_path: Path) -> None:
    outcome = modelwrap("init", "hello", "--service-type", typed, cwd=tmp_path)
    assert (outcome.status, outcome.out) == (0, "hello\n")
