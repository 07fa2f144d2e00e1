"""The config says what the Dockerfile says, over whatever the base image says."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest

from modelwrap.contract import Role
from modelwrap.image.config import image_annotations, image_config, moment
from modelwrap.image.dockerfile import write_dockerfile
from modelwrap.image.image import BytesBlob, Layer, LayerKind
from modelwrap.image.oci import JSONObject, MediaType, Platform, describe
from modelwrap.image.plan import ImagePlan
from unit.image.conftest import Planner

ARM = Platform("linux", "arm64", "v8")
BASE: JSONObject = {
    "architecture": "arm64",
    "os": "linux",
    "variant": "v8",
    "created": "2001-02-03T04:05:06Z",
    "docker_version": "20.10",
    "config": {
        "Env": ["LANG=C.UTF-8", "PATH=/usr/local/bin:/bin", "USER=root", "GPG_KEY=A=B"],
        "Cmd": ["python3"],
        "Labels": {"maintainer": "somebody", "service_type": "base"},
        "ExposedPorts": {"80/tcp": {}},
        "StopSignal": "SIGINT",
        "Volumes": {"/data": {}},
    },
    "rootfs": {"type": "layers", "diff_ids": ["sha256:base"]},
    "history": [{"created_by": "ADD"}, {"created_by": "CMD", "empty_layer": True}],
}


def layer(kind: LayerKind, title: str) -> Layer:
    blob = BytesBlob(describe(MediaType.OCI_LAYER_GZIP, title.encode()), title.encode())
    return Layer(blob, f"sha256:{title}", kind, title)


LAYERS = (layer(LayerKind.BASE, "base"), layer(LayerKind.DEPENDENCIES, "numpy"), layer(LayerKind.CODE, "code"))


def made(plan: ImagePlan, base: JSONObject = BASE) -> dict[str, Any]:
    return image_config(plan, base, LAYERS, ARM, 0)


def as_a_builder_reads_it(text: str, base: dict[str, Any]) -> dict[str, Any]:
    """What the instructions of a Dockerfile's last stage leave in the config."""
    stage = re.sub(r"\\\n\s*", "", text.rpartition("\nFROM ")[2]).splitlines()[1:]
    config = json.loads(json.dumps(base))
    environment = dict(pair.split("=", 1) for pair in config.get("Env", []))
    for line in stage:
        word, _, value = line.partition(" ")
        match word:
            case "ENV":
                pairs = dict(pair.split("=", 1) for pair in shlex.split(value))
                before = environment.get("PATH", "")
                environment |= {name: text.replace("$PATH", before) for name, text in pairs.items()}
            case "LABEL":
                config["Labels"] = config.get("Labels", {}) | dict(pair.split("=", 1) for pair in shlex.split(value))
            case "EXPOSE":
                config["ExposedPorts"] = config.get("ExposedPorts", {}) | {f"{port}/tcp": {} for port in value.split()}
            case "USER":
                config["User"] = value
            case "WORKDIR":
                config["WorkingDir"] = value
            case "ENTRYPOINT" | "CMD":
                config[word.title()] = json.loads(value)
            case _:
                assert word in {"", "#", "RUN", "COPY"}, line
    return {**config, "Env": [f"{name}={value}" for name, value in environment.items()]}


@pytest.mark.parametrize("grpc", [True, False])
@pytest.mark.parametrize("persistence", [True, False])
@pytest.mark.parametrize("role", [Role.MODEL, Role.ROUTER])
def test_the_config_is_what_a_builder_makes_of_the_dockerfile(
    role: Role, persistence: bool, grpc: bool, plan: Planner
) -> None:
    planned = plan(role=role, persistence=persistence, grpc=grpc, repository="registry.example:5000/a-b")
    wanted = as_a_builder_reads_it(write_dockerfile(planned), BASE["config"])  # type: ignore[arg-type]
    assert made(planned)["config"] == wanted


def test_what_the_base_sets_stays_unless_the_image_sets_it(plan: Planner) -> None:
    config = made(plan())["config"]
    assert config["Env"][:4] == ["LANG=C.UTF-8", "PATH=/opt/venv/bin:/usr/local/bin:/bin", "USER=model", "GPG_KEY=A=B"]
    assert config["StopSignal"] == "SIGINT"
    assert config["Volumes"] == {"/data": {}}
    assert config["Labels"]["maintainer"] == "somebody"
    assert config["Labels"]["service_type"] == "MODEL"
    assert "80/tcp" in config["ExposedPorts"]


@pytest.mark.parametrize("empty", [{}, {"config": None}, {"config": {"Env": None, "Labels": None}}])
def test_a_base_that_sets_nothing_gets_the_path_that_builders_give(empty: JSONObject, plan: Planner) -> None:
    assert (
        "PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        in (made(plan(), empty)["config"]["Env"])
    )


def test_it_is_of_the_platform_and_of_the_moment_it_was_asked_for(plan: Planner) -> None:
    config = image_config(plan(), BASE, LAYERS, ARM, 981173106)
    assert (config["os"], config["architecture"], config["variant"]) == ("linux", "arm64", "v8")
    assert config["created"] == moment(981173106) == "2001-02-03T04:05:06Z"
    assert "docker_version" not in config


def test_layers_and_history_are_told_in_step(plan: Planner) -> None:
    config = made(plan())
    assert config["rootfs"]["diff_ids"] == ["sha256:base", "sha256:numpy", "sha256:code"]
    told = [entry for entry in config["history"] if not entry.get("empty_layer")]
    assert [entry["created_by"] for entry in told] == ["ADD", "modelwrap dependencies: numpy", "modelwrap code: code"]


def test_a_base_whose_history_skips_layers_leaves_the_image_without_one(plan: Planner) -> None:
    assert "history" not in made(plan(), {**BASE, "history": [{"created_by": "CMD", "empty_layer": True}]})


def test_annotations_name_the_base_by_its_digest(plan: Planner) -> None:
    annotations = image_annotations(plan(), 0, "sha256:abc")
    assert annotations["org.opencontainers.image.base.digest"] == "sha256:abc"
    assert annotations["org.opencontainers.image.base.name"] == "python:3.12-slim"
    assert annotations["org.opencontainers.image.created"] == "1970-01-01T00:00:00Z"
    assert annotations["org.opencontainers.image.title"] == "M"


def test_an_index_has_no_one_base(plan: Planner) -> None:
    assert "org.opencontainers.image.base.digest" not in image_annotations(plan(), 0)
