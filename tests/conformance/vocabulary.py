"""The words in which the recorded cases describe user classes. See tests/golden/README.md."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from serving import PATIENCE

__all__ = ["SeldonComponent", "SeldonMicroserviceException", "Slow", "make", "words"]


class SeldonMicroserviceException(Exception):
    """What user code raises to choose status and reason."""

    status_code = 400

    def __init__(
        self, message: str, status_code: int | None = None, payload: Any = None, reason: str = "MICROSERVICE_BAD_DATA"
    ) -> None:
        super().__init__()
        self.message = message
        if status_code is not None:
            self.status_code = status_code
        self.payload = payload
        self.reason = reason


class SeldonNotImplementedError(SeldonMicroserviceException):
    """What a stub of the base class raises."""


def _stub(name: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise SeldonNotImplementedError(f"{name} is not implemented")

    # A stub is known by the module of the base class it comes from.
    method.__module__ = "seldon_core.user_model"
    return method


SeldonComponent: Any = type(
    "SeldonComponent",
    (),
    {
        name: _stub(name)
        for name in (
            *("predict", "predict_raw", "transform_input", "transform_output", "route", "route_raw", "aggregate"),
            *("send_feedback", "health_status", "health_status_raw", "class_names", "tags", "metrics", "init_metadata"),
        )
    },
)


class Slow:
    """A model that holds every call until it is let go.

    Attributes:
        entered: Released once for every call that has begun.
        release: Set to let all calls go.
        made: How many calls were made.
    """

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()
        self.made = 0

    def predict(self, X: Any, names: Any) -> Any:
        """What it is given, once it is let go."""
        self.made += 1
        self.entered.release()
        assert self.release.wait(PATIENCE)
        return X


def make(**members: Any) -> Any:
    """An object whose class has these members."""
    return type("Made", (), members)()


def _predict_with_meta(self: Any, X: Any, names: Any, meta: Any = None) -> Any:
    return {"meta": meta, "names": names}


def _predict_with_keywords(self: Any, X: Any, names: Any, **kw: Any) -> Any:
    return {"kw": kw}


def _raises(error: Exception) -> Any:
    def method(self: Any, X: Any, names: Any, meta: Any = None) -> Any:
        raise error

    return method


def words(received: list[Any]) -> dict[str, Any]:
    """The vocabulary; `sf` notes in `received` what feedback reached the class."""

    def send_feedback(self: Any, features: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> None:
        received.append([features, names, reward, truth, routing])

    def report(self: Any, X: Any, names: Any) -> Any:
        return {"type": type(X).__name__, "dtype": str(getattr(X, "dtype", "")), "shape": list(getattr(X, "shape", []))}

    return {
        "np": np,
        "B": np.array,
        "P": np.array([[0.1, 0.9]]),
        "mk": make,
        "Plain": type("Plain", (), {}),
        "SeldonComponent": SeldonComponent,
        "ident": make(predict=lambda self, X, n: X),
        "ret": lambda value: make(predict=lambda self, X, n: value),
        "ti": make(transform_input=lambda self, X, n: X * 2, transform_output=lambda self, X, n: X * 3),
        "ag": make(aggregate=lambda self, Xs, names: sum(Xs) / len(Xs)),
        "dt": report,
        "p1": lambda self, X: X,
        "p2": lambda self, X, names: X,
        "p3": _predict_with_meta,
        "pk": _predict_with_keywords,
        "pbad": _raises(TypeError("inside")),
        "boom": _raises(ValueError("boom")),
        "r1": _raises(SeldonMicroserviceException("msg")),
        "r2": _raises(SeldonMicroserviceException("msg", status_code=403, reason="MY_REASON")),
        "sme": _raises(SeldonMicroserviceException("msg", status_code=403)),
        "ni": _raises(NotImplementedError("x")),
        "sf": send_feedback,
    }
