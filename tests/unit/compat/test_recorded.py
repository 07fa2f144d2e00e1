"""The stand-in's functions answer as the reference's do: what 1.18.2 came to was recorded, an expression a line.

A line with `ours` is where we do better, and says why. `evaluation.py` shows how a value is written, and records.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unit.compat.evaluation import evaluate

CASES = [json.loads(line) for line in Path(__file__).with_name("recorded.jsonl").read_text().splitlines()]


def comparable(outcome: Any) -> Any:
    """The outcome without protobuf's own words for what it can't parse, which differ between its releases."""
    if isinstance(outcome, dict) and str(outcome.get("says")).startswith("Invalid JSON: "):
        return {**outcome, "says": "Invalid JSON: ..."}
    return outcome


@pytest.mark.parametrize("case", CASES, ids=[f"{case['group']}: {case['expression']}" for case in CASES])
def test_an_expression_comes_to_what_the_reference_made_of_it(case: dict[str, Any]) -> None:
    outcome = json.loads(json.dumps(evaluate(case["expression"])))
    assert comparable(outcome) == comparable(case.get("ours", case["outcome"]))


def test_where_we_differ_we_say_why() -> None:
    differing = [case for case in CASES if "ours" in case]
    assert differing
    assert all(case["why"] and case["ours"] != case["outcome"] for case in differing)
