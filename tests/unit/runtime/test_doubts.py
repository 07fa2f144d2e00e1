"""A misspelt form of an array is answered as ever, and told of once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwrap.runtime.codecs import seldon_json
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.message import Request
from modelwrap.runtime.payload import Array
from modelwrap.runtime.service import Service
from modelwrap.runtime.verb import Verb


class Identity:
    def predict(self, X: np.ndarray, names: list[str]) -> np.ndarray:
        return X


def answers(service: Service, *bodies: bytes) -> list[Any]:
    """What the model gets of each, as it gives it back."""
    payloads = [service.do(Verb.PREDICT, seldon_json.decode_message(Request(body))).payload for body in bodies]
    return [payload.values.tolist() for payload in payloads if isinstance(payload, Array)]


def test_a_misspelt_form_is_an_empty_array_and_told_once_with_the_near_word(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(Component(Identity()))
    assert answers(service, b'{"data": {"ndarry": [[1]]}}', b'{"data": {"names": ["a"], "tensr": {}}}') == [[], []]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "a request's data holds 'ndarry' and none of tensor, ndarray, tftensor, so that the model gets an empty array; "
        "was ndarray meant? (said once)"
    )


def test_a_word_like_none_of_them_is_told_without_a_guess_and_in_bounds(caplog: pytest.LogCaptureFixture) -> None:
    body = b'{"data": {"' + 1000 * b"x" + b'\\n": 1}}'
    assert answers(Service(Component(Identity())), body) == [[]]
    (record,) = caplog.records
    assert "meant?" not in record.getMessage()
    assert len(record.getMessage()) < 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": {}}',
        b'{"data": {"names": ["a"]}}',
        b'{"data": {"ndarray": null}}',
        b'{"data": {"ndarray": [[1]], "ndarry": [[2]]}}',
        b'{"data": {"ndarray": [], "more": 1}}',
    ],
)
def test_what_may_well_be_meant_is_not_told(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    answers(Service(Component(Identity())), body)
    assert caplog.records == []
