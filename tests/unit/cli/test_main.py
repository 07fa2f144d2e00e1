"""How the command line ends: every ending has its status and its words."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from modelwrap.cli import serve
from modelwrap.cli.command import Bare, Command
from modelwrap.cli.main import main
from modelwrap.errors import ProjectError


def command(callback: Callable[..., int]) -> Command:
    """A command with an option of each kind."""
    return Command(
        "serve",
        [
            click.Argument(["words"], nargs=-1),
            click.Option(["--number"]),
            click.Option(["--name"]),
            click.Option(["--switch"], is_flag=True),
            click.Option(["--state"]),
        ],
        callback,
        about="",
        groups={},
        examples=[],
        bare={"--state": Bare("on", "on or off", lambda text: text in {"on", "off"})},
    )


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, dict[str, object]]]:
    """Runs `modelwrap serve` with these words, where serve ends as told."""

    def run(*words: str, ending: BaseException | None = None) -> tuple[int, dict[str, object]]:
        seen: dict[str, object] = {}

        def callback(**values: object) -> int:
            seen.update(values)
            if ending is not None:
                raise ending
            return 0

        monkeypatch.setattr(serve, "COMMAND", command(callback))
        monkeypatch.setattr("sys.argv", ["modelwrap", "serve", *words])
        return main(), seen

    return run


Call = Callable[..., tuple[int, dict[str, object]]]


def test_a_refusal_is_one_message_and_status_1(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    status, _ = call(ending=ProjectError("what was wrong\nwhat to do"))
    assert status == 1
    assert capsys.readouterr().err == "error: what was wrong\n  what to do\n"


def test_a_bug_is_shown_whole_and_says_how_to_report_it(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    status, _ = call(ending=ZeroDivisionError("oops"))
    assert status == 3
    shown = capsys.readouterr().err
    assert "ZeroDivisionError: oops" in shown
    assert "this is a bug in modelwrap" in shown
    assert "please report it" in shown


def test_what_the_system_refuses_is_no_bug_of_ours(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    status, _ = call(ending=PermissionError(13, "Permission denied", "/closed/model"))
    assert status == 1
    assert capsys.readouterr().err == "error: Permission denied: /closed/model\n"


def test_ctrl_c_is_no_bug(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    status, _ = call(ending=KeyboardInterrupt())
    assert status == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--num", "1"], {"number": "1"}),
        (["--num=1"], {"number": "1"}),
        (["--sw", "a", "b"], {"switch": True, "words": ("a", "b")}),
        (["--name", "--num"], {"name": "--num"}),
        (["--name=--number=1"], {"name": "--number=1"}),
        (["--", "--num", "1"], {"words": ("--num", "1"), "number": None}),
        (["--state", "a"], {"state": "on", "words": ("a",)}),
        (["--state", "off", "a"], {"state": "off", "words": ("a",)}),
        (["--st=off"], {"state": "off"}),
        (["a", "--state"], {"state": "on", "words": ("a",)}),
    ],
)
def test_options_may_be_shortened_and_values_stay_as_they_are(
    words: list[str], expected: dict[str, object], call: Call
) -> None:
    status, seen = call(*words)
    assert status == 0
    assert expected.items() <= seen.items()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--n", "1"], "--n could be --name or --number"),
        (["--s"], "--s could be --state or --switch"),
        (["--nunber", "1"], "--number"),
        (["--name"], "requires an argument"),
    ],
)
def test_what_is_not_clear_is_asked_back_with_status_2(
    words: list[str], message: str, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    status, seen = call(*words)
    assert (status, seen) == (2, {})
    assert message in capsys.readouterr().err


def _without_packages(words: list[str], seed: str = "random") -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, where the packages of `modelwrap[build]` can't be found."""
    program = (
        "import sys; sys.modules.update(dict.fromkeys(('packaging', 'rich', 'urllib3', 'uv', 'yaml')));"
        "from modelwrap.cli.main import main; sys.exit(main())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    "words", [["build", ".", "--oci", "out"], ["inspect", "x.tar"], ["push", "x.tar", "r.example/x:1"]]
)
def test_a_command_without_its_packages_names_the_extra_that_brings_them(words: list[str]) -> None:
    ended = _without_packages(words)
    assert ended.returncode == 1
    assert "pip install 'modelwrap[build]'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("seed", ["1", "2"])  # old versions of click keep names of options in sets
@pytest.mark.parametrize("verb", ["build", "inspect", "push"])
def test_help_needs_no_packages(verb: str, seed: str) -> None:
    ended = _without_packages([verb, "--help"], seed)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"Usage: modelwrap {verb} ")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["build"], 2, "Missing argument 'MODEL_PATH'"),
        (["build", "."], 2, "say where the image goes"),
        (["build", ".", "--ofline"], 2, "--offline"),
        (["build", ".", "--oci", "out", "-t", "A"], 1, "write a:"),
        (["inspect", "x", "--fils"], 2, "--files"),
        (["push", "x.tar"], 2, "Missing argument 'REFERENCES...'"),
        (["push", "x.tar", "A"], 1, "write a:"),
    ],
)
def test_a_slip_is_told_before_packages_are_asked_for(words: list[str], status: int, message: str) -> None:
    ended = _without_packages(words)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert message in ended.stderr
    assert "pip install" not in ended.stderr


def test_another_module_that_is_missing_is_a_bug_of_ours(
    call: Callable[..., tuple[int, dict[str, object]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(ending=ModuleNotFoundError("no x", name="x"))[0] == 3
    assert "a bug in modelwrap" in capsys.readouterr().err
