"""`modelwrap deploy` as a user runs it: YAML on standard output, everything else beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli.command_line import modelwrap, write
from manifests.cases import GRAPHS
from modelwrap.cli.deploy import COMMAND

IMAGE = "registry.example/iris:0.1"
REFERENCE = Path(__file__).parents[2] / "docs/reference/command-line.md"


@pytest.mark.parametrize("platform", ["seldon", "kserve", "kubernetes", "compose"])
def test_an_image_alone_is_enough(platform: str) -> None:
    outcome = modelwrap("deploy", IMAGE, "--for", platform)
    assert (outcome.status, outcome.err) == (0, "")
    assert list(yaml.safe_load_all(outcome.out))


def test_a_model_folder_knows_what_it_was_wrapped_as(model: Path) -> None:
    assert modelwrap("wrap", model, "MnistClassifier", "0.1", "registry.example", "--grpc", "-p").status == 0
    outcome = modelwrap("deploy", model, "--for", "seldon")
    spec = yaml.safe_load(outcome.out)["spec"]
    container = spec["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]
    assert (spec["transport"], container["image"]) == ("grpc", "registry.example/mnistclassifier:0.1")
    assert "PERSISTENCE" in {each["name"] for each in container["env"]}
    assert "kubectl create secret generic mnistclassifier-state" in outcome.err


def test_compose_builds_what_was_wrapped(model: Path) -> None:
    assert modelwrap("wrap", model, "MnistClassifier", "0.1", "registry.example").status == 0
    outcome = modelwrap("deploy", "model", "--for", "compose", cwd=model.parent)
    assert yaml.safe_load(outcome.out)["services"]["mnistclassifier"]["build"] == {"context": "model/build"}


def test_a_graph_file_is_deployed_whole(tmp_path: Path) -> None:
    write(tmp_path, dict(GRAPHS))
    outcome = modelwrap("deploy", "bandit.yaml", "--for", "seldon", cwd=tmp_path)
    predictor = yaml.safe_load(outcome.out)["spec"]["predictors"][0]
    assert [len(each["spec"]["containers"]) for each in predictor["componentSpecs"]] == [2, 1]
    assert [child["name"] for child in predictor["graph"]["children"]] == ["model-a", "model-b"]


def test_a_bare_word_that_is_no_folder_is_noted(tmp_path: Path) -> None:
    outcome = modelwrap("deploy", "nope", "--for", "kubernetes", cwd=tmp_path)
    assert outcome.status == 0
    assert "note: there is no folder nope here, so it is taken for an image" in outcome.err
    assert "there is no folder" not in modelwrap("deploy", "nope:1", "--for", "kubernetes", cwd=tmp_path).err


def test_an_image_without_a_version_is_noted() -> None:
    outcome = modelwrap("deploy", "registry.example/iris", "--for", "kubernetes")
    assert outcome.status == 0
    assert "note: registry.example/iris has no version" in outcome.err


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        ([IMAGE], 2, "Missing option '--for'"),
        ([IMAGE, "--for", "openshift"], 2, "--for is 'openshift': expected one of seldon, "),
        ([IMAGE, "--for", "compose", "--replicas", "2"], 2, "--replicas means nothing for Docker Compose"),
        ([IMAGE, "--for", "kubernetes", "--grpc"], 2, "--grpc means nothing for plain Kubernetes"),
        (["graph.yaml", "--for", "seldon", "--env", "A=1"], 2, "--env is said in the graph file"),
        ([IMAGE, "--for", "kubernetes", "--name", "Iris"], 1, "iris would do"),
        (["registry.example/iris_v2:1", "--for", "seldon"], 1, "iris-v2 would do"),
        ([IMAGE, "--for", "kubernetes", "--memory", "2GB"], 1, "'2GB' is no amount of memory"),
        ([IMAGE, "--for", "seldon2"], 1, "--artifact"),
        (["./nowhere", "--for", "seldon"], 1, "there is no folder ./nowhere"),
        (["nowhere.yaml", "--for", "seldon"], 1, "nowhere.yaml can't be read: there is no such file\n"),
    ],
)
def test_what_can_t_be_is_refused_and_nothing_is_printed(
    words: list[str], status: int, reason: str, tmp_path: Path
) -> None:
    outcome = modelwrap("deploy", *words, cwd=tmp_path)
    assert (outcome.status, outcome.out) == (status, "")
    assert reason in outcome.err


@pytest.mark.parametrize("option", [name for param in COMMAND.params for name in param.opts if name.startswith("--")])
def test_every_option_is_in_the_reference(option: str) -> None:
    section = REFERENCE.read_text(encoding="utf-8").partition("## deploy\n")[2].partition("\n## ")[0]
    assert f"`{option}" in section or f", {option}`" in section
