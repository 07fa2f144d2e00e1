"""`modelwrap bench`: what it measures, what it leaves out, and how it ends. No figure decides anything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.command_line import Outcome, modelwrap, write
from serving import Served

CONTRACT = '{"features": [{"name": "x", "ftype": "continuous", "dtype": "FLOAT", "range": [0, 1], "repeat": 3}]}'
QUICK = ("--client", "threads", "--clients", "1,4", "--seconds", "0.2")


def folder(place: Path, body: str = "return X * 2") -> Path:
    """A model folder whose predict has this body."""
    source = f"import numpy as np\n\n\nclass Timed:\n    def predict(self, X, names):\n        {body}\n"
    return write(place / "model", {"Timed.py": source, "contract.json": CONTRACT})


def figures(outcome: Outcome) -> Any:
    assert outcome.status == 0, outcome
    return json.loads(outcome.out)


def test_a_folder_is_measured_by_the_settings_that_may_pay_and_advice_is_given(tmp_path: Path) -> None:
    found = figures(modelwrap("bench", folder(tmp_path), *QUICK, "--json"))
    variants = [(each["variant"], each["clients"]) for each in found["measured"]]
    names = ["default", "--inline", "--max-batch-size 64", "--workers 2"]
    assert [variant for variant in variants if variant[0] != "--workers 2"] == [
        (n, c) for n in names[:3] for c in (1, 4)
    ]
    assert {name for name, _ in variants} | set(found["left_out"]) == set(names)
    assert all(each["rate"] > 0 and 0 < each["p50"] <= each["p99"] for each in found["measured"])
    assert found["row_wise"] is True
    assert found["advice"]


def test_the_built_in_client_tells_its_own_ceiling(tmp_path: Path) -> None:
    outcome = modelwrap("bench", folder(tmp_path), *QUICK)
    assert outcome.status == 0, outcome
    assert "the client itself gets no further than" in outcome.out
    assert "asked by built-in client" in outcome.out


def test_a_model_that_mixes_its_rows_is_not_measured_joined(tmp_path: Path) -> None:
    found = figures(modelwrap("bench", folder(tmp_path, "return X - X.mean(axis=0) + len(X)"), *QUICK, "--json"))
    assert "--max-batch-size 64" not in {each["variant"] for each in found["measured"]}
    assert found["row_wise"] is False
    assert any(line.startswith("do not set max_batch_size") for line in found["advice"])


def test_further_settings_are_measured_beside_the_others(tmp_path: Path) -> None:
    found = figures(modelwrap("bench", folder(tmp_path), *QUICK, "--also", "--threads 2", "--json"))
    assert "--threads 2" in {each["variant"] for each in found["measured"]}


def test_settings_with_which_the_server_does_not_start_are_named_with_the_reason(tmp_path: Path) -> None:
    flags = """--parameters '[{"name": "depth", "value": "2", "type": "INT"}]'"""
    found = figures(modelwrap("bench", folder(tmp_path), *QUICK, "--also", flags, "--json"))
    assert "could not be served" in found["left_out"][flags]


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ("--thread-count 2", "unknown option --thread-count: did you mean --threads?"),
        ("--threads many", "--threads"),
        ("--threads '2", "No closing quotation"),
    ],
)
def test_a_setting_that_there_is_not_is_told_before_anything_is_measured(flags: str, why: str, tmp_path: Path) -> None:
    outcome = modelwrap("bench", folder(tmp_path), *QUICK, "--also", flags)
    assert (outcome.status, outcome.out) == (2, "")
    assert why in outcome.error
    assert "measuring" not in outcome.err


def test_a_model_that_fails_is_not_measured(tmp_path: Path) -> None:
    outcome = modelwrap("bench", folder(tmp_path, "raise ValueError('a hole in the data')"), *QUICK)
    assert (outcome.status, outcome.out) == (1, "")
    assert "a hole in the data" in outcome.error
    assert "modelwrap test" in outcome.error


def test_a_model_that_fails_under_load_only_is_not_given_a_speed(tmp_path: Path) -> None:
    body = "self.calls = getattr(self, 'calls', 0) + 1\n        return X if self.calls < 20 else 1 / 0"
    many = ("--client", "threads", "--clients", "20", "--seconds", "0.2")  # each asks at least once
    outcome = modelwrap("bench", folder(tmp_path, body), *many)
    assert outcome.status == 1
    assert "a request under load was answered 500" in outcome.error


def test_a_running_component_is_measured_as_it_runs(tmp_path: Path) -> None:
    place = folder(tmp_path)
    with Served(place, "Timed") as server:
        url = f"http://127.0.0.1:{server.http}"
        found = figures(modelwrap("bench", url, "--contract", place / "contract.json", *QUICK, "--json"))
    assert {each["variant"] for each in found["measured"]} == {"default"}
    assert found["advice"][0].startswith("nothing to compare with")


@pytest.mark.parametrize("tool", ["wrk", "h2load"])
def test_the_tools_that_are_installed_make_the_load(tmp_path: Path, tool: str) -> None:
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    place = folder(tmp_path)
    with Served(place, "Timed") as server:
        url = f"http://127.0.0.1:{server.http}"
        words = ("--client", tool, "--clients", "4", "--seconds", "1", "--json")
        found = figures(modelwrap("bench", url, "--contract", place / "contract.json", *words))
    assert found["client"] == tool
    assert found["measured"][0]["rate"] > 0
    assert found["ceilings"] == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--clients", "1,none"), "expected numbers from 1 on"),
        (("--clients", "0"), "expected numbers from 1 on"),
        (("--also", "--threads 2"), "--also is for a folder"),
    ],
)
def test_words_that_make_no_sense_are_refused(words: tuple[str, str], told: str) -> None:
    outcome = modelwrap("bench", "http://127.0.0.1:9", *words)
    assert outcome.status == 2
    assert told in outcome.error


def test_nobody_at_the_url_is_told(tmp_path: Path) -> None:
    place = folder(tmp_path)
    outcome = modelwrap("bench", "http://127.0.0.1:9", "--contract", place / "contract.json", *QUICK)
    assert outcome.status == 1
    assert "nobody answers at http://127.0.0.1:9 (connection refused)" in outcome.error


def test_a_folder_that_is_not_there_is_told_before_anything_is_said_to_be_measured(tmp_path: Path) -> None:
    outcome = modelwrap("bench", "nowhere", cwd=tmp_path)
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err == "error: there is no folder nowhere\n  give the folder that holds the class file\n"
