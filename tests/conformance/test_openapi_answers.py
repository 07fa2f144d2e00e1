"""Every recorded answer is one that the OpenAPI document of its path tells: statuses, media types, members."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped] # what kubernetes-validate brings
import pytest

from conformance.test_golden_rest import CASES
from modelwrap.runtime.transports.openapi import document
from modelwrap.runtime.verb import Verb

DOCUMENT = json.loads(document("Model", "1.2", Verb.PREDICT, {"inputs": [], "outputs": []}))


def answers() -> Iterator[Any]:
    for case in CASES:
        if case["group"] == "raw":  # a raw method answers what it likes
            continue
        path = case["path"].partition("?")[0]
        ours = case.get("ours", {})
        known = ours["response"] if "response" in ours else None if ours else case.get("response")
        operation = DOCUMENT["paths"].get(path, {}).get(case["method"].lower())
        if operation is not None and known is not None:
            status = ours.get("status", case["status"])
            yield pytest.param(operation, status, case["content_type"], known, id=f"{case['group']}: {case['case']}")


ANSWERS = list(answers())


def problems(operation: Any, status: int, media_type: str, answer: Any) -> list[str]:
    """What the document says against an answer."""
    told = operation["responses"].get(str(status), operation["responses"]["default"])
    (documented,) = told["content"]
    kind = media_type.partition(";")[0] if isinstance(answer, str) else "application/json"
    if kind != documented:
        return [f"{kind} is not {documented}"]
    schema = {**told["content"][documented]["schema"], "components": DOCUMENT["components"]}
    return [error.message for error in jsonschema.Draft4Validator(schema).iter_errors(answer)]


def test_there_are_records_to_hold_the_document_to() -> None:
    assert len(ANSWERS) > 100


@pytest.mark.parametrize(("operation", "status", "media_type", "answer"), ANSWERS)
def test_a_recorded_answer_is_what_the_document_tells(
    operation: Any, status: int, media_type: str, answer: Any
) -> None:
    assert problems(operation, status, media_type, answer) == []
