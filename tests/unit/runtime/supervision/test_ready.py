"""The news that serving has begun, as a sentence, as fields, and on a pipe."""

from __future__ import annotations

import json
import os

from modelwrap.runtime.supervision.ready import Ready
from modelwrap.value import replace

READY = Ready(
    name="IrisClassifier",
    pid=1,
    host="0.0.0.0",
    http=9000,
    grpc=5000,
    metrics=6000,
    metrics_path="/metrics",
    workers=[7],
    load_seconds=3.21,
    load_bytes=96_400_000,
)


def test_the_sentence_tells_who_after_how_long_and_where() -> None:
    assert READY.sentence() == (
        "IrisClassifier ready in 3.2 s (+96 MB): REST http://0.0.0.0:9000  gRPC 0.0.0.0:5000  "
        "metrics http://0.0.0.0:6000/metrics"
    )
    assert READY.sentence(where=False) == "IrisClassifier ready in 3.2 s (+96 MB)"


def test_the_sentence_leaves_out_what_is_not_there() -> None:
    assert replace(READY, grpc=None, load_bytes=0, host="::").sentence() == (
        "IrisClassifier ready in 3.2 s: REST http://[::]:9000  metrics http://[::]:6000/metrics"
    )


def test_the_fields_of_the_log_do_not_clash_with_the_logs_own() -> None:
    fields = READY.fields()
    assert not {"name", "pid"} & fields.keys()
    assert fields["component"] == "IrisClassifier"
    assert fields["workers"] == [7]


def test_a_pipe_receives_one_line_and_its_end() -> None:
    reader, writer = os.pipe()
    READY.tell(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    assert told.count(b"\n") == 1
    assert json.loads(told) == {
        "name": "IrisClassifier",
        "pid": 1,
        "host": "0.0.0.0",
        "http": 9000,
        "grpc": 5000,
        "metrics": 6000,
        "metrics_path": "/metrics",
        "workers": [7],
        "load_seconds": 3.21,
        "load_bytes": 96_400_000,
    }


def test_nobody_to_tell_is_no_error() -> None:
    READY.tell(None)
    reader, writer = os.pipe()
    os.close(reader)
    READY.tell(writer)
