"""A graph of three levels under the operator's conditions, called as the orchestrator calls it.

`modelwrap deploy` writes the SeldonDeployment of the wrapped examples, a played operator makes of it what each
container is given, and each wrapped folder is started under just that: environment, user, annotations, probes, hook.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from conformance.container import Container, may_confine
from conformance.iris_graph import (
    FLOWERS,
    LIMIT,
    VERSION,
    WIRES,
    Expected,
    Running,
    by_grpc,
    by_rest,
    data,
    deployed,
    expected,
    feedback_by_rest,
    image_of,
    teach,
    wait_ready,
    write_components,
)
from conformance.operator import Given, Probe
from conformance.orchestrator import Body, NodeFailed, V2Orchestrator
from official import message_class
from rig import iris
from serving import PATIENCE


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trained, _ = iris.train_copy(tmp_path_factory.mktemp("trained"))
    return write_components(tmp_path_factory.mktemp("graph"), trained)


@pytest.fixture(scope="module")
def models(folders: Path) -> Expected:
    return expected(folders)


def container_of(given: Given, folders: Path) -> Container:
    image = image_of(given, folders)
    return Container(image.folder, image.env, given)


@pytest.fixture(scope="module", params=["rest", "grpc"])
def deployment(request: pytest.FixtureRequest, folders: Path) -> Iterator[Running]:
    """All components, each under what the operator gives it, and ready by its own probe."""
    given, root = deployed(folders, *(["--grpc"] if request.param == "grpc" else []))
    with ExitStack() as stack:
        started = [stack.enter_context(container_of(each, folders)) for each in given]
        wait_ready(started)
        yield Running({each.given.name: each for each in started}, root)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("form", ["ndarray", "tensor"])
def test_the_graph_answers_as_the_models_do_and_learns(
    wire: str, form: str, deployment: Running, models: Expected
) -> None:
    ask, reward = WIRES[wire]
    for branch, chosen in enumerate(("first", "second")):
        teach(deployment.root, reward, branch)
        answer, routing = ask(deployment.root, data(FLOWERS, form))
        assert routing == {"router": branch}
        assert answer["data"]["ndarray"] == models.answer(branch)
        assert set(answer["meta"]["requestPath"]) == {"labels", "scaler", "mean", "third", chosen}


@pytest.mark.parametrize("datatype", ["FP64", "FP32"])
def test_the_graph_answers_over_the_open_inference_protocol_too(
    datatype: str, deployment: Running, models: Expected
) -> None:
    tensor = {"name": "x", "shape": list(FLOWERS.shape), "datatype": datatype, "data": FLOWERS.ravel().tolist()}
    for branch in (0, 1):
        teach(deployment.root, feedback_by_rest, branch)
        orchestrator = V2Orchestrator(deployment.root)
        answer = json.loads(orchestrator.predict(Body(json.dumps({"id": "7", "inputs": [tensor]}).encode())).content)
        assert orchestrator.routing == {"router": branch}
        (output,) = answer["outputs"]
        assert (answer["id"], output["datatype"], output["shape"]) == ("7", "BYTES", [len(FLOWERS), 1])
        assert [[name] for name in output["data"]] == models.answer(branch)


def test_a_model_answers_the_one_call_that_the_orchestrator_makes_over_grpc_with_protocol_v2(
    deployment: Running, models: Expected
) -> None:
    rows = FLOWERS * 0.1
    tensor = {"name": "x", "datatype": "FP64", "shape": rows.shape, "contents": {"fp64_contents": rows.ravel()}}
    asked = message_class("inference.ModelInferRequest")(model_name="second", inputs=[tensor])
    with grpc.insecure_channel(f"127.0.0.1:{deployment.containers['second'].given.grpc}") as channel:
        call: Any = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class("inference.ModelInferResponse").FromString,
        )
        (output,) = call(asked, timeout=PATIENCE).outputs
    np.testing.assert_array_equal(np.reshape(output.contents.fp64_contents, tuple(output.shape)), models.second)


def test_every_container_is_what_its_manifest_says(deployment: Running) -> None:
    for name, container in deployment.containers.items():
        given = container.given
        assert container.passes(given.readiness)
        assert container.passes(given.liveness)
        assert container.passes(Probe(given.service_port))  # what the orchestrator's own readiness asks
        assert container.passes(Probe(given.http, "/api/v1.0/health/status"))  # its full health check
        assert container.passes(Probe(given.http, "/v2/health/ready"))  # the same with protocol v2
        assert container.passes(Probe(given.http, f"/v2/models/{name}/ready"))
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
    with urllib.request.urlopen(f"http://127.0.0.1:{container.given.metrics}/prometheus", timeout=PATIENCE) as response:
        return str(response.read().decode()).splitlines()


@pytest.mark.skipif(not may_confine(), reason="no root of its own may be given here")
def test_the_annotations_of_the_pod_hold(deployment: Running) -> None:
    large = data(np.tile(FLOWERS, (60, 1)), "tensor")
    assert len(json.dumps(large)) > LIMIT
    for ask, status in ((by_rest, 413), (by_grpc, "RESOURCE_EXHAUSTED")):
        with pytest.raises(NodeFailed) as failed:
            ask(deployment.root, large)
        assert getattr(failed.value.status, "name", failed.value.status) == status


@pytest.mark.skipif(not may_confine(), reason="no root of its own may be given here")
def test_a_container_runs_as_the_pods_user_and_can_write_to_tmp_alone(deployment: Running) -> None:
    container = deployment.containers["first"]
    assert container.run("id", "-u").stdout == "8888\n"
    assert Path(f"/proc/{container.process.pid}").stat().st_uid == 8888
    assert container.run("touch", "/tmp/scratch").returncode == 0
    for place in ("/microservice/x", "/opt/modelwrap/x", "/etc/x", "/x"):
        assert "Read-only file system" in container.run("touch", place).stderr
    assert container.run("ls", str(iris.ROOT / "src")).returncode != 0


def test_a_deleted_pod_runs_the_hook_and_ends_by_itself(folders: Path) -> None:
    given, _ = deployed(folders)
    with ExitStack() as stack:
        started = [
            stack.enter_context(container_of(each, folders)) for each in given if each.name not in ("first", "third")
        ]
        wait_ready(started)
        with ThreadPoolExecutor(len(started)) as kubelets:
            assert list(kubelets.map(Container.stop, started)) == [0] * len(started)
