# mypy: disable-error-code="import-not-found,misc"
"""MLServer without its pool of inference processes; `mlserver start` runs it in its own environment."""

from __future__ import annotations

import sys
from pathlib import Path

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

sys.path.append(str(Path(__file__).parent))
import model


class Served(MLModel):
    """The model as a custom runtime of MLServer."""

    async def load(self) -> bool:
        """Loads the model."""
        self.served = model.load()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The one tensor of the request in, the rows out."""
        rows = NumpyCodec.decode_input(payload.inputs[0])
        output = NumpyCodec.encode_output("predict", self.served.predict(rows, []))
        return InferenceResponse(model_name=self.name, outputs=[output])
