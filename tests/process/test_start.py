"""Starting: ports open after the load and not before, the right ports open, and every refusal is one clear message."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rig.processes import free_port
from serving import ECHO, RUNTIME, Served, eventually, request, run_to_end, write_files

#: Loads only once a file `go` appears beside it.
WAITING = """
import pathlib, time
class Waiting:
    def load(self):
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
    def predict(self, X):
        return X
"""


def refuses(port: int) -> bool:
    """Whether nothing listens on the port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def wait_ready_unless_a_port_is_taken(server: Served) -> None:
    """Wait until it serves; where another program listens on a port that it must have, nothing can be shown."""
    try:
        server.wait_ready()
    except AssertionError:
        if taken := re.search(r"port \d+ is in use by another program", server.err):
            pytest.skip(taken[0])
        raise


def test_ports_open_after_the_load_and_not_before(tmp_path: Path) -> None:
    http, grpc, metrics = free_port(), free_port(), free_port()
    words = ("--http-port", str(http), "--grpc-port", str(grpc), "--metrics-port", str(metrics))
    with Served(tmp_path, "Waiting", files={"Waiting.py": WAITING}, ports=words, wait=False) as server:
        server.wait_said("loading Waiting")
        assert eventually(lambda: request("GET", metrics, "/live").status == 200)
        assert request("GET", metrics, "/ready").status == 503
        assert refuses(http)
        assert refuses(grpc)
        (tmp_path / "go").touch()
        server.wait_ready()
        assert request("POST", http, "/predict", b'{"data":{"ndarray":[[1]]}}').status == 200
        assert not refuses(grpc)
        assert request("GET", metrics, "/ready").status == 200
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("words", "env", "http", "grpc", "metrics"),
    [
        (("REST",), {}, 5000, 9500, 6000),
        (("GRPC",), {}, 9000, 5000, 6000),
        (("--service-type", "MODEL"), {}, 9000, 5000, 6000),
        (
            ("--service-type", "MODEL"),
            {
                "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": "9021",
                "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": "9521",
                "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": "6021",
            },
            9021,
            9521,
            6021,
        ),
    ],
    ids=["NAME REST", "NAME GRPC", "NAME --service-type", "operator"],
)
def test_each_form_opens_the_ports_of_the_table(
    words: tuple[str, ...], env: dict[str, str], http: int, grpc: int, metrics: int, tmp_path: Path
) -> None:
    with Served(tmp_path, "Echo", *words, files={"Echo.py": ECHO}, env=env, ports=(), wait=False) as server:
        wait_ready_unless_a_port_is_taken(server)
        assert (server.http, server.grpc, server.metrics) == (http, grpc, metrics)
        for port in (http, grpc):
            assert server.post("/predict", {"data": {"ndarray": [[1]]}}, port=port).status == 200
        assert server.get("/metrics", port=metrics).status == 200
        assert server.stop() == 0


def test_the_names_of_the_image_stand_in_for_arguments(tmp_path: Path) -> None:
    env = {"MODEL_NAME": "Echo", "SERVICE_TYPE": "MODEL", "PERSISTENCE": "0"}
    with Served(tmp_path, files={"Echo.py": ECHO}, env=env) as server:
        assert server.ready["name"] == "Echo"


def test_a_class_may_be_named_with_its_package(tmp_path: Path) -> None:
    with Served(tmp_path, "models.echo.Echo", files={"models/echo.py": ECHO}) as server:
        assert server.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200


def test_a_users_module_shadows_none_of_pythons(tmp_path: Path) -> None:
    files = {"Echo.py": ECHO, "queue.py": "raise SystemExit('shadowed')", "types.py": "raise SystemExit('shadowed')"}
    with Served(tmp_path, "Echo", files=files) as server:
        assert server.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200


def test_one_port_serves_both_apis(tmp_path: Path) -> None:
    port = free_port()
    words = ("--http-port", str(port), "--grpc-port", str(port), "--metrics-port", "0")
    with Served(tmp_path, "Echo", files={"Echo.py": ECHO}, ports=words) as server:
        assert server.http == server.grpc == port
        assert server.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200


def test_no_grpc_port_is_opened_where_none_is_wanted(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", "--grpc-workers", "0", files={"Echo.py": ECHO}) as server:
        assert server.ready["grpc"] is None


def test_the_ready_line_tells_the_ports_and_the_workers_and_the_log_does_not_repeat_them(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", files={"Echo.py": ECHO}) as server:
        assert server.ready["workers"] == server.workers()
        assert server.ready["pid"] == server.process.pid
        assert server.ready["http"] == server.http
        assert eventually(lambda: "Echo ready in" in server.err)
        assert "http://" not in server.err


def test_what_the_class_prints_comes_out_at_once(tmp_path: Path) -> None:
    source = """
class Loud:
    def __init__(self):
        print("built")
    def predict(self, X):
        print("asked")
        return X
"""
    with Served(tmp_path, "Loud", files={"Loud.py": source}) as server:
        assert server.out == "built\n"
        server.post("/predict", {"data": {"ndarray": [[1]]}})
        assert server.out == "built\nasked\n"


# -- refusals --------------------------------------------------------------------------------------------------------


def test_a_class_that_can_not_be_built_ends_the_start_with_the_users_own_error(tmp_path: Path) -> None:
    source = "class Broken:\n    def __init__(self):\n        raise ValueError('no weights here')\n"
    ended = run_to_end(tmp_path, "Broken", files={"Broken.py": source})
    assert ended.status == 1
    assert ended.err.count("raise ValueError('no weights here')") == 1
    assert f'File "{tmp_path}/Broken.py", line 3, in __init__' in ended.err
    assert "Broken could not be built: ValueError: no weights here" in ended.err
    assert "modelwrap/runtime" not in ended.err


def test_a_defect_of_ours_is_told_with_where_it_is_before_the_worker_ends(tmp_path: Path) -> None:
    source = """
from modelwrap.runtime import worker
class Hostile:
    def __init__(self):
        del worker.collect_less
    def predict(self, X):
        return X
"""
    ended = run_to_end(tmp_path, "Hostile", files={"Hostile.py": source})
    assert ended.status == 3
    assert "a defect of modelwrap, not of your model" in ended.err
    assert "name 'collect_less' is not defined" in ended.err
    assert "SIGKILL" not in ended.err


def test_a_batch_size_that_is_no_number_is_the_classes_mistake(tmp_path: Path) -> None:
    source = "class Joined:\n    max_batch_size = 'many'\n    def predict(self, X):\n        return X\n"
    ended = run_to_end(tmp_path, "Joined", files={"Joined.py": source})
    assert ended.status == 1
    assert "max_batch_size is 'many': it must be a whole number of rows, such as 64" in ended.err
    assert "defect" not in ended.err


def test_an_error_without_a_frame_of_the_users_is_one_line(tmp_path: Path) -> None:
    ended = run_to_end(tmp_path, "Missing")
    assert len(ended.err.splitlines()) == 2  # that it loads, and that it can't


def test_debug_shows_every_frame(tmp_path: Path) -> None:
    source = "class Broken:\n    def __init__(self):\n        raise ValueError('no weights here')\n"
    ended = run_to_end(tmp_path, "Broken", "--debug", files={"Broken.py": source})
    assert ended.status == 1
    assert "modelwrap/runtime" in ended.err


def test_with_several_workers_the_error_is_shown_once(tmp_path: Path) -> None:
    source = "class Broken:\n    def __init__(self):\n        raise ValueError('no weights here')\n"
    ended = run_to_end(tmp_path, "Broken", "--workers", "3", files={"Broken.py": source})
    assert ended.status == 1
    assert ended.err.count("raise ValueError('no weights here')") == 1


@pytest.mark.parametrize(
    ("name", "files", "env", "says"),
    [
        ("Missing", {}, {}, "there is no module 'Missing'"),
        ("Echo", {"Echo.py": "class Other: pass"}, {}, "Echo has no class Echo: it has Other"),
        ("Echo", {"Echo.py": "import not_installed_anywhere"}, {}, "imports 'not_installed_anywhere'"),
        ("Echo", {"Echo.py": "def broken(:"}, {}, "SyntaxError"),
        ("Echo", {"Echo.py": ECHO}, {"PREDICTIVE_UNIT_PARAMETERS": "[{]"}, "Bad model parameters: not JSON"),
        (
            "Echo",
            {"Echo.py": ECHO},
            {"PREDICTIVE_UNIT_PARAMETERS": '[{"name":"n","value":"abc","type":"FLOAT"}]'},
            "n with value abc can't be parsed as FLOAT",
        ),
        (
            "Echo",
            {"Echo.py": ECHO},
            {"PREDICTIVE_UNIT_PARAMETERS": '[{"name":"n","value":"1","type":"INT"}]'},
            "Echo() takes no arguments (it was called with the parameters n)",
        ),
        ("Echo", {"Echo.py": ECHO}, {"GUNICORN_WORKERS": "many"}, "GUNICORN_WORKERS is 'many': expected a whole"),
        ("Echo", {"Echo.py": ECHO}, {"MODELWRAP_HOST": "no.such.host.invalid"}, "no address of this machine"),
        (
            "Echo",
            {"Echo.py": "import os\nclass Echo:\n    def __init__(self): os._exit(7)"},
            {},
            "exited with status 7",
        ),
        ("Echo", {"Echo.py": "import os\nclass Echo:\n    def __init__(self): os.abort()"}, {}, "killed by SIGABRT"),
        ("Echo", {"Echo.py": "class Echo:\n    def __init__(self): raise SystemExit(0)"}, {}, "SystemExit: 0"),
    ],
    ids=[
        "no module",
        "no class",
        "a package that is not installed",
        "a syntax error",
        "parameters that are no JSON",
        "a parameter of another type",
        "a parameter that the class does not take",
        "a bad variable",
        "a bad address",
        "an exit",
        "a crash",
        "a quiet exit",
    ],
)
def test_what_can_not_start_says_why_in_one_message_and_exits_with_1(
    name: str, files: dict[str, str], env: dict[str, str], says: str, tmp_path: Path
) -> None:
    ended = run_to_end(tmp_path, name, files=files, env=env)
    assert ended.status == 1
    assert says in ended.err
    assert len(re.findall(r"^\S+ \S+ ERROR |^modelwrap-runtime: error: ", ended.err, re.MULTILINE)) == 1
    assert "modelwrap/runtime" not in ended.err


def test_a_port_in_use_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        words = ("--http-port", "0", "--grpc-port", str(port), "--metrics-port", "0")
        ended = run_to_end(tmp_path, "Echo", files={"Echo.py": ECHO}, ports=words)
    assert ended.status == 1
    assert f"port {port} is in use by another program" in ended.err
    assert "--grpc-port" in ended.err
    assert ended.err.count("\n") == 1


def test_two_that_load_at_once_for_the_same_port_end_with_one_that_serves(tmp_path: Path) -> None:
    http = free_port()
    words = ("--http-port", str(http), "--grpc-port", "0", "--metrics-port", "0")
    write_files(tmp_path, {"Waiting.py": WAITING})
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Served(tmp_path, "Waiting", ports=words, wait=False)) for _ in range(2)]
        eventually(lambda: all("loading Waiting" in server.err for server in servers))
        (tmp_path / "go").touch()
        loser = eventually(lambda: next((s for s in servers if s.process.poll() is not None), None))
        assert loser is not None
        assert loser.wait() == 1
        assert f"port {http} is in use by another program" in loser.err
        (winner,) = (server for server in servers if server is not loser)
        assert eventually(lambda: request("GET", http, "/ready").status == 200)
        assert winner.stop() == 0


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    assert run_to_end(tmp_path, "Echo", "--no-such-flag").status == 2
    assert run_to_end(tmp_path).status == 2


def test_a_waiting_program_sees_the_end_of_its_pipe_when_the_start_fails(tmp_path: Path) -> None:
    with Served(tmp_path, "Missing", wait=False) as server:
        with pytest.raises(AssertionError, match="did not get ready"):
            server.wait_ready()
        assert server.wait() == 1


def test_help_needs_no_model_and_no_numpy(tmp_path: Path) -> None:
    shown = subprocess.run([*RUNTIME, "--help"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "--queue-size" in shown.stdout


def test_json_logs_are_json_to_the_last_line(tmp_path: Path) -> None:
    source = (
        "import logging\n"
        "class Talks:\n"
        "    def predict(self, X):\n"
        "        logging.getLogger('mine').warning('two\\nlines', extra={'rows': len(X)})\n"
        "        raise ValueError('no')\n"
    )
    words = ("--log-format", "json", "--access-log")
    with Served(tmp_path, "Talks", *words, files={"Talks.py": source}) as server:
        server.post("/predict", {"data": {"ndarray": [[1]]}})
        assert server.stop() == 0
        events = [json.loads(line) for line in server.err.splitlines()]
    by_logger = {event["logger"]: event for event in events}
    assert by_logger["mine"]["message"] == "two\nlines"
    assert by_logger["mine"]["rows"] == 1
    assert "raise ValueError" in by_logger["modelwrap.requests"]["traceback"]
    assert by_logger["modelwrap.access"]["status"] == 500
    assert all({"time", "level", "message", "pid"} <= event.keys() for event in events)
    ready = next(event for event in events if "http" in event)
    assert ready["http"] == server.http


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_supervisor_is_small_and_never_loads_numpy_or_the_model(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", files={"Echo.py": ECHO}) as server:
        server.get("/metrics", port=server.metrics)
        resident = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * 4096
        assert "numpy" not in Path(f"/proc/{server.pid}/maps").read_text()
    assert resident < 40e6
