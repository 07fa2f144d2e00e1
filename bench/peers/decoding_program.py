# mypy: disable-error-code="index, union-attr"
"""Times a way to turn a tensor's JSON into an array; run by the benchmark in the environment that has the library.

`decoding_program.py WAY FILE SECONDS` prints the seconds of the fastest and of the median decoding as JSON.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def _by_pysimdjson(body: bytes) -> Any:
    import simdjson  # noqa: PLC0415 - each way has its own library

    tensor = simdjson.Parser().parse(body)["data"]["tensor"]
    return np.frombuffer(tensor["values"].as_buffer(of_type="d")).reshape(tensor["shape"].as_list())


def _by_orjson(body: bytes) -> Any:
    import orjson  # noqa: PLC0415

    tensor = orjson.loads(body)["data"]["tensor"]
    return np.array(tensor["values"], dtype=np.float64).reshape(tensor["shape"])


def _by_modelwrap(body: bytes) -> Any:
    from modelwrap.runtime.codecs import seldon_json  # noqa: PLC0415
    from modelwrap.runtime.message import Request  # noqa: PLC0415

    payload = seldon_json.decode_message(Request(body)).payload
    return getattr(payload, "values", None)


WAYS: Mapping[str, Callable[[bytes], Any]] = {
    "modelwrap": _by_modelwrap,
    "pysimdjson": _by_pysimdjson,
    "orjson": _by_orjson,
}


def main() -> int:
    """Checks that the array is right, then decodes until the time is up."""
    decode, body, seconds = WAYS[sys.argv[1]], Path(sys.argv[2]).read_bytes(), float(sys.argv[3])
    if not np.array_equal(decode(body), np.array(json.loads(body)["data"]["tensor"]["values"]).reshape(1, -1)):
        raise SystemExit("the array is wrong")
    times: list[float] = []
    while sum(times) < seconds:
        began = time.perf_counter()
        decode(body)
        times.append(time.perf_counter() - began)
    print(json.dumps([min(times), statistics.median(times)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
