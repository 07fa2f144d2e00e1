"""Every protocol carries the same rows there, and what a right server sends back is read as rows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench import protocols
from bench.protocols import Protocol

ROWS = np.array([[1.5, -2.0], [0.25, 1e-9]])
VALUES = ROWS.ravel().tolist()


@pytest.mark.parametrize(
    ("protocol", "answer"),
    [
        (protocols.SELDON_REST, {"data": {"names": [], "tensor": {"shape": [2, 2], "values": VALUES}}, "meta": {}}),
        (protocols.V2_REST, {"outputs": [{"name": "y", "shape": [2, 2], "datatype": "FP64", "data": VALUES}]}),
        (protocols.V1_REST, {"predictions": ROWS.tolist()}),
        (protocols.PREDICTIONS, {"predictions": ROWS.tolist()}),
        (protocols.LIST, ROWS.tolist()),
    ],
)
def test_answers_in_json_are_read_as_rows(protocol: Protocol, answer: object) -> None:
    assert np.array_equal(protocol.decode(json.dumps(answer).encode()), ROWS)
    assert all(str(value) in protocol.encode(ROWS).decode() for value in (1.5, -2.0, 0.25))


def test_a_seldon_message_is_read_as_it_is_written() -> None:
    assert np.array_equal(protocols.SELDON_GRPC.decode(protocols.SELDON_GRPC.encode(ROWS)), ROWS)


def test_raw_contents_of_the_second_protocol_are_read_too() -> None:
    response = protocols._v2("Response")()
    response.outputs.add(name="y", datatype="FP64", shape=[2, 2])
    response.raw_output_contents.append(ROWS.tobytes())
    assert np.array_equal(protocols.V2_GRPC.decode(response.SerializeToString()), ROWS)
