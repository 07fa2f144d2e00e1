"""BF16 with the real ml_dtypes: a class that imports it gets and returns its arrays, over every wire there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from official import message_class
from oip import WIRES, ask, of
from serving import Served

_UV = str(Path(sys.executable).with_name("uv"))
#: Says what it was given by the name of its dtype, in a tag, and returns twice that, in BF16 again.
_TWICE = """
import ml_dtypes

class Twice:
    def predict(self, X, names):
        self.was = X.dtype.name
        return (X * 2).astype(ml_dtypes.bfloat16)
    def tags(self):
        return {"was": self.was}
"""
_SENT = np.array([[0.5, -2.0], [0.10009765625, 3.0]], np.float32)
pytestmark = pytest.mark.timeout(600)


def test_a_class_that_knows_ml_dtypes_works_in_its_bfloat16(tmp_path: Path) -> None:
    site, model = tmp_path / "site", tmp_path / "model"
    # NumPy is the lock's own, beside which this is put.
    install = [_UV, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--target", str(site)]
    subprocess.run([*install, "ml_dtypes"], check=True)
    model.mkdir()
    with Served(model, "Twice", files={"Twice.py": _TWICE}, env={"PYTHONPATH": str(site)}) as server:
        for wire in WIRES:
            if wire != "gRPC typed":  # for which the protocol has no field
                answer = ask(server, wire, of(_SENT, datatype="BF16"), model="Twice")
                assert answer.parameters == {"was": "bfloat16"}, wire
                assert answer.only.datatype == "BF16", wire
                assert np.array_equal(answer.only.values, _SENT * 2), wire
        # A typed request that can be made is answered raw, since only so can BF16 be.
        answer = ask(server, "gRPC typed", of(_SENT), model="Twice")
        assert (answer.only.datatype, answer.only.values.tolist()) == ("BF16", (_SENT * 2).tolist())
        _seldons_messages_carry_its_numbers(server)
        instances = server.post("/v1/models/Twice:predict", {"instances": _SENT.tolist()}).json()
        assert instances == {"predictions": (_SENT * 2).tolist()}


def _seldons_messages_carry_its_numbers(server: Served) -> None:
    """They have no BF16, so it is widened."""
    doubled = (_SENT * 2).tolist()
    flat = [number for row in doubled for number in row]
    answer = server.post("/predict", {"data": {"ndarray": _SENT.tolist()}}).json()
    assert answer["data"]["ndarray"] == doubled
    tensor = {"shape": [2, 2], "values": _SENT.ravel().tolist()}
    answer = server.post("/predict", {"data": {"tensor": tensor}}).json()
    assert answer["data"]["tensor"] == {"shape": [2, 2], "values": flat}
    message = message_class("seldon.protos.SeldonMessage")()
    message.data.tensor.shape.extend([2, 2])
    message.data.tensor.values.extend(tensor["values"])
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
        predict: Any = channel.unary_unary(
            "/seldon.protos.Model/Predict",
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=message_class("seldon.protos.SeldonMessage").FromString,
        )
        assert list(predict(message, timeout=30).data.tensor.values) == flat
