"""The base class that user classes may inherit, the result object, and calls of a user's methods by hand.

A method that is inherited from the base class counts as missing: the runtime knows one by this module's name.

Source: component API section 6.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from modelwrap.runtime.component.signature import adapt

from .flask_utils import SeldonMicroserviceException
from .metrics import validate_metrics

__all__ = [
    "SeldonComponent",
    "SeldonNotImplementedError",
    "SeldonResponse",
    "client_aggregate",
    "client_class_names",
    "client_custom_metrics",
    "client_custom_tags",
    "client_feature_names",
    "client_health_status",
    "client_predict",
    "client_route",
    "client_send_feedback",
    "client_transform_input",
    "client_transform_output",
]

logger = logging.getLogger(__name__)


class SeldonNotImplementedError(SeldonMicroserviceException):
    """Raised by a method that is there in name only: the component goes on as if it had none."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class SeldonResponse:
    """A result with tags and metrics of its own.

    Attributes:
        data: The result.
        tags: Tags that go into the answer's metadata, after the request's and the class's.
        metrics: Metrics that are recorded and go into the answer's metadata.
    """

    def __init__(
        self, data: Any, tags: dict[str, Any] | None = None, metrics: list[dict[str, Any]] | None = None
    ) -> None:
        self.data = data
        self.tags = {} if tags is None else tags
        self.metrics = [] if metrics is None else metrics

    @classmethod
    def create(cls, result: Any) -> SeldonResponse:
        """The result as it is if it is one already, otherwise one without tags and metrics."""
        return result if isinstance(result, cls) else cls(result)


def _missing(name: str) -> NoReturn:
    raise SeldonNotImplementedError(f"{name} is not implemented")


class SeldonComponent:
    """A base class whose methods say that they are not implemented. Nobody has to inherit it."""

    def __init__(self, **kwargs: Any) -> None:
        pass

    def load(self) -> None:
        """Load the model; called once before the first request."""

    def predict(self, X: np.ndarray, names: Iterable[str], meta: dict[str, Any] | None = None) -> Any:
        """The prediction for an array whose columns have these names."""
        _missing("predict")

    def predict_raw(self, msg: Any) -> Any:
        """The whole answer to a whole request: a JSON object over REST, a protobuf message over gRPC."""
        _missing("predict_raw")

    def transform_input(self, X: np.ndarray, names: Iterable[str], meta: dict[str, Any] | None = None) -> Any:
        """What goes on to the node's children instead of the input."""
        _missing("transform_input")

    def transform_input_raw(self, msg: Any) -> Any:
        """`transform_input` for the whole message."""
        _missing("transform_input_raw")

    def transform_output(self, X: np.ndarray, names: Iterable[str], meta: dict[str, Any] | None = None) -> Any:
        """What is answered instead of the children's output."""
        _missing("transform_output")

    def transform_output_raw(self, msg: Any) -> Any:
        """`transform_output` for the whole message."""
        _missing("transform_output_raw")

    def route(self, features: Any, feature_names: Iterable[str]) -> Any:
        """The number of the child that answers."""
        _missing("route")

    def route_raw(self, msg: Any) -> Any:
        """`route` for the whole message."""
        _missing("route_raw")

    def aggregate(self, features_list: list[Any], feature_names_list: list[Any]) -> Any:
        """One answer made of the children's."""
        _missing("aggregate")

    def aggregate_raw(self, msgs: Any) -> Any:
        """`aggregate` for the whole list of messages."""
        _missing("aggregate_raw")

    def send_feedback(
        self, features: Any, feature_names: Iterable[str], reward: float, truth: Any, routing: int | None
    ) -> Any:
        """Learn what an earlier answer was worth."""
        _missing("send_feedback")

    def send_feedback_raw(self, feedback: Any) -> Any:
        """`send_feedback` for the whole protobuf message."""
        _missing("send_feedback_raw")

    def health_status(self) -> Any:
        """How the component is."""
        _missing("health")

    def health_status_raw(self) -> Any:
        """`health_status` as a whole message."""
        _missing("health_raw")

    def tags(self) -> dict[str, Any]:
        """Tags of every answer."""
        _missing("tags")

    def class_names(self) -> Iterable[str]:
        """The names of the output's columns."""
        _missing("class_names")

    def feature_names(self) -> Iterable[str]:
        """The names of the input's columns."""
        _missing("feature_names")

    def metrics(self) -> list[dict[str, Any]]:
        """Metrics of every call."""
        _missing("metrics")

    def metadata(self) -> dict[str, Any]:
        """An older name of `init_metadata`."""
        _missing("metadata")

    def init_metadata(self) -> dict[str, Any]:
        """What the model says of itself."""
        _missing("init_metadata")


# -- a user's methods, called by hand --------------------------------------------------------------------------------


def client_predict(user_model: Any, features: Any, feature_names: Iterable[str], **kwargs: Any) -> SeldonResponse:
    """The result of `predict`; an empty list where the class has none."""
    return _result(user_model, "predict", (features, feature_names, kwargs), [])


def client_transform_input(
    user_model: Any, features: Any, feature_names: Iterable[str], **kwargs: Any
) -> SeldonResponse:
    """The result of `transform_input`; the input where the class has none."""
    return _result(user_model, "transform_input", (features, feature_names, kwargs), features)


def client_transform_output(
    user_model: Any, features: Any, feature_names: Iterable[str], **kwargs: Any
) -> SeldonResponse:
    """The result of `transform_output`; the input where the class has none."""
    return _result(user_model, "transform_output", (features, feature_names, kwargs), features)


def client_route(user_model: Any, features: Any, feature_names: Iterable[str], **kwargs: Any) -> SeldonResponse:
    """The result of `route`.

    Raises:
        SeldonNotImplementedError: The class has none.
    """
    method = _method(user_model, "route", "Route not defined")
    return SeldonResponse.create(_call(method, features, feature_names, kwargs))


def client_aggregate(user_model: Any, features_list: list[Any], feature_names_list: list[Any]) -> SeldonResponse:
    """The result of `aggregate`.

    Raises:
        SeldonNotImplementedError: The class has none.
    """
    method = _method(user_model, "aggregate", "Aggregate not defined")
    return SeldonResponse.create(method(features_list, feature_names_list))


def client_send_feedback(
    user_model: Any, features: Any, feature_names: Iterable[str], reward: float, truth: Any, routing: int | None
) -> SeldonResponse:
    """The result of `send_feedback`; None where the class has none."""
    if not hasattr(user_model, "send_feedback"):
        return SeldonResponse(None)
    try:
        return SeldonResponse.create(user_model.send_feedback(features, feature_names, reward, truth, routing=routing))
    except SeldonNotImplementedError:
        return SeldonResponse(None)


def client_health_status(user_model: Any) -> Any:
    """The result of `health_status`, or text that says that it is assumed."""
    if not hasattr(user_model, "health_status"):
        return "healthy"
    try:
        return user_model.health_status()
    except SeldonNotImplementedError:
        return "not implemented - assuming healthy"


def client_custom_tags(user_model: Any) -> dict[str, Any]:
    """The class's tags."""
    tags: dict[str, Any] = _stated(user_model, "tags", {})
    return tags


def client_custom_metrics(
    user_model: Any, seldon_metrics: Any, method: str, runtime_metrics: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """The class's metrics and those of a result, checked and handed to `seldon_metrics.update`.

    Raises:
        SeldonMicroserviceException: They are no list of metrics.
    """
    reported = _stated(user_model, "metrics", [])
    for metrics in (reported, list(runtime_metrics)):
        if not validate_metrics(metrics):
            text = json.dumps(metrics, default=repr)
            raise SeldonMicroserviceException(
                f"Bad metric created during request: {text}", status_code=500, reason="MICROSERVICE_BAD_METRIC"
            )
    found = [*reported, *runtime_metrics]
    seldon_metrics.update(found, method)
    return found


def client_class_names(user_model: Any, predictions: np.ndarray) -> Iterable[str]:
    """The names of a result's columns: the class's, or `t:0`, `t:1`, ...; none below two dimensions."""
    if np.ndim(predictions) < 2:
        return []
    stated: Any = _stated(user_model, "class_names", None)
    return [f"t:{column}" for column in range(predictions.shape[1])] if stated is None else stated


def client_feature_names(user_model: Any, original: Iterable[str]) -> Iterable[str]:
    """The class's names for its input's columns, or those of the request."""
    names: Iterable[str] = _stated(user_model, "feature_names", original)
    return names


def _stated(user_model: Any, name: str, otherwise: Any) -> Any:
    """A fact that the class states as a method or an attribute."""
    fact = getattr(user_model, name, otherwise)
    if not callable(fact):
        return fact
    try:
        return fact()
    except SeldonNotImplementedError:
        return otherwise


def _method(user_model: Any, name: str, complaint: str) -> Callable[..., Any]:
    method: Callable[..., Any] | None = getattr(user_model, name, None)
    if method is None:
        raise SeldonNotImplementedError(complaint)
    return method


def _call(method: Callable[..., Any], features: Any, names: Any, keywords: dict[str, Any]) -> Any:
    """A call with the metadata, if the method takes it."""
    return adapt(method)(features, names, keywords.get("meta"))


def _result(user_model: Any, name: str, call: tuple[Any, Any, dict[str, Any]], otherwise: Any) -> SeldonResponse:
    method = getattr(user_model, name, None)
    if not callable(method):
        return SeldonResponse(otherwise)
    try:
        return SeldonResponse.create(_call(method, *call))
    except SeldonNotImplementedError:
        return SeldonResponse(otherwise)
