"""The model in its worker: which thread makes its calls, how many at once, and what is told of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from serving import ECHO, Served, eventually

#: Answers with the names of the threads that imported, built, loaded and called it.
THREADS = """
import threading
HERE = threading.current_thread().name
class Threads:
    def __init__(self):
        self.built = threading.current_thread().name
    def load(self):
        self.loaded = threading.current_thread().name
    def predict(self, X):
        return {"names": [HERE, self.built, self.loaded, threading.current_thread().name]}
"""
#: Answers once as many calls are at it as it was given.
TOGETHER = """
import threading
class Together:
    def __init__(self, calls):
        self.barrier = threading.Barrier(calls, timeout=50)
    def predict(self, X):
        self.barrier.wait()
        return X
"""
#: Refuses every thread but the one that built it, as SQLite's connections and some graphs of frameworks do.
BOUND = """
import sqlite3
class Bound:
    def __init__(self):
        self.rows = sqlite3.connect(":memory:")
    def load(self):
        self.rows.execute("create table seen (x)")
    def predict(self, X):
        self.rows.execute("insert into seen values (?)", (float(X[0][0]),))
        return X
    def tags(self):
        return {"seen": self.rows.execute("select count(*) from seen").fetchone()[0]}
    def health_status(self):
        return [self.rows.execute("select 1").fetchone()]
    def shutdown(self):
        self.rows.close()
"""
#: Holds many objects, and answers with how many a full collection of garbage would look at.
HOARD = """
import gc
class Hoard:
    def __init__(self):
        self.kept = [[number] for number in range(200_000)]
    def predict(self, X):
        return [len(gc.get_objects())]
"""
#: Answers with what its libraries were told before it was imported, and with what NumPy's own made of it.
LIBRARIES = """
import os
TOLD = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_CPP_MIN_LOG_LEVEL")}
import numpy
import threadpoolctl
class Libraries:
    def predict(self, X):
        pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
        return {**TOLD, "blas": pools}
"""
#: Takes as long as it is told, and answers with how long that was and whether it was called in a sweep.
SWEPT = """
import pathlib, time, traceback
class Swept:
    def predict(self, X):
        if X[0][0] >= 0.1:
            pathlib.Path("long").touch()
        time.sleep(X[0][0])
        return [[X[0][0], "_take_turn" in [frame.name for frame in traceback.extract_stack()]]]
"""
BODY = {"data": {"ndarray": [[1.0]]}}


def threads_of(server: Served) -> list[str]:
    """The threads that imported, built, loaded and called the class."""
    names: list[str] = server.post("/predict", BODY).json()["jsonData"]["names"]
    return names


def test_one_thread_imports_builds_loads_and_calls_the_class(tmp_path: Path) -> None:
    with Served(tmp_path, "Threads", files={"Threads.py": THREADS}) as server:
        assert threads_of(server) == ["model-0"] * 4


def test_inline_does_it_all_on_the_loop(tmp_path: Path) -> None:
    with Served(tmp_path, "Threads", "--inline", files={"Threads.py": THREADS}) as server:
        assert threads_of(server) == ["MainThread"] * 4


@pytest.mark.parametrize(("words", "expected"), [((), "MainThread"), (("--inline", "false"), "model-0")])
def test_a_class_may_ask_for_inline_and_a_setting_overrules_it(
    words: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    source = THREADS.replace("class Threads:", "class Threads:\n    inline = True")
    with Served(tmp_path, "Threads", *words, files={"Threads.py": source}) as server:
        assert threads_of(server)[1:] == [expected] * 3


@pytest.mark.parametrize("words", [(), ("--inline",), ("--max-batch-size", "8")])
def test_an_object_that_is_bound_to_its_thread_just_works(words: tuple[str, ...], tmp_path: Path) -> None:
    """Also its tags, which are asked after the call, its health, and its shutdown, whose failure would be logged."""
    with Served(tmp_path, "Bound", *words, files={"Bound.py": BOUND}) as server, ThreadPoolExecutor(4) as clients:
        answers = list(clients.map(lambda _: server.post("/predict", BODY), range(12)))
        assert [answer.status for answer in answers] == [200] * 12
        assert {answer.json()["meta"]["tags"]["seen"] for answer in answers} <= set(range(1, 13))
        assert server.get("/health/status").status == 200
        assert server.stop() == 0
        assert "ERROR" not in server.err


def test_with_several_threads_such_an_object_says_so_itself(tmp_path: Path) -> None:
    with Served(tmp_path, "Bound", "--threads", "2", files={"Bound.py": BOUND}) as server:
        bad = eventually(lambda: next((each for each in [server.post("/predict", BODY)] if each.status == 500), None))
        assert "can only be used in that same thread" in bad.json()["status"]["info"]


def test_inline_calls_that_come_together_are_swept_and_one_client_s_never(tmp_path: Path) -> None:
    with Served(tmp_path, "Swept", "--inline", files={"Swept.py": SWEPT}) as server, ThreadPoolExecutor(16) as clients:

        def ask(seconds: float) -> tuple[float, bool]:
            ((took, swept),) = server.post("/predict", {"data": {"ndarray": [[seconds]]}}).json()["data"]["ndarray"]
            return took, swept

        assert [ask(0.0001) for _ in range(20)] == [(0.0001, False)] * 20

        def together() -> bool:
            """Whether any was swept of those that waited while a long call was made; each has its own answer."""
            (tmp_path / "long").unlink(missing_ok=True)
            long = clients.submit(ask, 0.5)
            eventually((tmp_path / "long").exists)
            times = [0.0001 + number / 1e6 for number in range(15)]
            answers = list(clients.map(ask, times))
            assert [took for took, _ in answers] == times
            assert long.result() == (0.5, False)
            return any(swept for _, swept in answers)

        def crowd() -> bool:
            """Whether so many were swept that the next call was left to a sweep too, before anything is known of it."""
            return together() and ask(0.0001)[1]

        eventually(crowd)
        assert [ask(0.0001) for _ in range(20)] == [(0.0001, False)] * 20


@pytest.mark.parametrize("words", [(), ("--inline",)], ids=["thread", "inline"])
def test_the_garbage_collector_passes_over_what_was_loaded(tmp_path: Path, words: tuple[str, ...]) -> None:
    with Served(tmp_path, "Hoard", *words, files={"Hoard.py": HOARD}) as server:
        (looked_at,) = server.post("/predict", BODY).json()["data"]["ndarray"]
    assert looked_at < 100_000  # the list alone holds 200,000


def test_libraries_are_told_their_threads_before_the_class_is_imported(tmp_path: Path) -> None:
    words = ("--library-threads", "1")
    with Served(
        tmp_path, "Libraries", *words, files={"Libraries.py": LIBRARIES}, env={"OMP_NUM_THREADS": ""}
    ) as server:
        told = server.post("/predict", BODY).json()["jsonData"]
    assert (told["OMP_NUM_THREADS"], told["TF_NUM_INTRAOP_THREADS"], told["TF_CPP_MIN_LOG_LEVEL"]) == ("1", "1", "2")
    assert set(told["blas"]) == {1}


def test_what_the_user_tells_libraries_stands(tmp_path: Path) -> None:
    own = {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "0"}
    words = ("--library-threads", "3")
    with Served(tmp_path, "Libraries", *words, files={"Libraries.py": LIBRARIES}, env=own) as server:
        told = server.post("/predict", BODY).json()["jsonData"]
    assert (told["OMP_NUM_THREADS"], told["TF_NUM_INTRAOP_THREADS"], told["TF_CPP_MIN_LOG_LEVEL"]) == ("1", "3", "0")
    assert set(told["blas"]) == {1}


def test_threads_make_calls_at_once(tmp_path: Path) -> None:
    env = {"PREDICTIVE_UNIT_PARAMETERS": json.dumps([{"name": "calls", "value": "3", "type": "INT"}])}
    served = Served(tmp_path, "Together", "--threads", "3", files={"Together.py": TOGETHER}, env=env)
    with served as server, ThreadPoolExecutor(3) as clients:
        answers = list(clients.map(lambda _: server.post("/predict", BODY).status, range(3)))
    assert answers == [200] * 3


def test_requests_that_wait_become_one_call_where_the_class_allows_it(tmp_path: Path) -> None:
    source = """
import pathlib, time
class Rows:
    max_batch_size = 64
    def predict(self, X):
        pathlib.Path("asked").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
        print(len(X))
        return X
"""
    with Served(tmp_path, "Rows", files={"Rows.py": source}) as server:
        with ThreadPoolExecutor(9) as clients:
            first = clients.submit(server.post, "/predict", BODY)
            eventually((tmp_path / "asked").exists)
            rest = [clients.submit(server.post, "/predict", {"data": {"ndarray": [[n]]}}) for n in range(8)]
            eventually(lambda: server.series()["modelwrap_requests_in_flight"] == 9)
            (tmp_path / "go").touch()
            assert first.result().status == 200
            answers = [future.result().json()["data"]["ndarray"] for future in rest]
        assert answers == [[[n]] for n in range(8)]
        assert server.out.split() == ["1", "8"]


def test_a_request_beyond_the_queue_is_refused_and_told_to_come_back(tmp_path: Path) -> None:
    source = ECHO.replace(
        "        return X\n",
        "        import pathlib, time\n"
        "        while not pathlib.Path('go').exists(): time.sleep(0.01)\n"
        "        return X\n",
    )
    served = Served(tmp_path, "Echo", "--queue-size", "2", files={"Echo.py": source})
    with served as server, ThreadPoolExecutor(2) as clients:
        waiting = [clients.submit(server.post, "/predict", BODY) for _ in range(2)]
        eventually(lambda: server.series()["modelwrap_requests_in_flight"] == 2)
        refused = server.post("/predict", BODY)
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        (tmp_path / "go").touch()
        assert [future.result().status for future in waiting] == [200, 200]


def test_custom_metrics_carry_the_slot_and_the_place_in_the_graph(tmp_path: Path) -> None:
    source = ECHO + "    def metrics(self):\n        return [{'type': 'COUNTER', 'key': 'seen', 'value': 1}]\n"
    env = {
        "PREDICTIVE_UNIT_ID": "classifier",
        "PREDICTIVE_UNIT_IMAGE": "repo/iris:0.1",
        "PREDICTOR_LABELS": '{"version":"v2"}',
    }
    with Served(tmp_path, "Echo", files={"Echo.py": source}, env=env) as server:
        server.post("/predict", BODY)
        (series,) = [name for name in server.series() if name.startswith("seen_total")]
        for label in (
            'worker_id="0"',
            'model_name="classifier"',
            'model_image="repo/iris"',
            'model_version="0.1"',
            'predictor_version="v2"',
            'deployment_name="NOT_IMPLEMENTED"',
        ):
            assert label in series


def shows(server: Served, port: int, path: str, line: bytes) -> bool:
    return line in server.get(path, port=port).body


def test_both_ports_show_the_same_metrics(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", "--metrics-path", "/mine", files={"Echo.py": ECHO}) as server:
        server.post("/predict", BODY)
        asked = b'modelwrap_requests_total{operation="predict",protocol="rest",status="200"} 1.0'
        for port in (server.http, server.metrics):
            for path in ("/metrics", "/prometheus", "/mine"):
                eventually(partial(shows, server, port, path, asked))


def test_a_setting_that_does_less_than_it_says_is_told_once(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", "--tracing", files={"Echo.py": ECHO}) as server:
        assert server.err.count("--tracing is set, but no spans are sent") == 1


def test_an_access_log_has_a_line_for_every_request_but_not_for_scrapes(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", "--access-log", files={"Echo.py": ECHO}) as server:
        server.post("/predict", BODY)
        server.get("/metrics")
        assert server.stop() == 0
        (line,) = [line for line in server.err.splitlines() if "modelwrap.access" in line]
    assert "rest /predict" in line
    assert "status=200" in line


def test_a_class_that_returns_nothing_is_told_to_the_log_too(tmp_path: Path) -> None:
    source = "class Silent:\n    def predict(self, X):\n        X * 2\n"
    with Served(tmp_path, "Silent", files={"Silent.py": source}) as server:
        assert server.post("/predict", {"data": {"ndarray": [[1]]}}).status == 400
        server.wait_said("ERROR modelwrap.requests: /predict failed: Unknown data type returned as payload")
