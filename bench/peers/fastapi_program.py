# mypy: disable-error-code="import-not-found,untyped-decorator"
"""What a careful engineer writes by hand with FastAPI: orjson, NumPy, no validation; it runs in its own environment."""

from __future__ import annotations

import sys

import fastapi
import model
import numpy as np
import orjson
import uvicorn

served = model.load()
app = fastapi.FastAPI()


@app.post("/predict")
async def predict(request: fastapi.Request) -> fastapi.Response:
    """`{"instances": rows}` in, `{"predictions": rows}` out."""
    rows = np.array(orjson.loads(await request.body())["instances"], dtype=np.float64)
    answer = {"predictions": served.predict(rows, [])}
    return fastapi.Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
