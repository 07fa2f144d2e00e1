"""`modelwrap build` and `modelwrap inspect` as they are typed, on a base image that nobody runs, with no network."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builds import MINOR, PYTHON, Bench, make_bench, quiet_environment
from cli.command_line import COMMAND, modelwrap, write
from cli.digest_table import Rows
from elf_files import make_elf
from serving import PATIENCE

DIGEST = r"sha256:[0-9a-f]{64}\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def test_the_digest_alone_is_the_result_and_the_rest_is_told_beside_it(bench: Bench) -> None:
    outcome = bench.build("-t", "registry.example/team/m:1", "--oci", bench.folder / "out")
    assert outcome.status == 0, outcome.err
    assert re.fullmatch(DIGEST, outcome.out)
    lines = outcome.err.splitlines()
    steps = [line.split()[0] for line in lines[:7]]
    assert steps == ["base", "resolve", "download", "layers", "check", "sbom", "write"]
    for kind in ("base", "dependencies", "weights", "code"):
        assert re.search(rf"^{kind} +\d+ ", outcome.err, re.MULTILINE), kind
    assert lines[-1] == f"next: modelwrap push {bench.folder / 'out'} registry.example/team/m:1"


def test_quiet_prints_the_digest_and_nothing_else(bench: Bench) -> None:
    outcome = bench.build("--quiet", "--tar", bench.folder / "m.tar")
    assert (outcome.status, outcome.err) == (0, "")
    assert re.fullmatch(DIGEST, outcome.out)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--tar", "there can't be written: a folder has that name\n  name a file, as in --tar "),
        ("--oci", "there is there and is no image layout\n  name a folder that is new, empty, or a layout\n"),
    ],
)
def test_a_place_that_can_not_take_the_image_is_refused_before_it_is_made(option: str, said: str, bench: Bench) -> None:
    write(bench.folder / "there", {"mine.txt": "precious"})
    outcome = bench.build("-t", "m:1", option, bench.folder / "there")
    assert outcome.status == 1
    assert said in outcome.err
    assert "base  " not in outcome.err
    assert [path.name for path in (bench.folder / "there").iterdir()] == ["mine.txt"]


def engine(folder: Path, name: str, *, answers: bool) -> None:
    """A container engine that keeps what it is given to load, if it answers at all."""
    write(folder, {name: f'#!/bin/sh\n[ {int(answers)} = 1 ] || exit 1\n[ "$1" != load ] || cat >"$0.loaded"\n'})
    (folder / name).chmod(0o755)


def test_an_engine_that_does_not_answer_is_passed_over(bench: Bench) -> None:
    programs = bench.folder / "bin"
    engine(programs, "docker", answers=False)
    engine(programs, "podman", answers=True)
    outcome = bench.build("--load", "-t", "m:1", PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
    assert outcome.status == 0, outcome.err
    assert "note: no answer comes from docker, so the image goes to podman\n" in outcome.err
    assert (programs / "podman.loaded").stat().st_size > 0
    assert not (programs / "docker.loaded").exists()


@pytest.mark.parametrize(
    ("here", "said"),
    [
        (("docker", "podman"), "no answer comes from docker and podman, so the image can't be loaded"),
        (("docker",), "no answer comes from docker, so the image can't be loaded"),
        ((), "there is no docker and no podman here, so the image can't be loaded"),
    ],
)
def test_without_an_engine_that_answers_nothing_is_built(here: tuple[str, ...], said: str, bench: Bench) -> None:
    programs = bench.folder / "bin"
    programs.mkdir()
    for name in here:
        engine(programs, name, answers=False)
    outcome = bench.build("--load", "-t", "m:1", PATH=f"{programs}{os.pathsep}/nowhere")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {said}\n")
    assert "--tar FILE or --oci DIR need none" in outcome.err


def test_every_place_gets_the_same_image_and_json_tells_of_it(bench: Bench) -> None:
    out, tar = bench.folder / "out", bench.folder / "m.tar"
    document = json.loads(bench.build("--json", "--oci", out, "--tar", tar, "-t", "m:1").out)
    assert [place["place"] for place in document["places"]] == [str(out), str(tar)]
    (image,) = document["platforms"]
    kinds = [layer["kind"] for layer in image["layers"]]
    order = ["base", "environment", "dependencies", "runtime", "weights", "files", "code"]
    assert list(dict.fromkeys(kinds)) == order, "what changes seldom comes first"
    for place in (out, tar):
        (found,) = json.loads(modelwrap("inspect", place, "--json").out)
        assert found["digest"] == image["digest"] == document["digest"]
        assert [layer["kind"] for layer in found["layers"]] == kinds


def test_inspect_tells_layers_settings_and_on_demand_every_file(bench: Bench) -> None:
    bench.digest("-t", "registry.example/team/m:1")
    told = modelwrap("inspect", bench.folder / "out-cache", "--files").out
    for expected in (
        "large 2.0",
        "User          8888:0",
        "Env           MODEL_NAME=Model",
        "Labels        docker_image_version=1",
        f"/opt/venv/lib/python{MINOR}/site-packages/greeting/__init__.py",
        "/microservice/Model.py",
    ):
        assert expected in told


@pytest.mark.parametrize(
    ("name", "pushed_as"),
    [("hello:0.1", "REGISTRY/hello:0.1"), ("ann/hello:0.1", "ann/hello:0.1"), ("r.example/m:1", "r.example/m:1")],
)
def test_a_name_stays_as_it_was_typed_where_nothing_is_pushed(name: str, pushed_as: str, bench: Bench) -> None:
    out, programs = bench.folder / "out", bench.folder / "bin"
    engine(programs, "docker", answers=True)
    search = f"{programs}{os.pathsep}{os.environ['PATH']}"
    dry, written = bench.build("--dry-run", "-t", name), bench.build("-t", name, "--oci", out)
    loaded = bench.build("-t", name, "--load", PATH=search)
    assert f"image    {name}\n" in dry.out
    assert written.err.splitlines()[-1] == f"next: modelwrap push {out} {pushed_as}"
    assert loaded.err.splitlines()[-1] == f"next: docker run --rm -p 9000:9000 {name}"
    (told,) = json.loads(modelwrap("inspect", out, "--json").out)
    for said in (dry.err, written.err, loaded.err, json.dumps(told)):
        assert "docker.io" not in said
        assert "library/" not in said


@pytest.mark.parametrize(
    ("name", "notes"),
    [
        (
            "hello:0.1",
            (
                "note: hello:0.1 names no registry: it is pushed to docker.io, as docker.io/library/hello:0.1\n"
                "  names without an account are that registry's own: write ACCOUNT/hello:0.1, or REGISTRY/hello:0.1\n"
            ),
        ),
        ("ann/m:1", "note: ann/m:1 names no registry: it is pushed to docker.io, as docker.io/ann/m:1\n"),
        ("docker.io/ann/m:1", ""),
        ("registry.example/m:1", ""),
    ],
)
def test_that_a_name_goes_to_the_default_registry_is_said_before_anything_is_made(
    name: str, notes: str, bench: Bench
) -> None:
    outcome = bench.build("--dry-run", "--push", "-t", name)
    assert outcome.status == 0, outcome.err
    assert outcome.err[: outcome.err.index("base ")] == notes


def test_a_lock_is_written_beside_the_image_and_makes_it_again(bench: Bench) -> None:
    digest = bench.digest()
    lock = bench.folder / "pylock.out-cache.toml"
    assert 'name = "greeting"' in lock.read_text()
    given = bench.folder / "pylock.toml"
    shutil.copy(lock, given)
    assert bench.digest("--lock", given, cache="other") == digest
    write(bench.model, {"requirements.txt": "greeting>=100\nlarge\n"})
    refused = bench.build("--lock", given, "--oci", bench.folder / "refused")
    assert refused.status == 1
    assert "greeting" in refused.error
    assert not (bench.folder / "refused").exists()


def test_a_lock_that_is_not_there_yet_is_said_to_be_written(bench: Bench) -> None:
    lock = bench.folder / "pylock.toml"
    first = bench.build("--lock", lock, "--oci", bench.folder / "out")
    assert first.err.splitlines()[0] == f"note: {lock} is not there yet: it will be written at the end"
    assert lock.exists()
    assert "it will be written" not in bench.build("--lock", lock, "--oci", bench.folder / "out").err


def test_requirements_of_another_file_take_the_place_of_the_folders(bench: Bench) -> None:
    other = write(bench.folder / "elsewhere", {"production.txt": "-r more.txt\n", "more.txt": "large\n"})
    document = json.loads(bench.build("--dry-run", "--json", "--requirements", other / "production.txt").out)
    names = {package["name"] for package in document["platforms"][0]["packages"]}
    assert "large" in names
    assert "greeting" not in names


def test_a_dry_run_tells_what_would_be_made_and_makes_nothing(bench: Bench) -> None:
    outcome = bench.build("--dry-run", "-t", "registry.example/team/m:1", "--platform", "linux/arm64,linux/amd64")
    assert outcome.status == 0, outcome.err
    for expected in ("registry.example/team/m:1", "linux/arm64", "linux/amd64", f"Python {PYTHON}", "large", "2.0"):
        assert expected in outcome.out
    assert not list((bench.folder / "cache/modelwrap").rglob("layers"))


def test_two_platforms_make_one_index_of_two_images(bench: Bench) -> None:
    document = json.loads(
        bench.build("--json", "--platform", "linux/amd64,arm64", "--oci", bench.folder / "out", "-t", "m:1").out
    )
    assert [image["platform"] for image in document["platforms"]] == ["linux/amd64", "linux/arm64/v8"]
    assert document["digest"] not in {image["digest"] for image in document["platforms"]}
    (entry,) = json.loads((bench.folder / "out/index.json").read_text())["manifests"]
    assert entry["digest"] == document["digest"]
    (arm,) = json.loads(modelwrap("inspect", bench.folder / "out", "--platform", "linux/arm64", "--json").out)
    assert arm["digest"] == document["platforms"][1]["digest"]


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([], 2, "say where the image goes"),
        (["--push"], 2, "--push needs the image's name"),
        (["--oci", "out", "--platform", "linux/s390x"], 1, "linux/amd64 or linux/arm64"),
        (["--oci", "out", "--python", "3.99"], 1, f"brings Python {PYTHON}, not 3.99"),
        (["--oci", "out", "-t", "Team/M:1"], 1, "team/m:1"),
        (["--oci", "out", "-t", "m:1", "-t", "Team/M:2"], 1, "team/m:2"),
        (["--oci", "out", "--requirements", "nowhere.txt"], 1, "there is no requirements file nowhere.txt"),
    ],
)
def test_a_slip_ends_before_anything_is_made(words: list[str], status: int, message: str, bench: Bench) -> None:
    outcome = bench.build(*words)
    assert (outcome.status, outcome.out) == (status, "")
    assert message in outcome.error
    assert not Path("out").exists()


def test_a_base_that_is_not_to_be_had_is_named_with_the_way_to_another(bench: Bench) -> None:
    with socket.socket() as closed:  # Bound and not listening: nobody answers there.
        closed.bind(("127.0.0.1", 0))
        base = f"127.0.0.1:{closed.getsockname()[1]}/team/python:3.11-slim"
        outcome = modelwrap(
            "build",
            bench.model,
            "--oci",
            bench.folder / "out",
            "--base-image",
            base,
            environment=quiet_environment(bench.folder / "cache"),
        )
    assert outcome.status == 1
    assert f"the base image {base} can't be had" in outcome.err
    assert "--base-image registry.example/python:3.11-slim or --base-image oci:DIR" in outcome.err


def test_a_base_that_the_cache_lacks_is_named_with_the_command_that_fetches_it(bench: Bench) -> None:
    outcome = modelwrap(
        *("build", bench.model, "--offline", "--platform", "linux/arm64", "--oci", bench.folder / "out"),
        *("--base-image", "registry.example/python:3.12-slim"),
        environment=quiet_environment(bench.folder / "cache"),
    )
    assert (outcome.status, outcome.out) == (1, "")
    for said in (
        "the image registry.example/python:3.12-slim can't be had: it is not in the cache, and --offline forbids",
        "modelwrap inspect registry.example/python:3.12-slim --platform linux/arm64",
        "oci:DIR",
    ):
        assert said in outcome.error


def test_debian_packages_are_refused_with_both_ways_out(bench: Bench) -> None:
    write(bench.model, {"apt.txt": "libgomp1\n"})
    outcome = bench.build("--oci", bench.folder / "out")
    assert outcome.status == 1
    assert "--base-image" in outcome.error
    assert "modelwrap wrap" in outcome.error


def test_a_library_that_the_base_lacks_is_refused_before_anything_goes_anywhere(bench: Bench) -> None:
    write(bench.model, {"native.so": make_elf(needed=("libgomp.so.1",))})
    out = bench.folder / "out"
    refused = bench.build("--oci", out)
    assert refused.status == 1
    assert "libgomp.so.1" in refused.error
    assert not out.exists()
    assert bench.build("--oci", out, "--allow-missing", "libgomp.so.1").status == 0


def test_a_package_that_is_not_there_is_named(bench: Bench) -> None:
    write(bench.model, {"requirements.txt": "greeting\nabsent\n"})
    outcome = bench.build("--oci", bench.folder / "out")
    assert outcome.status == 1
    assert "absent" in outcome.error
    assert not (bench.folder / "out").exists()


def test_a_secret_of_the_folder_stays_out_and_is_named(bench: Bench) -> None:
    write(bench.model, {".env": "TOKEN=1", "server.pem": "key"})
    outcome = bench.build("--oci", bench.folder / "out")
    assert "left out (secret): .env, server.pem" in outcome.err
    assert "server.pem" not in modelwrap("inspect", bench.folder / "out", "--files").out


# -- the same image again ----------------------------------------------------------------------------------------------


def test_the_same_inputs_make_the_same_digest_whatever_else_differs(bench: Bench, digests: Rows) -> None:
    """The table: everything that must not count, each against the first build."""
    first = bench.digest()
    copy = bench.folder / "another/place/model"
    shutil.copytree(bench.model, copy, copy_function=shutil.copyfile)
    os.utime(copy / "Model.py", (1, 1))
    one_core = f"{min(os.sched_getaffinity(0))}"
    found = {
        "the same again, from the cache": bench.digest(),
        "an empty cache": bench.digest(cache="empty"),
        "another folder, other file times": bench.digest(model=copy, cache="folder"),
        "another time zone and locale": bench.digest(cache="zone", TZ="Asia/Tokyo", LC_ALL="C", LANG="C"),
        "another hash seed": bench.digest(cache="seed", PYTHONHASHSEED="4711"),
        "Python's own switches": bench.digest(cache="switches", PYTHONOPTIMIZE="2", PYTHONDONTWRITEBYTECODE="1"),
        "another umask": _with_umask(bench, 0o077),
        "one core": _on_cores(bench, one_core),
    }
    other = bench.digest("--no-bytecode", cache="no-bytecode")
    digests += [("the first build", first), *found.items(), ("without bytecode", other)]
    assert found == dict.fromkeys(found, first)
    assert other != first, "bytecode is an input"


def _with_umask(bench: Bench, umask: int) -> str:
    before = os.umask(umask)
    try:
        return bench.digest(cache="umask")
    finally:
        os.umask(before)


def _on_cores(bench: Bench, cores: str) -> str:
    command = [*_command(bench, "cores"), "--oci", str(bench.folder / "out-cores")]
    finished = subprocess.run(
        ["taskset", "--cpu-list", cores, *command],
        check=True,
        capture_output=True,
        text=True,
        env=_environment("cores", bench),
    )
    return finished.stdout.strip()


def _command(bench: Bench, cache: str) -> list[str]:
    sources = ["--offline", "--wheels", str(bench.folder / "wheels"), "--base-image", f"oci:{bench.folder / 'base'}"]
    return [str(COMMAND), "build", str(bench.model), *sources, "--quiet"]


def _environment(cache: str, bench: Bench) -> dict[str, str]:
    return {**os.environ, **quiet_environment(bench.folder / cache)}


def test_builds_side_by_side_in_one_cache_make_the_same_image(bench: Bench, digests: Rows) -> None:
    first = bench.digest(cache="alone")

    def build(number: int) -> str:
        out = bench.folder / f"side-{number}"
        outcome = bench.build("--quiet", "--oci", out, cache="shared")
        assert outcome.status == 0, outcome.err
        return outcome.out.strip()

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(build, range(3)))
    digests += [("three builds at once in one cache", digest) for digest in found]
    assert set(found) == {first}


def test_a_build_after_killed_ones_makes_the_same_image(bench: Bench, digests: Rows) -> None:
    """Killed at different moments, as far as a loaded machine lets one choose them."""
    first = bench.digest(cache="alone")
    for number in range(4):
        command = [*_command(bench, "killed"), "--oci", str(bench.folder / f"killed-{number}")]
        with subprocess.Popen(command, env=_environment("killed", bench), stdout=subprocess.DEVNULL) as process:
            _wait_for(bench.folder / "killed/modelwrap", number + 1, process)
            process.send_signal(signal.SIGKILL)
    found = bench.digest(cache="killed")
    digests.append(("after four builds that were killed", found))
    assert found == first


def _wait_for(cache: Path, entries: int, process: subprocess.Popen[bytes]) -> None:
    """Until the cache holds so many folders, or the build has ended."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if cache.is_dir() and len(list(cache.iterdir())) >= entries:
            return
        time.sleep(0.005)


@pytest.mark.parametrize("change", ["code", "weights", "requirements", "settings", "time"])
def test_whatever_counts_changes_the_digest(change: str, bench: Bench, digests: Rows) -> None:
    first = bench.digest()
    words: list[str] = []
    epoch = ""
    match change:
        case "code":
            write(bench.model, {"Model.py": (bench.model / "Model.py").read_text() + "\n# edited\n"})
        case "weights":
            write(bench.model, {"weights.bin": b"\x07\x02" * 800_000})
        case "requirements":
            write(bench.model, {"requirements.txt": "greeting\n"})
        case "settings":
            words = ["--grpc"]
        case "time":
            epoch = "1000000000"
    found = bench.digest(*words, SOURCE_DATE_EPOCH=epoch)
    digests.append((f"other {change}", found))
    assert found != first


def test_an_edit_of_the_code_leaves_every_other_layer(bench: Bench) -> None:
    def layers() -> list[str]:
        document = json.loads(bench.build("--json", "--oci", bench.folder / "out").out)
        return [layer["digest"] for layer in document["platforms"][0]["layers"]]

    before = layers()
    with (bench.model / "Model.py").open("a") as source:
        source.write("# edited\n")
    after = layers()
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]


def test_no_command_line_tool_but_build_loads_what_building_needs() -> None:
    program = (
        "import sys; sys.argv[1:] = ['--help']; from modelwrap.cli.main import main; main();"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'urllib3', 'packaging', 'rich'}))"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ended.stdout.splitlines()[-1] == "[]"
