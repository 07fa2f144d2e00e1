"""float32 in and out, over REST and gRPC, in every form that carries an array."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from official import message_class
from serving import PATIENCE, Served, run_to_end

#: Divides, and tells the type of everything that it is given.
NARROW = """
class Narrow:
    number_type = "float32"
    max_batch_size = 8
    def predict(self, X):
        self.got = str(X.dtype)
        return X / 3
    def aggregate(self, Xs, names):
        self.got = ",".join(str(X.dtype) for X in Xs)
        return Xs[0]
    def send_feedback(self, X, names, reward, truth):
        self.got = f"{X.dtype},{truth.dtype}"
    def tags(self):
        return {"got": self.got}
"""
THIRD = np.float32(1) / np.float32(3)
Message = message_class("seldon.protos.SeldonMessage")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("narrow"), "Narrow", files={"Narrow.py": NARROW}) as served:
        yield served


def predicted(server: Served, data: dict[str, Any]) -> dict[str, Any]:
    """What REST answers to this `data`; its class must have got float32."""
    answer: dict[str, Any] = server.post("/predict", {"data": data}).json()
    assert answer["meta"]["tags"] == {"got": "float32"}
    content: dict[str, Any] = answer["data"]
    return content


def called(server: Served, fill: Any) -> Any:
    """What gRPC answers to a message that `fill` fills."""
    message = Message()
    fill(message.data)
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
        call = channel.unary_unary("/seldon.protos.Model/Predict", Message.SerializeToString, Message.FromString)
        answer = call(message, timeout=PATIENCE, wait_for_ready=True)
    assert answer.meta.tags["got"].string_value == "float32"
    return answer.data


def test_whole_numbers_and_decimals_arrive_alike_and_text_is_short(server: Served) -> None:
    for rows in ([[1, 2]], [[1.0, 2.0]]):
        assert predicted(server, {"ndarray": rows})["ndarray"] == [[0.33333334, 0.6666667]]
    tensor = predicted(server, {"tensor": {"shape": [1, 2], "values": [1, 2]}})["tensor"]
    assert tensor == {"shape": [1, 2], "values": [0.33333334, 0.6666667]}


def test_a_large_answer_is_as_exact_as_a_small_one(server: Served) -> None:
    rows = np.arange(3000, dtype=np.float32).reshape(-1, 3)
    answer = predicted(server, {"ndarray": rows.tolist()})["ndarray"]
    assert np.array_equal(np.array(answer, np.float32), rows / np.float32(3))


def test_a_tensor_of_tensorflow_stays_what_it_is(server: Served) -> None:
    def fill(data: Any) -> None:
        data.tftensor.dtype = 1
        data.tftensor.tensor_shape.dim.add().size = 1
        data.tftensor.float_val.append(1)

    answer = called(server, fill).tftensor
    assert answer.dtype == 1
    assert [*answer.float_val, *np.frombuffer(answer.tensor_content, np.float32)] == [THIRD]


def test_grpcs_float64_fields_carry_the_very_float32(server: Served) -> None:
    def tensor(data: Any) -> None:
        data.tensor.shape.append(1)
        data.tensor.values.append(1.0)

    def ndarray(data: Any) -> None:
        data.ndarray.extend([1.0])

    assert list(called(server, tensor).tensor.values) == [float(THIRD)]
    assert list(called(server, ndarray).ndarray) == [float(THIRD)]


def test_every_other_method_gets_it_too(server: Served) -> None:
    part = {"data": {"ndarray": [[1]]}}
    assert server.post("/aggregate", [part, part]).json()["meta"]["tags"] == {"got": "float32,float32"}
    feedback = {"request": part, "truth": part, "reward": 1}
    assert server.post("/send-feedback", feedback).json()["meta"]["tags"] == {"got": "float32,float32"}


def test_a_type_that_there_is_not_is_told_before_the_ports_open(tmp_path: Path) -> None:
    ended = run_to_end(tmp_path, "Narrow", files={"Narrow.py": NARROW.replace("float32", "bfloat32", 1)})
    assert ended.status == 1
    assert "number_type is 'bfloat32': it must be float16, float32 or float64" in ended.err
