"""A graph of three levels from the examples: wrapped, written down as a manifest, and asked as the orchestrator asks.

Labels over a scaler over a combiner of a router, over two models, and of a third model: every service type takes part.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import joblib
import numpy as np
from google.protobuf.json_format import ParseDict
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from conformance.operator import Given, Probe, graph_of, reconcile
from conformance.orchestrator import Body, GrpcOrchestrator, RestOrchestrator, Unit
from conformance.stubs import MESSAGES, json_of, message
from manifests.cases import documents, printed
from modelwrap.contract import Role
from modelwrap.image.config import USER_ENVIRONMENT
from modelwrap.image.plan import make_plan
from modelwrap.image.reference import make_reference
from modelwrap.project import read_project
from official import POOL
from rig import iris
from rig.processes import free_port
from rig.wrapped import wrap
from serving import eventually

__all__ = [
    "FLOWERS",
    "LIMIT",
    "VERSION",
    "WIRES",
    "Expected",
    "Image",
    "Kubelet",
    "Running",
    "by_grpc",
    "by_rest",
    "data",
    "deployed",
    "expected",
    "feedback_by_rest",
    "image_of",
    "species",
    "teach",
    "wait_ready",
    "write_components",
]

_EXAMPLES = iris.ROOT / "examples"
_REPOSITORY = "registry.example"
_COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
_GRAPH = """\
name: iris-graph
graph:
  name: labels
  folder: labels/build
  children:
    - name: scaler
      folder: scaler/build
      parameters: {centimetres: 0.1}
      children:
        - name: mean
          folder: mean/build
          children:
            - name: router
              folder: router/build
              parameters: {n_branches: 2, epsilon: 0.0}
              children:
                - {name: first, folder: first/build}
                - {name: second, folder: second/build}
            - {name: third, folder: first/build}
"""
#: Folder, class and service type of each component.
_COMPONENTS = {
    "labels": ("iris-labels", "IrisLabels", Role.OUTPUT_TRANSFORMER),
    "scaler": ("iris-scaler", "IrisScaler", Role.TRANSFORMER),
    "mean": ("mean-combiner", "MeanCombiner", Role.COMBINER),
    "router": ("epsilon-greedy", "EpsilonGreedy", Role.ROUTER),
    "first": ("iris-sklearn", "IrisClassifier", Role.MODEL),
    "second": ("iris-sklearn", "IrisClassifier", Role.MODEL),
}
#: The tag of all images.
VERSION = "0.1"
#: Bytes of the largest request, as the pod's annotations have it.
LIMIT = 50_000
_ANNOTATIONS = {
    "seldon.io/rest-timeout": "20000",
    "seldon.io/grpc-max-message-size": str(LIMIT),
    "team.example/note": "a = b",
}
#: Every third flower, in millimetres.
FLOWERS = iris.flowers()[::3] * 10

# -- the images --------------------------------------------------------------------------------------------------------


def write_components(place: Path, trained: Path) -> Path:
    """Copies the examples into a folder, wraps each, and writes the graph file beside them.

    Args:
        place: The folder, which anybody may read.
        trained: The iris example, trained. A second model that answers otherwise is made here.
    """
    place.chmod(0o755)
    for name, (folder, model, role) in _COMPONENTS.items():
        source = trained if role == Role.MODEL else _EXAMPLES / folder
        shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("build", "__pycache__"))
        if name == "second":
            stump = DecisionTreeClassifier(max_depth=1, random_state=0).fit(*load_iris(return_X_y=True))
            joblib.dump(stump, place / name / "iris.joblib")
        wrap(place / name, _REPOSITORY, "--service-type", role, "--image-name", name, model=model)
    (place / "graph.yaml").write_text(_GRAPH)
    return place


@dataclass(frozen=True, slots=True)
class Image:
    """A wrapped folder, and the environment that its image has."""

    folder: Path
    env: Mapping[str, str]


def image_of(given: Given, folders: Path) -> Image:
    """The image of a container."""
    name = given.image.removeprefix(f"{_REPOSITORY}/").partition(":")[0]
    _, model, role = _COMPONENTS[name]
    folder = folders / name
    project = read_project(folder, model, role, folder / "build")
    plan = make_plan(project, make_reference(_REPOSITORY, name, VERSION), "python", grpc=False, persistence=False)
    return Image(folder / "build", {**plan.environment, **USER_ENVIRONMENT})


# -- the deployment ----------------------------------------------------------------------------------------------------


class Kubelet(Protocol):
    """What looks after a container."""

    given: Given

    def passes(self, probe: Probe) -> bool:
        """Whether a probe is content."""


@dataclass(frozen=True, slots=True)
class Running:
    """A deployment that runs, by the names of its nodes."""

    containers: Mapping[str, Any]
    root: Unit


def deployed(folders: Path, *options: str) -> tuple[list[Given], Unit]:
    """What the operator gives each container of the graph, and the graph for the orchestrator.

    The manifest names annotations, and ports, since all its pods share this host.
    """
    (manifest,) = documents(printed((str(folders / "graph.yaml"), "--for", "seldon", *options), folders))
    manifest["spec"]["annotations"] = _ANNOTATIONS
    for component in manifest["spec"]["predictors"][0]["componentSpecs"]:
        for container in component["spec"]["containers"]:
            names = ("http", "grpc", "metrics")
            container["ports"] = [{"name": name, "containerPort": free_port()} for name in names]
    given = reconcile(manifest)
    return given, graph_of(manifest, given)


def wait_ready(containers: Sequence[Kubelet]) -> None:
    """Waits until each container's own readiness probe is content."""
    for container in containers:
        eventually(partial(container.passes, container.given.readiness))


# -- what is asked -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """What the models say of the flowers when they are called directly."""

    first: np.ndarray
    second: np.ndarray

    def answer(self, branch: int) -> list[list[str]]:
        """What the graph must say where its router chooses this branch; the third model is like the first."""
        return species(((self.first, self.second)[branch] + self.first) / 2)


def expected(folders: Path) -> Expected:
    """Calls the models."""
    rows = FLOWERS * 0.1
    first, second = (iris.model_called_directly(folders / name).predict(rows, _COLUMNS) for name in ("first", "second"))
    assert (first.argmax(axis=1) != second.argmax(axis=1)).any()
    return Expected(first, second)


def species(likely: np.ndarray) -> list[list[str]]:
    """The name of the likeliest species of each row."""
    return [[iris.SPECIES[column]] for column in likely.argmax(axis=1)]


def data(rows: np.ndarray, form: str) -> dict[str, Any]:
    """A message's `data` in a form."""
    values = {"ndarray": rows.tolist(), "tensor": {"shape": list(rows.shape), "values": rows.ravel().tolist()}}
    return {"data": {"names": _COLUMNS, form: values[form]}}


Ask = Callable[[Unit, dict[str, Any]], tuple[dict[str, Any], dict[str, int]]]
Reward = Callable[[Unit, dict[str, Any]], set[str]]


def by_rest(root: Unit, sent: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """The answer of a graph and its routers' choices."""
    orchestrator = RestOrchestrator(root)
    answer = orchestrator.predict(Body(json.dumps(sent).encode()))
    return json.loads(answer.content), orchestrator.routing


def by_grpc(root: Unit, sent: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """The same over gRPC."""
    with GrpcOrchestrator(root) as orchestrator:
        return json_of(orchestrator.predict(message(sent))), orchestrator.routing


def feedback_by_rest(root: Unit, sent: dict[str, Any]) -> set[str]:
    """The names of the nodes that took a feedback."""
    return set(RestOrchestrator(root).send_feedback(Body(json.dumps(sent).encode())))


def feedback_by_grpc(root: Unit, sent: dict[str, Any]) -> set[str]:
    """The same over gRPC."""
    with GrpcOrchestrator(root) as orchestrator:
        return set(orchestrator.send_feedback(ParseDict(sent, MESSAGES.Feedback(), descriptor_pool=POOL)))


WIRES: Mapping[str, tuple[Ask, Reward]] = {"REST": (by_rest, feedback_by_rest), "gRPC": (by_grpc, feedback_by_grpc)}
_LESSONS = itertools.count()


def teach(root: Unit, reward: Reward, branch: int) -> None:
    """Rewards a branch and punishes the other, by more than all that came before; the models hear of it too."""
    worth = 10.0 ** next(_LESSONS)
    for each, sign in ((branch, 1), (1 - branch, -1)):
        response = {"meta": {"routing": {"router": each}}}
        told = reward(root, {"request": data(FLOWERS, "tensor"), "response": response, "reward": sign * worth})
        assert told == {"router", "third", ("first", "second")[each]}
