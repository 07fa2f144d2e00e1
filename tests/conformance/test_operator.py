"""A graph of three levels under the operator's conditions, called as the orchestrator calls it.

`modelwrap deploy` writes the SeldonDeployment of the wrapped examples, a played operator makes of it what each
container is given, and each wrapped folder is started under just that: environment, user, annotations, probes, hook.
"""

from __future__ import annotations

import itertools
import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from google.protobuf.json_format import ParseDict
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from conformance.container import Container, may_confine
from conformance.operator import Given, Probe, graph_of, reconcile
from conformance.orchestrator import Body, GrpcOrchestrator, NodeFailed, RestOrchestrator, Unit
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

#: Seven servers at once, on a machine that may be busy.
pytestmark = pytest.mark.timeout(180)

EXAMPLES = iris.ROOT / "examples"
MILLIMETRES = iris.flowers() * 10
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
GRAPH = """\
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
COMPONENTS = {
    "labels": ("iris-labels", "IrisLabels", Role.OUTPUT_TRANSFORMER),
    "scaler": ("iris-scaler", "IrisScaler", Role.TRANSFORMER),
    "mean": ("mean-combiner", "MeanCombiner", Role.COMBINER),
    "router": ("epsilon-greedy", "EpsilonGreedy", Role.ROUTER),
    "first": ("iris-sklearn", "IrisClassifier", Role.MODEL),
    "second": ("iris-sklearn", "IrisClassifier", Role.MODEL),
}
#: The tag of all images.
VERSION = "0.1"
LIMIT = 50_000
ANNOTATIONS = {
    "seldon.io/rest-timeout": "20000",
    "seldon.io/grpc-max-message-size": str(LIMIT),
    "team.example/note": "a = b",
}


@dataclass(frozen=True)
class Image:
    """A wrapped folder, and the environment that its image has."""

    folder: Path
    env: dict[str, str]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folders, trained and wrapped, beside the graph file."""
    place = tmp_path_factory.mktemp("graph")
    place.chmod(0o755)
    trained, _ = iris.train_copy(tmp_path_factory.mktemp("trained"))
    for name, (folder, model, role) in COMPONENTS.items():
        source = trained if role == Role.MODEL else EXAMPLES / folder
        shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("build", "__pycache__"))
        if name == "second":
            stump = DecisionTreeClassifier(max_depth=1, random_state=0).fit(*load_iris(return_X_y=True))
            joblib.dump(stump, place / name / "iris.joblib")
        wrap(place / name, "registry.example", "--service-type", role, "--image-name", name, model=model)
    (place / "graph.yaml").write_text(GRAPH)
    return place


@pytest.fixture(scope="module")
def images(folders: Path) -> dict[str, Image]:
    """By the name of the image."""
    return {name: Image(folders / name / "build", environment_of(folders / name, name)) for name in COMPONENTS}


def environment_of(folder: Path, name: str) -> dict[str, str]:
    """What an image sets."""
    _, model, role = COMPONENTS[name]
    project = read_project(folder, model, role, folder / "build")
    plan = make_plan(
        project, make_reference("registry.example", name, VERSION), "python", grpc=False, persistence=False
    )
    return {**plan.environment, **USER_ENVIRONMENT}


@dataclass(frozen=True)
class Running:
    """A deployment that runs."""

    transport: str
    containers: dict[str, Container]
    root: Unit


@pytest.fixture(scope="module", params=["rest", "grpc"])
def deployment(request: pytest.FixtureRequest, folders: Path, images: dict[str, Image]) -> Iterator[Running]:
    """All components, each under what the operator gives it, and ready by its own probe."""
    words = (str(folders / "graph.yaml"), "--for", "seldon", *(["--grpc"] if request.param == "grpc" else []))
    (manifest,) = documents(printed(words, folders))
    given = reconcile(on_free_ports(manifest))
    with ExitStack() as stack:
        started = [stack.enter_context(container_of(each, images)) for each in given]
        wait_ready(started)
        yield Running(request.param, {each.given.name: each for each in started}, graph_of(manifest, given))


def wait_ready(containers: list[Container]) -> None:
    for container in containers:
        eventually(partial(container.passes, container.given.readiness), seconds=120)


def container_of(given: Given, images: dict[str, Image]) -> Container:
    image = images[given.image.removeprefix("registry.example/").partition(":")[0]]
    return Container(image.folder, image.env, given)


def on_free_ports(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with annotations, and with ports named in it, since all its pods share this host."""
    manifest["spec"]["annotations"] = ANNOTATIONS
    for component in manifest["spec"]["predictors"][0]["componentSpecs"]:
        for container in component["spec"]["containers"]:
            names = ("http", "grpc", "metrics")
            container["ports"] = [{"name": name, "containerPort": free_port()} for name in names]
    return manifest


# -- what is asked -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def probabilities(folders: Path) -> tuple[np.ndarray, np.ndarray]:
    """What each model says of all flowers when it is called directly."""
    rows = MILLIMETRES * 0.1
    first, second = (iris.model_called_directly(folders / name).predict(rows, COLUMNS) for name in ("first", "second"))
    return first, second


def data(rows: np.ndarray, form: str) -> dict[str, Any]:
    values = {"ndarray": rows.tolist(), "tensor": {"shape": list(rows.shape), "values": rows.ravel().tolist()}}
    return {"data": {"names": COLUMNS, form: values[form]}}


def species(likely: np.ndarray) -> list[list[str]]:
    return [[iris.SPECIES[column]] for column in likely.argmax(axis=1)]


def by_rest(root: Unit, sent: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    orchestrator = RestOrchestrator(root)
    answer = orchestrator.predict(Body(json.dumps(sent).encode()))
    return json.loads(answer.content), orchestrator.routing


def by_grpc(root: Unit, sent: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    with GrpcOrchestrator(root) as orchestrator:
        return json_of(orchestrator.predict(message(sent))), orchestrator.routing


def feedback_by_rest(root: Unit, sent: dict[str, Any]) -> set[str]:
    return set(RestOrchestrator(root).send_feedback(Body(json.dumps(sent).encode())))


def feedback_by_grpc(root: Unit, sent: dict[str, Any]) -> set[str]:
    with GrpcOrchestrator(root) as orchestrator:
        return set(orchestrator.send_feedback(ParseDict(sent, MESSAGES.Feedback(), descriptor_pool=POOL)))


Ask = Callable[[Unit, dict[str, Any]], tuple[dict[str, Any], dict[str, int]]]
WIRES = {"REST": (by_rest, feedback_by_rest), "gRPC": (by_grpc, feedback_by_grpc)}
FLOWERS = MILLIMETRES[::3]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("form", ["ndarray", "tensor"])
def test_the_graph_answers_as_the_models_do_and_learns(
    wire: str, form: str, deployment: Running, probabilities: tuple[np.ndarray, np.ndarray]
) -> None:
    ask, reward = WIRES[wire]
    first, second = (each[::3] for each in probabilities)
    sent = data(FLOWERS, form)
    for branch, chosen in ((0, first), (1, second)):
        teach(deployment.root, reward, sent, branch)
        answer, routing = ask(deployment.root, sent)
        assert routing == {"router": branch}
        assert answer["data"]["ndarray"] == species((chosen + first) / 2)
        passed = {"labels", "scaler", "mean", "third", "first" if branch == 0 else "second"}
        assert set(answer["meta"]["requestPath"]) == passed


def teach(root: Unit, reward: Callable[[Unit, dict[str, Any]], set[str]], sent: dict[str, Any], branch: int) -> None:
    """Rewards a branch, and punishes the other, by more than all that came before."""
    worth = 10.0 ** next(_LESSONS)
    for each, sign in ((branch, 1), (1 - branch, -1)):
        response = {"meta": {"routing": {"router": each}}}
        told = reward(root, {"request": sent, "response": response, "reward": sign * worth})
        assert told == {"router", "third", ("first", "second")[each]}


_LESSONS = itertools.count()


def test_every_container_is_what_its_manifest_says(deployment: Running) -> None:
    for name, container in deployment.containers.items():
        given = container.given
        assert container.passes(given.readiness)
        assert container.passes(given.liveness)
        assert container.passes(Probe(given.service_port))  # what the orchestrator's own readiness asks
        assert container.passes(Probe(given.http, "/api/v1.0/health/status"))  # its full health check
        assert container.passes(Probe(given.metrics, "/prometheus"))
        assert given.grace > 10 + 8
        assert given.env["PREDICTIVE_UNIT_ID"] == name


def test_metrics_carry_the_names_that_the_operator_gave(deployment: Running) -> None:
    by_rest(deployment.root, data(FLOWERS, "ndarray"))
    lines = metrics_of(deployment.containers["router"])
    series = next(line for line in lines if line.startswith("branch_0_reward{"))
    names = {
        "deployment_name": "iris-graph",
        "predictor_name": "default",
        "predictor_version": VERSION,
        "model_name": "router",
        "model_image": "registry.example/router",
        "model_version": VERSION,
    }
    assert [name for name, value in names.items() if f'{name}="{value}"' not in series] == [], series


def metrics_of(container: Container) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{container.given.metrics}/prometheus", timeout=30) as response:
        return str(response.read().decode()).splitlines()


@pytest.mark.skipif(not may_confine(), reason="no root of its own may be given here")
def test_the_annotations_of_the_pod_hold(deployment: Running) -> None:
    large = data(np.tile(MILLIMETRES, (20, 1)), "tensor")
    assert len(json.dumps(large)) > LIMIT
    for ask, status in ((by_rest, 413), (by_grpc, "RESOURCE_EXHAUSTED")):
        with pytest.raises(NodeFailed) as failed:
            ask(deployment.root, large)
        assert getattr(failed.value.status, "name", failed.value.status) == status


@pytest.mark.skipif(not may_confine(), reason="no root of its own may be given here")
def test_a_container_runs_as_the_pods_user_and_can_write_to_tmp_alone(deployment: Running) -> None:
    container = deployment.containers["first"]
    assert container.run("id", "-u").stdout == "8888\n"
    assert owner_of(container.process.pid) == 8888
    assert container.run("touch", "/tmp/scratch").returncode == 0
    for place in ("/microservice/x", "/opt/modelwrap/x", "/etc/x", "/x"):
        refused = container.run("touch", place)
        assert "Read-only file system" in refused.stderr, refused
    assert "modelwrap" not in container.run("ls", str(iris.ROOT)).stdout


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def test_a_deleted_pod_runs_the_hook_and_ends_by_itself(folders: Path, images: dict[str, Image]) -> None:
    (manifest,) = documents(printed((str(folders / "graph.yaml"), "--for", "seldon"), folders))
    given = {each.name: each for each in reconcile(on_free_ports(manifest))}
    names = ("labels", "scaler", "mean", "router", "second")
    with ExitStack() as stack:
        started = [stack.enter_context(container_of(given[name], images)) for name in names]
        wait_ready(started)
        with ThreadPoolExecutor(len(started)) as kubelets:
            assert list(kubelets.map(Container.stop, started)) == [0] * len(started)
