"""What is measured: a model, how it is asked, by how many at once, and the answer that counts as right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from bench.loads import Load
from bench.models.plain import Matrix

IDENTITY, MEAN, NAP, WORK = "plain.Identity", "plain.Mean", "plain.Nap", "plain.Work"
REGRESSION = "regression.Regression"
IRIS = "IrisClassifier.IrisClassifier"
FLOWER = np.array([[5.1, 3.5, 1.4, 0.2]])
#: A picture of 224 by 224 points in three colours: 2.9 MB of JSON, 1.2 MB of protobuf.
PICTURE = np.random.default_rng(0).random((1, 224 * 224 * 3))
#: How far two right answers may lie from each other: servers have scikit-learn with different NumPys.
CLOSE = 1e-6


class Wire(Enum):
    """How it is asked."""

    REST = "REST"
    GRPC = "gRPC"
    V2_REST = "V2 REST"
    V2_BINARY = "V2 binary"
    V2_GRPC = "V2 gRPC"
    V2_TYPED = "V2 gRPC typed"

    @property
    def is_rest(self) -> bool:
        """Whether it is asked over HTTP/1.1."""
        return self in {Wire.REST, Wire.V2_REST, Wire.V2_BINARY}


_REST_LOADS = (Load(1), Load(16), Load(64))
_GRPC_LOADS = (Load(1), Load(4, 4), Load(4, 16))


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure.

    Attributes:
        title: What it is, in a few words.
        model: The class, as `module.Class`.
        wire: How it is asked.
        rows: What is sent.
        loads: By how many at once.
        joined: Whether requests that wait together are joined.
        two_cores: Whether the server has both cores, to compare one worker with two.
    """

    title: str
    model: str
    wire: Wire
    rows: Matrix
    loads: Sequence[Load]
    joined: bool = False
    two_cores: bool = False


CASES = (
    Case("REST identity, 1x4", IDENTITY, Wire.REST, FLOWER, _REST_LOADS),
    Case("REST regression, 1x4", REGRESSION, Wire.REST, FLOWER, _REST_LOADS),
    Case("REST regression, 1x4, joined", REGRESSION, Wire.REST, FLOWER, _REST_LOADS, joined=True),
    Case("REST iris, 1x4", IRIS, Wire.REST, FLOWER, _REST_LOADS),
    Case("REST mean of 1x150528", MEAN, Wire.REST, PICTURE, (Load(1),)),
    Case("gRPC identity, 1x4", IDENTITY, Wire.GRPC, FLOWER, _GRPC_LOADS),
    Case("gRPC regression, 1x4", REGRESSION, Wire.GRPC, FLOWER, (Load(4, 16),)),
    Case("gRPC regression, 1x4, joined", REGRESSION, Wire.GRPC, FLOWER, (Load(1), Load(4, 16)), joined=True),
    Case("gRPC mean of 1x150528", MEAN, Wire.GRPC, PICTURE, (Load(1),)),
)
V2_CASES = (
    Case("V2 REST identity, 1x4", IDENTITY, Wire.V2_REST, FLOWER, _REST_LOADS),
    Case("V2 binary identity, 1x4", IDENTITY, Wire.V2_BINARY, FLOWER, (Load(16),)),
    Case("V2 gRPC identity, 1x4", IDENTITY, Wire.V2_GRPC, FLOWER, _GRPC_LOADS),
    Case("V2 gRPC typed identity, 1x4", IDENTITY, Wire.V2_TYPED, FLOWER, (Load(4, 16),)),
    Case("V2 REST mean of 1x150528", MEAN, Wire.V2_REST, PICTURE, (Load(1),)),
    Case("V2 binary mean of 1x150528", MEAN, Wire.V2_BINARY, PICTURE, (Load(1),)),
    Case("V2 gRPC mean of 1x150528", MEAN, Wire.V2_GRPC, PICTURE, (Load(1),)),
)
WORKER_CASES = (
    Case("REST, a nap of 5 ms, two cores", NAP, Wire.REST, FLOWER, (Load(16),), two_cores=True),
    Case("REST, NumPy for 5 ms, two cores", WORK, Wire.REST, FLOWER, (Load(16),), two_cores=True),
)
