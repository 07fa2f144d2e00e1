"""Every signature users have written is called once, with what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from modelwrap.errors import LoadFailed
from modelwrap.runtime.component.signature import adapt, adapt_feedback, takes_meta

SIGNATURES: list[tuple[Callable[..., Any], Any]] = [
    (lambda X: (X,), ("x",)),
    (lambda X, names: (X, names), ("x", ["n"])),
    (lambda features, feature_names: (features, feature_names), ("x", ["n"])),
    (lambda X, names=None: (X, names), ("x", ["n"])),
    (lambda X, names, meta: (X, names, meta), ("x", ["n"], {"puid": "p"})),
    (lambda X, names, meta=None: (X, names, meta), ("x", ["n"], {"puid": "p"})),
    (lambda X, meta=None: (X, meta), ("x", {"puid": "p"})),
    (lambda X, names, **kw: (X, names, kw), ("x", ["n"], {"meta": {"puid": "p"}})),
    (lambda X, names, *, meta: (X, names, meta), ("x", ["n"], {"puid": "p"})),
    (lambda X, names, verbose=True: (X, names, verbose), ("x", ["n"], True)),
    (lambda *args: args, ("x", ["n"])),
    (lambda *args, **kw: (args, kw), (("x", ["n"]), {"meta": {"puid": "p"}})),
]


@pytest.mark.parametrize(("method", "received"), SIGNATURES)
def test_a_method_gets_what_its_signature_asks_for(method: Callable[..., Any], received: Any) -> None:
    assert adapt(method)("x", ["n"], {"puid": "p"}) == received


def test_a_bound_method_is_called_without_counting_self() -> None:
    class Model:
        def predict(self, X: str) -> str:
            return X

    assert adapt(Model().predict)("x", [], None) == "x"


def test_a_type_error_inside_the_method_is_raised_and_the_method_is_called_once() -> None:
    calls = []

    def predict(X: str, names: list[str], meta: object = None) -> None:
        calls.append(X)
        raise TypeError("inside")

    with pytest.raises(TypeError, match="inside"):
        adapt(predict)("x", [], None)
    assert calls == ["x"]


def test_a_callable_that_hides_its_signature_gets_x_and_names() -> None:
    assert adapt(max)("a", "b", None) == "b"


@pytest.mark.parametrize(
    ("method", "told"),
    [
        (lambda X, names, threshold: None, "asks for threshold, which no request gives"),
        (lambda: None, "takes no X"),
        (lambda X, names, *, key: None, "asks for key"),
    ],
)
def test_a_method_that_no_request_can_satisfy_is_refused_at_load(method: Callable[..., Any], told: str) -> None:
    with pytest.raises(LoadFailed, match=told):
        adapt(method)


@pytest.mark.parametrize(
    ("method", "asks"),
    [(lambda X, n: 0, False), (lambda X, n, meta: 0, True), (lambda X, **kw: 0, True), (max, False)],
)
def test_whether_a_method_asks_for_metadata_is_known(method: Callable[..., Any], asks: bool) -> None:
    assert takes_meta(method) is asks


FEEDBACK: list[tuple[str, Callable[..., Any], Any]] = [
    ("1.x", lambda features, names, reward, truth, routing=None: (reward, truth, routing), (0.5, "t", 1)),
    ("0.2.4", lambda X, names, reward, truth: (reward, truth), (0.5, "t")),
    ("0.1 model", lambda X, names, truth, reward: (truth, reward), ("t", 0.5)),
    ("0.1 router", lambda X, names, routing, reward, truth: (routing, reward, truth), (1, 0.5, "t")),
    ("0.1 router, route", lambda X, names, route, reward, truth: (route, reward, truth), (1, 0.5, "t")),
    ("unknown names", lambda a, b, c, d: (c, d), (0.5, "t")),
    ("unknown names and routing", lambda a, b, c, d, e=None: (c, d, e), (0.5, "t", 1)),
    ("keyword routing", lambda a, b, c, d, *, routing=None: (c, d, routing), (0.5, "t", 1)),
    ("kwargs", lambda a, b, c, d, **kw: (c, d, kw), (0.5, "t", {"routing": 1})),
    ("star args", lambda *a, **kw: (a[2:], kw), ((0.5, "t"), {"routing": 1})),
    ("only reward", lambda X, names, reward: (reward,), (0.5,)),
    ("a default of its own", lambda X, n, reward, truth, routing, extra=3: (routing, extra), (1, 3)),
]


@pytest.mark.parametrize(("era", "method", "received"), FEEDBACK, ids=[era for era, *_ in FEEDBACK])
def test_every_historical_order_of_feedback_is_served(era: str, method: Callable[..., Any], received: Any) -> None:
    assert adapt_feedback(method)("x", ["n"], 0.5, "t", 1) == received


def test_feedback_passes_the_features_and_names_first() -> None:
    assert adapt_feedback(lambda X, names, reward, truth: (X, names))("x", ["n"], 0.5, "t", 1) == ("x", ["n"])


def test_feedback_that_asks_for_more_than_there_is_is_refused_at_load() -> None:
    with pytest.raises(LoadFailed, match="'extra', which no feedback has"):
        adapt_feedback(lambda X, names, reward, truth, routing, extra: None)
