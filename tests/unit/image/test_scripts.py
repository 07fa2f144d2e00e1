"""The generated scripts, run by a real shell against a builder that only writes down what it was asked."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.command_line import write
from modelwrap.image.generated import generated_entries
from modelwrap.image.staging import write_folder
from unit.image.conftest import Planner

#: Writes its arguments, one a line, and copies what a real builder would read.
BUILDER = """#!/bin/sh
case $1 in
    --version) echo "@KIND@ version 1.0"; exit 0 ;;
    version) echo "@CLIENT@"; exit @VERSION@ ;;
    buildx) exit @BUILDX@ ;;
esac
printf '%s\\n' "$@" >"$RECORD/arguments"
env >"$RECORD/environment"
pwd -P >"$RECORD/place"
[ ! -d .secrets ] || cp -R .secrets "$RECORD/secrets"
while [ $# -gt 0 ]; do
    [ "$1" != --file ] || cp "$2" "$RECORD/Dockerfile"
    shift
done
"""
TOOLS = ("sh", "dirname", "sed", "cat", "rm", "mkdir", "cp", "env", "pwd", "printf")


@dataclass(frozen=True, slots=True)
class Run:
    """What a script did."""

    status: int
    err: str
    arguments: list[str]
    record: Path
    folder: Path

    def recorded(self, name: str) -> str:
        return (self.record / name).read_text()


Runner = Callable[..., Run]


@pytest.fixture
def run(tmp_path: Path, plan: Planner) -> Runner:
    """Writes the folder of a plan and runs one of its scripts, with only the given builders on PATH."""

    def start(
        script: str,
        *words: str,
        builders: tuple[str, ...] = ("docker",),
        client: str = "27.0.1",
        buildx: bool = True,
        silent: tuple[str, ...] = (),
        repository: str = "seldonio",
        requirements: str = "scipy\n",
        **environment: str,
    ) -> Run:
        record, path, folder = tmp_path / "record", tmp_path / "bin", tmp_path / "out folder"
        for made in (record, path):
            made.mkdir()
        for tool in TOOLS:
            if found := shutil.which(tool):
                (path / tool).symlink_to(found)
        for builder in builders:
            values = {"@KIND@": builder, "@CLIENT@": client, "@BUILDX@": "0" if buildx else "1"}
            values["@VERSION@"] = "1" if builder in silent else "0"
            text = BUILDER
            for place, value in values.items():
                text = text.replace(place, value)
            (path / builder).write_text(text)
            (path / builder).chmod(0o755)
        write_folder(generated_entries(plan(repository=repository, **{"requirements.txt": requirements})), folder)
        before = sorted(folder.rglob("*"))
        finished = subprocess.run(
            [folder / script, *words],
            cwd="/",
            env={"PATH": str(path), "RECORD": str(record), **environment},
            check=False,
            capture_output=True,
            text=True,
        )
        assert sorted(folder.rglob("*")) == before
        arguments = record / "arguments"
        listed = arguments.read_text().splitlines() if arguments.exists() else []
        return Run(finished.returncode, finished.stderr, listed, record, folder)

    return start


def test_the_image_is_built_in_the_scripts_own_folder(run: Runner) -> None:
    built = run("build_image.sh")
    assert built.status == 0, built.err
    assert built.arguments == ["build", "--tag", "seldonio/m:0.1", "--file", "Dockerfile", "."]
    assert built.recorded("place").strip() == str(built.folder)


def test_more_arguments_are_passed_on(run: Runner) -> None:
    built = run("build_image.sh", "--platform", "linux/arm64", "--label", "a b")
    assert built.arguments[:5] == ["build", "--platform", "linux/arm64", "--label", "a b"]


@pytest.mark.parametrize(
    ("builders", "expected"),
    [(("docker", "podman", "buildah"), "docker"), (("podman", "buildah"), "podman"), (("buildah",), "buildah")],
)
def test_the_first_builder_that_is_there_is_used(builders: tuple[str, ...], expected: str, run: Runner) -> None:
    built = run("build_image.sh", builders=builders)
    tag = "seldonio/m:0.1" if expected == "docker" else "docker.io/seldonio/m:0.1"
    layers = ["--layers"] if expected == "buildah" else []
    assert built.arguments == ["build", *layers, "--tag", tag, "--file", "Dockerfile", "."]


@pytest.mark.parametrize(
    ("silent", "expected"), [(("docker",), "podman"), (("docker", "podman"), "buildah"), (("podman",), "docker")]
)
@pytest.mark.parametrize("script", ["build_image.sh", "push_image.sh"])
def test_a_builder_whose_daemon_does_not_answer_is_passed_over(
    script: str, silent: tuple[str, ...], expected: str, run: Runner
) -> None:
    ended = run(script, builders=("docker", "podman", "buildah"), silent=silent)
    assert ended.status == 0, ended.err
    assert ("docker.io/seldonio/m:0.1" in ended.arguments) is (expected != "docker")
    assert ("--layers" in ended.arguments) is (expected == "buildah" and script == "build_image.sh")
    passed_over = f"note: no answer from {' '.join(silent)}, so {expected} is used\n"
    assert (passed_over in ended.err) is (expected != "docker")


@pytest.mark.parametrize("script", ["build_image.sh", "push_image.sh"])
def test_where_no_builder_answers_those_that_are_there_are_named(script: str, run: Runner) -> None:
    ended = run(script, builders=("docker", "buildah"), silent=("docker", "buildah"))
    assert (ended.status, ended.arguments) == (1, [])
    assert ended.err == f"{script}: no answer from docker buildah: is the daemon running?\n"


def test_a_builder_that_is_named_is_not_asked_first(run: Runner) -> None:
    assert run("build_image.sh", silent=("docker",), MODELWRAP_BUILDER="docker").arguments[0] == "build"


def test_a_builder_can_be_named_with_options(run: Runner) -> None:
    built = run("build_image.sh", builders=("docker", "podman"), MODELWRAP_BUILDER="podman --runtime")
    assert built.arguments[:2] == ["--runtime", "build"]


@pytest.mark.parametrize("script", ["build_image.sh", "push_image.sh"])
def test_without_a_builder_the_script_says_what_to_do(script: str, run: Runner) -> None:
    ended = run(script, builders=())
    assert ended.status == 1
    assert "MODELWRAP_BUILDER" in ended.err


@pytest.mark.parametrize("script", ["build_image.sh", "push_image.sh"])
def test_a_builder_that_is_not_there_is_named(script: str, run: Runner) -> None:
    ended = run(script, MODELWRAP_BUILDER="nowhere --fast")
    assert (ended.status, ended.arguments) == (1, [])
    assert ended.err == f"{script}: MODELWRAP_BUILDER=nowhere --fast: there is no program nowhere\n"


@pytest.mark.parametrize("script", ["build_image.sh", "push_image.sh"])
def test_a_builder_that_fails_fails_the_script(script: str, run: Runner) -> None:
    assert run(script, MODELWRAP_BUILDER="false").status == 1


@pytest.mark.parametrize(
    ("builder", "repository", "image"),
    [
        ("docker", "seldonio", "seldonio/m:0.1"),
        ("podman", "seldonio", "docker.io/seldonio/m:0.1"),
        ("buildah", "registry.example:5000/team", "registry.example:5000/team/m:0.1"),
    ],
)
def test_the_image_is_pushed_by_the_name_it_was_built_with(
    builder: str, repository: str, image: str, run: Runner
) -> None:
    pushed = run("push_image.sh", "--quiet", builders=(builder,), repository=repository)
    assert pushed.arguments == ["push", "--quiet", image]


def settings(run: Run) -> dict[str, str]:
    """What the build's shell would export for pip."""
    lines = 'for n in PIP_INDEX_URL PIP_CONFIG_FILE PIP_CERT TOKEN; do eval "printf \'%s\\0\' \\"\\$$n\\""; done'
    script = f"{run.recorded('secrets/pip-env')}\n{lines}"
    shown = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True, env={}).stdout
    return dict(zip(("PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT", "TOKEN"), shown.split("\0"), strict=False))


AWKWARD = 'https://me:it\'s $(id) "q"@index.example/simple'


@pytest.mark.parametrize("builder", ["docker", "podman", "buildah"])
def test_pips_settings_are_a_secret_of_the_one_line_that_installs(builder: str, run: Runner) -> None:
    built = run("build_image.sh", builders=(builder,), PIP_INDEX_URL=AWKWARD)
    assert built.status == 0, built.err
    assert settings(built)["PIP_INDEX_URL"] == AWKWARD
    assert "id=pip-env,src=.secrets/pip-env" in built.arguments
    mounted = [line for line in built.recorded("Dockerfile").splitlines() if "--mount=type=secret" in line]
    assert len(mounted) == 1
    assert "pip install" in mounted[0]
    assert "me:it" not in built.recorded("Dockerfile") + built.recorded("arguments")


def test_the_secrets_are_for_this_user_only_and_gone_afterwards(run: Runner) -> None:
    built = run("build_image.sh", PIP_INDEX_URL="https://index.example/simple")
    assert stat.S_IMODE((built.record / "secrets/pip-env").stat().st_mode) & 0o077 == 0
    assert not (built.folder / ".secrets").exists()


def test_a_configuration_file_and_a_ca_bundle_travel_too(run: Runner, tmp_path: Path) -> None:
    write(tmp_path, {"pip.conf": "[global]\n", "ca.crt": "CERTIFICATE\n"})
    built = run("build_image.sh", PIP_CONFIG_FILE=str(tmp_path / "pip.conf"), SSL_CERT_FILE=str(tmp_path / "ca.crt"))
    found = settings(built)
    assert found["PIP_CONFIG_FILE"] == "/run/secrets/pip-conf"
    assert found["PIP_CERT"] == "/run/secrets/ca-bundle"
    assert built.recorded("secrets/pip-conf") == "[global]\n"
    assert built.recorded("secrets/ca-bundle") == "CERTIFICATE\n"
    assert built.recorded("Dockerfile").count("--mount=type=secret") == 3


@pytest.mark.parametrize("name", ["PIP_CONFIG_FILE", "PIP_CERT"])
def test_a_file_that_is_named_but_not_there_ends_the_build(name: str, run: Runner) -> None:
    built = run("build_image.sh", **{name: "/nowhere/file"})
    assert built.status == 1
    assert "/nowhere/file" in built.err
    assert built.arguments == []


def test_a_token_of_the_requirements_must_be_set_and_is_a_secret(run: Runner) -> None:
    line = "x @ git+https://${TOKEN}@git.example/x.git\n"
    built = run("build_image.sh", requirements=line, TOKEN="t0p")
    assert settings(built)["TOKEN"] == "t0p"


def test_a_token_that_is_not_set_is_asked_for(run: Runner) -> None:
    built = run("build_image.sh", requirements="x @ git+https://${TOKEN}@git.example/x.git\n")
    assert built.status == 1
    assert "TOKEN is not set" in built.err
    assert built.arguments == []


@pytest.mark.parametrize(
    ("client", "buildx", "asked", "expected"),
    [
        ("27.0.1", True, "", "1"),
        ("20.10.24", False, "", "1"),
        ("28.2.2", False, "", None),
        ("27.0.1", True, "0", None),
        ("28.2.2", False, "1", "1"),
    ],
)
def test_docker_is_asked_for_secrets_only_where_it_knows_them(
    client: str, buildx: bool, asked: str, expected: str | None, run: Runner
) -> None:
    environment = {"PIP_INDEX_URL": "https://index.example", **({"DOCKER_BUILDKIT": asked} if asked else {})}
    built = run("build_image.sh", client=client, buildx=buildx, **environment)
    dockerfile = built.recorded("Dockerfile")
    assert ("--mount=type=secret" in dockerfile) is (expected is not None)
    assert (f"DOCKER_BUILDKIT={expected}" in built.recorded("environment")) is (expected is not None)


def test_the_classic_builder_copies_them_into_the_first_stage_and_says_so(run: Runner) -> None:
    built = run("build_image.sh", PIP_INDEX_URL="https://index.example", DOCKER_BUILDKIT="0")
    lines = built.recorded("Dockerfile").splitlines()
    copy = lines.index("COPY .secrets/ /run/secrets/")
    assert "pip install" in lines[copy + 1]
    assert ". /run/secrets/pip-env && " in lines[copy + 1]
    assert copy < [number for number, line in enumerate(lines) if line.startswith("FROM ")][1]
    assert "build cache" in built.err
    assert "--secret" not in built.arguments


def test_a_ca_bundle_is_no_credential(run: Runner, tmp_path: Path) -> None:
    write(tmp_path, {"ca.crt": "CERTIFICATE\n"})
    built = run("build_image.sh", PIP_CERT=str(tmp_path / "ca.crt"), DOCKER_BUILDKIT="0")
    assert "note:" not in built.err


def test_proxies_are_arguments_that_docker_keeps_out_of_the_image(run: Runner) -> None:
    built = run("build_image.sh", https_proxy="http://proxy.example:3128", NO_PROXY="index.example")
    assert built.arguments[1:5] == ["--build-arg", "https_proxy", "--build-arg", "NO_PROXY"]
    assert "proxy.example" not in built.recorded("arguments")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("target", "script"), [("build_docker_image", "build_image.sh"), ("push_to_registry", "push_image.sh")]
)
def test_the_guides_make_targets_run_the_scripts(target: str, script: str, tmp_path: Path, plan: Planner) -> None:
    write_folder(generated_entries(plan()), tmp_path / "out")
    shown = subprocess.run(
        ["make", "--dry-run", target], cwd=tmp_path / "out", check=True, capture_output=True, text=True, env=os.environ
    )
    assert shown.stdout.strip() == f"./{script}"
