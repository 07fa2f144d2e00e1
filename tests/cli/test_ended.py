"""Commands about images that are told to end while something else keeps them waiting: a registry, an index."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from builds import Bench, make_bench, quiet_environment
from cli.command_line import COMMAND
from holding_server import HoldingServer
from images import index, noise
from modelwrap.image.reference import parse_reference
from modelwrap.image.sinks.layout import LayoutSink
from serving import PATIENCE

#: A registry that takes no blob to its end.
REGISTRY = {"GET": (200, ()), "HEAD": (404, ()), "POST": (202, [("Location", "/v2/m/blobs/uploads/1")])}
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def _end(words: Sequence[str | Path], server: HoldingServer, number: signal.Signals, folder: Path) -> tuple[int, str]:
    """Status and words of a command that is told to end once the server keeps it waiting.

    A request that nobody ends waits for 90 s and is made again five times: half of the first wait is patience enough.
    """
    environment = {**os.environ, **_places(folder)}
    with subprocess.Popen([COMMAND, *words], env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert server.holds.wait(PATIENCE)
            process.send_signal(number)
            _, said = process.communicate(timeout=45)
        finally:
            process.kill()
    return process.returncode, said


def _places(folder: Path) -> Mapping[str, str]:
    (folder / "tmp").mkdir(exist_ok=True)
    places = {"TMPDIR": str(folder / "tmp"), "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
    return {**quiet_environment(folder / "cache"), **places}


def _half_made(folder: Path) -> list[Path]:
    drafts = folder / "cache/modelwrap/drafts"
    return [path for place in (drafts, folder / "tmp") if place.exists() for path in place.iterdir()]


@pytest.mark.parametrize(("number", "status"), SIGNALS)
@pytest.mark.parametrize("answers", [{}, REGISTRY], ids=["at the first question", "in the middle of blobs"])
def test_a_push_ends_at_once(
    answers: Mapping[str, tuple[int, Sequence[tuple[str, str]]]],
    number: signal.Signals,
    status: int,
    tmp_path: Path,
) -> None:
    LayoutSink(tmp_path / "layout").write(index(noise(300_000), b"x"), [parse_reference("m:1")])
    with HoldingServer(answers) as server:
        ended, said = _end(["push", tmp_path / "layout", f"{server.address}/m:1"], server, number, tmp_path)
    assert ended == status
    assert [line for line in said.split("\n") if line and not line.startswith("read ")] == (
        ["interrupted"] if number == signal.SIGINT else []
    )
    assert not _half_made(tmp_path)


def test_a_build_that_pushes_ends_at_once(bench: Bench) -> None:
    sources: list[str | Path] = [
        "--offline",
        "--wheels",
        bench.folder / "wheels",
        "--base-image",
        f"oci:{bench.folder / 'base'}",
    ]
    with HoldingServer(REGISTRY) as server:
        words: list[str | Path] = ["build", bench.model, *sources, "--push", "-t", f"{server.address}/m:1"]
        ended, said = _end(words, server, signal.SIGINT, bench.folder)
    assert (ended, said.splitlines()[-1]) == (130, "interrupted")
    assert "Traceback" not in said
    assert not _half_made(bench.folder)


def test_a_build_that_waits_for_an_index_ends_at_once_and_so_does_its_resolver(bench: Bench) -> None:
    with HoldingServer() as server:
        (bench.model / "requirements.txt").write_text(f"--index-url http://{server.address}/simple\ngreeting\n")
        words: list[str | Path] = ["build", bench.model, "--base-image", f"oci:{bench.folder / 'base'}"]
        words += ["--oci", bench.folder / "out"]
        ended, said = _end(words, server, signal.SIGINT, bench.folder)
        # Programs that live on have the folder open that they run in.
        _eventually_nobody_runs_in(bench.model)
    assert (ended, said.splitlines()[-1]) == (130, "interrupted")
    assert "Traceback" not in said
    assert not _half_made(bench.folder)
    assert not (bench.folder / "out").exists()


def test_a_build_that_fails_does_not_wait_for_its_resolver(bench: Bench) -> None:
    with HoldingServer() as server:
        (bench.model / "requirements.txt").write_text(f"--index-url http://{server.address}/simple\ngreeting\n")
        words: list[str | Path] = ["build", bench.model, "--base-image", f"oci:{bench.folder / 'base'}"]
        words += ["--oci", bench.folder / "out", "--python", "3.99"]
        environment = {**os.environ, **_places(bench.folder), "UV_HTTP_TIMEOUT": "1000"}
        ended = subprocess.run(
            [COMMAND, *words], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert ended.returncode == 1
    assert "not 3.99" in ended.stderr
    assert not _half_made(bench.folder)


def _eventually_nobody_runs_in(folder: Path) -> None:
    deadline = time.monotonic() + 20
    while found := [process for process in Path("/proc").glob("[0-9]*") if _runs_in(process, folder)]:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def _runs_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").resolve(strict=True) == folder
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no crew")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_a_build(bench: Bench, number: signal.Signals) -> None:
    with HoldingServer() as server:
        (bench.model / "requirements.txt").write_text(f"--index-url http://{server.address}/simple\ngreeting\n")
        words: list[str | Path] = ["build", bench.model, "--base-image", f"oci:{bench.folder / 'base'}"]
        words += ["--oci", bench.folder / "out"]
        environment = {**os.environ, **_places(bench.folder)}
        with subprocess.Popen([COMMAND, *words], env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                assert server.holds.wait(PATIENCE)
                crew = [child for child in _children(process.pid) if _command(child) == _command(process.pid)]
                process.send_signal(number)
                process.wait(45)
            finally:
                process.kill()
    assert crew
    deadline = time.monotonic() + 20
    while any(map(_command, crew)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _children(process: int) -> list[int]:
    return [*map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())]


def _command(process: int) -> bytes:
    """What a process was started with; nothing where it is gone."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
