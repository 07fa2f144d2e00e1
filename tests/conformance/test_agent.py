"""The image as a server of Seldon Core 2: under what its Server and the shipped ServerConfig give, asked as agents ask.

Source: deploying page section D.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from conformance.container import Container
from conformance.iris_graph import wait_ready
from conformance.operator import Given, Probe
from manifests.cases import documents, printed
from modelwrap.image.config import USER_ENVIRONMENT
from modelwrap.runtime.settings import ports
from modelwrap.runtime.settings.sources import Sources
from official import message_class
from rig import iris
from rig.processes import free_port
from rig.wrapped import wrap
from serving import PATIENCE, request

#: What the ServerConfig `mlserver` sets, and a Server lays its own over.
SERVER_CONFIG = {
    "MLSERVER_HTTP_PORT": "9000",
    "MLSERVER_GRPC_PORT": "9500",
    "MLSERVER_MODELS_DIR": "/mnt/agent/models",
    "MLSERVER_PARALLEL_WORKERS": "1",
    "MLSERVER_LOAD_MODELS_AT_STARTUP": "false",
    "MLSERVER_GRPC_MAX_MESSAGE_LENGTH": "1048576000",
}
USER = 1000
ROWS = iris.flowers()[:5]


def environment() -> dict[str, str]:
    """What the container of the Server has beside what its image has."""
    words = (
        "registry.example/irisclassifier:0.1",
        "--for",
        "seldon2",
        "--name",
        "iris",
        "--artifact",
        "gs://bucket/iris",
    )
    server, _ = documents(printed(words, Path()))
    (container,) = server["spec"]["podSpec"]["containers"]
    return {**SERVER_CONFIG, **{each["name"]: each["value"] for each in container["env"]}}


def test_the_server_listens_where_the_agent_and_the_probes_ask() -> None:
    chosen = ports.choose(Sources({}, environment()))
    assert (chosen.http.number, chosen.grpc and chosen.grpc.number) == (9000, 9500)


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """The wrapped iris example, as the user whom Core 2 gives its servers, on ports that are free."""
    folder, _ = iris.train_copy(tmp_path_factory.mktemp("iris"))
    wrapped = wrap(folder, "registry.example")
    http, rpc, metrics = free_port(), free_port(), free_port()
    moved = {
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(http),
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": str(rpc),
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(metrics),
    }
    live = Probe(http, "/v2/health/live")
    given = Given(
        name="iris",
        image="registry.example/irisclassifier:0.1",
        env={**environment(), **moved},
        http=http,
        grpc=rpc,
        metrics=metrics,
        service_port=http,
        readiness=live,
        liveness=live,
        pre_stop=("true",),
        grace=30,
        user=USER,
        annotations="",
    )
    image = {"MODEL_NAME": iris.CLASS, "SERVICE_TYPE": "MODEL", "PERSISTENCE": "0", **USER_ENVIRONMENT}
    with Container(wrapped, image, given) as container:
        wait_ready([container])
        yield container


def ask(container: Container, method: str, **fields: Any) -> Any:
    """One call of the agent."""
    with grpc.insecure_channel(f"127.0.0.1:{container.given.grpc}") as channel:
        call: Any = channel.unary_unary(
            f"/inference.GRPCInferenceService/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class(f"inference.{method}Response").FromString,
        )
        return call(message_class(f"inference.{method}Request")(**fields), timeout=PATIENCE)


def infer(container: Container, model: str) -> np.ndarray:
    tensor = {"name": "x", "datatype": "FP64", "shape": ROWS.shape, "contents": {"fp64_contents": ROWS.ravel()}}
    answer = ask(container, "ModelInfer", model_name=model, inputs=[tensor])
    (output,) = answer.outputs
    return np.reshape(output.contents.fp64_contents, tuple(output.shape))


def test_a_model_is_loaded_asked_and_unloaded_by_the_name_that_the_agent_gives(container: Container) -> None:
    wanted = iris.model_called_directly(container.wrapped.parent).predict(ROWS, [])
    assert ask(container, "ServerLive").live
    ask(container, "RepositoryModelLoad", model_name="iris_1")
    assert {model.name: model.state for model in ask(container, "RepositoryIndex").models}["iris_1"] == "READY"
    np.testing.assert_array_equal(infer(container, "iris_1"), wanted)
    body = {"inputs": [{"name": "x", "datatype": "FP64", "shape": ROWS.shape, "data": ROWS.ravel().tolist()}]}
    answer = request("POST", container.given.http, "/v2/models/iris_1/infer", json.dumps(body).encode())
    np.testing.assert_array_equal(np.reshape(answer.json()["outputs"][0]["data"], wanted.shape), wanted)
    ask(container, "RepositoryModelUnload", model_name="iris_1")
    with pytest.raises(grpc.RpcError) as refused:
        infer(container, "iris_1")
    gone: Any = refused.value
    assert gone.code() is grpc.StatusCode.NOT_FOUND
