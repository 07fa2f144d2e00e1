"""A misspelt form of an array is answered as ever, and told of once."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from modelwrap.contract import Role
from modelwrap.runtime.batching import Joiner
from modelwrap.runtime.codecs import seldon_json
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.mailbox import Mailbox
from modelwrap.runtime.message import Message, Request
from modelwrap.runtime.payload import Array
from modelwrap.runtime.service import Node, Service
from modelwrap.runtime.verb import Verb


class Identity:
    def predict(self, X: np.ndarray, names: list[str]) -> np.ndarray:
        return X


def answers(service: Service, *bodies: bytes) -> list[Any]:
    """What the model gets of each, as it gives it back."""
    predict = service.doer(Verb.PREDICT)
    payloads = [predict(seldon_json.decode_message(Request(body))).payload for body in bodies]
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


class Anything:
    """Whatever role it is given."""

    def route(self, X: np.ndarray, names: list[str]) -> int:
        return 0

    def aggregate(self, Xs: list[np.ndarray], names: list[list[str]]) -> np.ndarray:
        return Xs[0]

    def score(self, X: np.ndarray, names: list[str]) -> float:
        return 0.5


@pytest.mark.parametrize(
    ("role", "verb"),
    [
        (Role.ROUTER, Verb.ROUTE),
        (Role.COMBINER, Verb.AGGREGATE),
        (Role.OUTLIER_DETECTOR, Verb.TRANSFORM_INPUT),
        (Role.TRANSFORMER, Verb.TRANSFORM_INPUT),
    ],
)
def test_every_role_is_told_of_it(role: Role, verb: Verb, caplog: pytest.LogCaptureFixture) -> None:
    service = Service(Component(Anything()), Node(role))
    one = seldon_json.decode_message(Request(b'{"data": {"ndarry": [[1]]}}'))
    service.doer(verb)([one, one] if verb is Verb.AGGREGATE else one)
    (record,) = caplog.records
    assert "was ndarray meant?" in record.getMessage()


def test_it_is_told_of_among_requests_that_are_joined(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(Component(Identity()))
    bodies = b'{"data": {"ndarray": [[1]]}}', b'{"data": {"ndarry": [[2]]}}', b'{"data": {"ndarray": [[3]]}}'
    messages = [seldon_json.decode_message(Request(body)) for body in bodies]

    async def together() -> list[Any]:
        mailbox = Mailbox(inline=True, join=Joiner(service, 8))
        await mailbox.start(lambda: None)
        return await asyncio.gather(*[mailbox.submit(doing(message), item=message) for message in messages])

    def doing(message: Message) -> Any:
        return lambda: service.doer(Verb.PREDICT)(message)

    answered = asyncio.run(together())
    assert [answer.payload.values.tolist() for answer in answered] == [[[1]], [], [[3]]]
    (record,) = caplog.records
    assert "was ndarray meant?" in record.getMessage()
