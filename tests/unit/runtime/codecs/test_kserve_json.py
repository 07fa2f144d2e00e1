"""KServe's V1 JSON: rows and columns become one array, results become predictions, and whatever else is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs import kserve_json
from modelwrap.runtime.message import Message, Request
from modelwrap.runtime.payload import Array, Binary, Form, Payload, Text
from strategies import json_objects, json_values


def decode(document: Any) -> Array:
    payload = kserve_json.decode_message(Request(json.dumps(document).encode())).payload
    assert isinstance(payload, Array)
    return payload


def predictions(payload: Payload) -> Any:
    return json.loads(kserve_json.encode_message(Message(payload)))["predictions"]


@pytest.mark.parametrize(
    ("document", "values", "names"),
    [
        ({"instances": [[1, 2], [3, 4]]}, [[1, 2], [3, 4]], []),
        ({"instances": [{"a": 1, "b": 2}, {"b": 4, "a": 3}]}, [[1, 2], [3, 4]], ["a", "b"]),
        ({"inputs": {"a": [1, 3], "b": [2, 4]}}, [[1, 2], [3, 4]], ["a", "b"]),
        ({"inputs": {"a": [[1], [3]]}}, [[1], [3]], ["a"]),
        ({"inputs": [[1, 2]]}, [[1, 2]], []),
        ({"predictions": [[0.5]]}, [[0.5]], []),
    ],
)
def test_rows_and_columns_are_one_array(document: Any, values: Any, names: list[str]) -> None:
    payload = decode(document)
    assert (payload.values.tolist(), payload.names) == (values, names)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "instances"),
        ({}, "instances"),
        ({"instances": 3}, "must be a list of rows, not a number"),
        ({"instances": [[1], [2, 3]]}, "ragged"),
        ({"inputs": {"a": 1}}, '"a" is a number'),
        ({"inputs": {"a": [1], "b": [1, 2]}}, 'equal length: "a" 1, "b" 2'),
        ({"inputs": {"a": [[1, 2]]}}, "one value a row"),
    ],
)
def test_what_is_no_table_is_refused_in_words(document: Any, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        decode(document)


def test_a_result_is_a_list_of_predictions() -> None:
    third = np.array([[1 / 3]], np.float32)
    assert predictions(Array(third, [], Form.NDARRAY)) == [[float(third[0, 0])]]
    assert predictions(Array(third, [], Form.NDARRAY, is_short=True)) == [[0.33333334]]
    assert predictions(Array(np.array([1]), [], Form.NDARRAY, nested=[1])) == [1]
    assert predictions(Text("a")) == "a"
    assert predictions(Binary(b"abc")) == {"b64": "YWJj"}


_ANY = st.fixed_dictionaries({}, optional={"instances": json_values, "inputs": json_values | json_objects})


@given(_ANY | json_values)
def test_any_document_decodes_or_is_refused(document: Any) -> None:
    try:
        kserve_json.decode_message(Request(json.dumps(document).encode()))
    except InvalidRequest:
        return


@given(st.binary(max_size=40))
def test_any_bytes_decode_or_are_refused(text: bytes) -> None:
    for decode_any in (kserve_json.decode_message, kserve_json.decode_messages, kserve_json.decode_whole):
        try:
            decode_any(Request(text))
        except InvalidRequest:
            continue
