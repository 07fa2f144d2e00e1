# mypy: disable-error-code="import-not-found,untyped-decorator"
"""BentoML, one worker; `bentoml serve` runs it in its own environment."""

from __future__ import annotations

import sys
from pathlib import Path

import bentoml
import numpy as np

sys.path.append(str(Path(__file__).parent))
import model

joining = {"batchable": True, "max_batch_size": model.JOINED, "max_latency_ms": 10_000} if model.joins() else {}


@bentoml.service(workers=1, traffic={"timeout": 60}, metrics={"enabled": False})
class Served:
    """The model as a BentoML service."""

    def __init__(self) -> None:
        self.served = model.load()

    @bentoml.api(**joining)
    def predict(self, instances: np.ndarray) -> np.ndarray:
        """`{"instances": rows}` in, the rows out."""
        answer: np.ndarray = self.served.predict(instances.astype(np.float64), [])
        return answer
