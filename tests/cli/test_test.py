"""`modelwrap test`: what it sends, what it finds, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.command_line import COMMAND, Outcome, modelwrap, write
from serving import PATIENCE, Served, alive, eventually

EXAMPLES = Path(__file__).parents[2] / "examples"
CONTRACT = """
{"features": [{"name": "x", "ftype": "continuous", "dtype": "FLOAT", "range": [0, 1], "repeat": 3}],
 "targets": [{"name": "sum", "ftype": "continuous", "dtype": "FLOAT"}]}
"""
GOOD = "return np.nansum(np.asarray(X, dtype=float).reshape(-1, 3), axis=1, keepdims=True)"


def source(body: str, members: str = "") -> str:
    lines = "\n        ".join(body.splitlines())
    head = "import time\nimport numpy as np\n\n\nclass Tried:\n"
    return f"{head}    {members}\n    def predict(self, X, names):\n        {lines}\n"


def folder(place: Path, body: str = GOOD, members: str = "", contract: str | None = CONTRACT) -> Path:
    """A model folder whose predict has this body."""
    files = {"Tried.py": source(body, members), **({} if contract is None else {"contract.json": contract})}
    return write(place / "model", files)


def tried(place: Path, *words: str) -> Outcome:
    return modelwrap("test", place, "--quick", *words)


def lines(outcome: Outcome) -> dict[str, str]:
    """What stands behind each subject, with its mark."""
    found = {}
    for line in outcome.out.splitlines():
        if line[:2] in {"✓ ", "! ", "✗ "}:
            found[line[2:17].strip()] = f"{line[0]} {line[27:]}"
    return found


def test_a_good_model_is_good_by_every_way(tmp_path: Path) -> None:
    outcome = modelwrap("test", folder(tmp_path), "-n", "3", "-b", "2")
    assert outcome.status == 0, outcome
    found = lines(outcome)
    assert all(line.startswith("✓") for line in found.values()), found
    ways = ["REST ndarray", "REST tensor", "REST form field", "gRPC ndarray", "gRPC tensor"]
    assert [subject for subject in found if subject in ways] == ways
    assert all("3 batches of 2 rows" in found[way] for way in ways)
    assert all("answered alike" in found[way] for way in ways[1:])
    assert "max_batch_size may be set" in found["rows together"]
    assert {"missing value", "int64", "no rows", "256 rows", "at once", "20 MB, REST", "20 MB, gRPC"} <= set(found)
    assert "no problem" in outcome.out.splitlines()[-1]


def test_a_model_that_fails_on_a_missing_value_is_noted_and_refused_where_notes_count(tmp_path: Path) -> None:
    place = folder(tmp_path, f"if np.isnan(X).any():\n    raise ValueError('a hole in the data')\n{GOOD}")
    outcome = tried(place)
    assert outcome.status == 0
    assert lines(outcome)["missing value"] == "! NaN is answered 500: a hole in the data"
    assert tried(place, "--strict").status == 1


def test_a_model_that_mixes_its_rows_is_told_not_to_be_batched(tmp_path: Path) -> None:
    outcome = tried(folder(tmp_path, "return X - X.mean(axis=0)"))
    assert outcome.status == 0
    assert lines(outcome)["rows together"].startswith("! answered otherwise than alone")
    assert "leave max_batch_size unset" in outcome.out


def test_a_model_that_mixes_its_rows_and_is_batched_gives_wrong_answers_and_that_is_found(tmp_path: Path) -> None:
    place = folder(tmp_path, "time.sleep(0.05)\nreturn X - X.mean(axis=0)", members="max_batch_size = 64")
    outcome = tried(place, "--rest")
    assert outcome.status == 1
    assert lines(outcome)["at once"].startswith("✗ a request is answered otherwise beside 15 others")


def test_a_model_that_takes_no_whole_numbers_is_found(tmp_path: Path) -> None:
    place = folder(tmp_path, "assert X.dtype.kind == 'f', 'floats only'\nreturn X")
    outcome = tried(place)
    assert outcome.status == 1
    assert lines(outcome)["int64"] == "✗ whole numbers are answered 500: floats only"
    assert "np.asarray(X, dtype=float)" in outcome.out


def test_a_raw_method_that_drops_the_metadata_is_found(tmp_path: Path) -> None:
    raw = "def predict_raw(self, message):\n        return {'data': {'ndarray': [[1.0]]}}\n"
    outcome = tried(folder(tmp_path, members=raw), "--rest")
    assert outcome.status == 1
    assert lines(outcome)["metadata"] == "✗ REST: the request's puid does not come back"


def test_a_model_that_always_fails_is_shown_with_its_own_traceback_and_asked_no_more(tmp_path: Path) -> None:
    outcome = tried(folder(tmp_path, "return undefined_name"))
    assert outcome.status == 1
    assert "✗ REST ndarray" in outcome.out
    assert "its first row: [" in outcome.out
    assert lines(outcome)["all else"].startswith("! left out")
    assert "NameError: name 'undefined_name' is not defined" in outcome.err


def test_a_model_that_leaves_answers_to_chance_is_not_held_against_itself(tmp_path: Path) -> None:
    outcome = tried(folder(tmp_path, "return np.random.random((len(X), 1))"))
    assert outcome.status == 0
    assert lines(outcome)["chance"] == "! the same question brings other answers"


def test_text_goes_where_the_contract_has_categories(tmp_path: Path) -> None:
    contract = """{"features": [{"name": "sex", "ftype": "categorical", "values": ["f", "m"]},
        {"name": "age", "ftype": "continuous", "dtype": "INT", "range": [0, 99]}]}"""
    body = "assert X[0][0] in ('f', 'm'), f'no sex: {X[0][0]}'\nreturn [[float(row[1])] for row in X]"
    outcome = tried(folder(tmp_path, body, contract=contract))
    found = lines(outcome)
    assert outcome.status == 0, outcome
    assert "REST tensor" not in found
    assert found["other category"] == "! text that is not in the contract is answered 500: no sex: no such category"


@pytest.mark.parametrize(
    ("example", "role", "seen"),
    [
        ("epsilon-greedy", "ROUTER", "choices 0"),
        ("mean-combiner", "COMBINER", "answered alike"),
        ("iris-scaler", "TRANSFORMER", "answered alike"),
        ("iris-labels", "OUTPUT_TRANSFORMER", "answered alike"),
    ],
)
def test_every_role_is_tried_by_its_own_verb(example: str, role: str, seen: str) -> None:
    outcome = tried(EXAMPLES / example)
    assert outcome.status == 0, outcome
    assert f"({role})" in outcome.out.splitlines()[0]
    assert seen in lines(outcome)["gRPC tensor"]


def test_feedback_is_tried_where_it_is_asked_for() -> None:
    outcome = tried(EXAMPLES / "epsilon-greedy", "--endpoint", "send-feedback")
    assert outcome.status == 0, outcome
    assert lines(outcome)["metadata"] == "✓ puid of the request comes back"


def test_an_error_that_every_probe_meets_is_shown_once(tmp_path: Path) -> None:
    outcome = tried(folder(tmp_path, "raise ValueError('no weights')"))
    assert outcome.status == 1
    assert outcome.err.count("raise ValueError('no weights')") == 1
    assert outcome.err.count("ValueError: no weights") == 1


def test_parameters_reach_the_constructor(tmp_path: Path) -> None:
    place = folder(tmp_path, members="def __init__(self, factor):\n        assert factor == 3\n")
    assert "could not be built" in tried(place).err
    assert tried(place, "--parameters", '[{"name": "factor", "value": "3", "type": "INT"}]', "--rest").status == 0


def test_a_running_component_is_tried_at_its_url(tmp_path: Path) -> None:
    place = folder(tmp_path)
    with Served(place, "Tried") as server:
        outcome = modelwrap(
            *("test", f"http://127.0.0.1:{server.http}", "--grpc-port", str(server.grpc), "--quick", "--json"),
            *("--contract", place / "contract.json", "--seed", "7", "--tensor"),
        )
    assert outcome.status == 0, outcome
    report: dict[str, Any] = json.loads(outcome.out)
    assert report["good"] is True
    assert report["target"] == f"http://127.0.0.1:{server.http}"
    subjects = [probe["subject"] for probe in report["probes"]]
    assert "gRPC tensor" in subjects
    assert "REST ndarray" not in subjects
    assert {probe["outcome"] for probe in report["probes"]} == {"good"}
    assert all(set(probe) == {"subject", "outcome", "text", "advice", "seconds"} for probe in report["probes"])


def test_a_port_where_nobody_speaks_grpc_is_told_as_that(tmp_path: Path) -> None:
    place = folder(tmp_path)
    with Served(place, "Tried") as server:
        outcome = modelwrap(
            *("test", f"http://127.0.0.1:{server.http}", "--grpc-port", "1", "--contract", place / "contract.json")
        )
    assert (outcome.status, outcome.out) == (1, "")
    assert "nobody speaks gRPC at 127.0.0.1:1" in outcome.error


def test_the_metadata_stands_in_for_a_contract(tmp_path: Path) -> None:
    metadata = """def init_metadata(self):
        return {"inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, 3]}]}
"""
    outcome = tried(folder(tmp_path, members=metadata, contract=None), "--rest")
    assert outcome.status == 0, outcome
    assert "✓ REST tensor" in outcome.out


def test_without_grpcio_rest_alone_is_tried_and_that_is_said(tmp_path: Path) -> None:
    place = folder(tmp_path)
    elsewhere = write(tmp_path / "no-grpcio", {"grpc.py": "raise ImportError('as if it were not installed')\n"})
    environment = {"PYTHONPATH": str(elsewhere)}
    outcome = modelwrap("test", place, "--quick", environment=environment)
    assert outcome.status == 0, outcome
    assert "pip install grpcio" in outcome.err
    assert not any(subject.startswith("gRPC") for subject in lines(outcome))
    outcome = modelwrap("test", place, "--quick", "--grpc", environment=environment)
    assert (outcome.status, outcome.out) == (1, "")
    assert "pip install grpcio" in outcome.error


@pytest.mark.parametrize(
    ("contract", "told"),
    [
        ("{", "contract.json is no JSON"),
        ('{"features": []}', "contract.json lists no features"),
        (
            '{"features": [{"name": "x", "ftype": "FOO"}]}',
            'contract.json: features[0] (x): ftype is "FOO"\n  it must be continuous or categorical',
        ),
        (
            '{"features": [{"name": "x", "ftype": "continuous", "dtype": "DOUBLE"}]}',
            'features[0] (x): dtype is "DOUBLE"\n  it must be FLOAT or INT',
        ),
    ],
)
def test_a_bad_contract_is_refused_before_anything_starts(contract: str, told: str, tmp_path: Path) -> None:
    outcome = tried(folder(tmp_path, "raise SystemExit('never run')", contract=contract))
    assert (outcome.status, outcome.out) == (1, "")
    assert told in outcome.error


def test_without_any_contract_it_says_what_one_looks_like(tmp_path: Path) -> None:
    outcome = tried(folder(tmp_path, contract=None))
    assert outcome.status == 1
    assert "nothing tells what the inputs are" in outcome.error
    assert '"features"' in outcome.error


@pytest.mark.parametrize("words", [[], ["--contract", "contract.json"], ["--contract", "contract.json", "--rest"]])
def test_an_address_where_nobody_listens_is_told_as_that(words: list[str], tmp_path: Path) -> None:
    write(tmp_path, {"contract.json": CONTRACT})
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound without listening: the port is nobody's, and refuses
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        outcome = modelwrap("test", url, *words, cwd=tmp_path)
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == f"error: nobody answers at {url} (connection refused)\n  start it, or check host and port\n"


@pytest.mark.parametrize("command", ["test", "bench"])
def test_an_address_without_its_scheme_is_told_with_it(command: str, tmp_path: Path) -> None:
    outcome = modelwrap(command, "localhost:9000", cwd=tmp_path)
    assert outcome.status == 1
    assert "did you mean http://localhost:9000?" in outcome.error


def test_a_model_that_can_not_load_is_told_with_its_own_words(tmp_path: Path) -> None:
    outcome = tried(folder(tmp_path, members="weights = open('weights.bin')"))
    assert outcome.status == 1
    assert "Tried could not be served" in outcome.error
    assert "FileNotFoundError" in outcome.error


def pid_in(file: Path) -> int:
    """The process id in a file that is written whole; 0 where it is not there yet."""
    text = file.read_text() if file.exists() else ""
    return int(text[:-1]) if text.endswith(".") else 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_trial_that_is_broken_off_leaves_no_server_behind(number: signal.Signals, tmp_path: Path) -> None:
    body = ["import os", "open('pid', 'w').write(f'{os.getpid()}.')", "time.sleep(60)", ""]
    loading = "\n        ".join(["def load(self):", *body])
    place = folder(tmp_path, members=loading)
    with subprocess.Popen([COMMAND, "test", place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as trial:
        pid = eventually(lambda: pid_in(place / "pid"))
        trial.send_signal(number)
        assert trial.wait(PATIENCE) == 128 + number
    eventually(lambda: not alive(pid))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["http://127.0.0.1:9", "--parameters", "[]"], "--parameters is for a folder"),
        (["model", "--endpoint", "predikt"], "--endpoint is 'predikt': expected one of predict, "),
        (["model", "--requests", "0"], "--requests is '0': expected a whole number from 1 on"),
        ([], "Missing argument 'TARGET'"),
    ],
)
def test_wrong_usage_ends_with_2(words: list[str], told: str, tmp_path: Path) -> None:
    outcome = modelwrap("test", *words, cwd=tmp_path)
    assert outcome.status == 2
    assert told in outcome.error
