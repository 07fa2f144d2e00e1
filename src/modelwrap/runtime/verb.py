"""The verbs of the component API, whatever the wire."""

from __future__ import annotations

from enum import Enum

from modelwrap.contract import Role

__all__ = ["Verb"]


class Verb(Enum):
    """What a caller asks of a component; the value is the name of the user's method that does it.

    Source: component API sections 5.1 and 6.
    """

    PREDICT = "predict"
    TRANSFORM_INPUT = "transform_input"
    TRANSFORM_OUTPUT = "transform_output"
    ROUTE = "route"
    AGGREGATE = "aggregate"
    SEND_FEEDBACK = "send_feedback"
    HEALTH_STATUS = "health_status"
    METADATA = "metadata"

    # A verb is the key of several tables on every request, and Enum's own hash is a Python function.
    __hash__ = object.__hash__

    def __init__(self, method: str) -> None:
        #: The name again: `value` is a property, which costs a call.
        self.label = method

    @property
    def metric_label(self) -> str:
        """The `method` label of metrics recorded while doing it. Source: component API section 12."""
        return _METRIC_LABELS[self]

    @classmethod
    def of(cls, role: Role) -> Verb:
        """The verb that a component of this role mainly does. Source: component API section 15."""
        return _BY_ROLE[role]


_METRIC_LABELS = {
    Verb.PREDICT: "predict",
    Verb.TRANSFORM_INPUT: "inputtransform",
    Verb.TRANSFORM_OUTPUT: "outputtransform",
    Verb.ROUTE: "router",
    Verb.AGGREGATE: "aggregate",
    Verb.SEND_FEEDBACK: "feedback",
    Verb.HEALTH_STATUS: "health",
    Verb.METADATA: "metadata",
}
_BY_ROLE = {
    Role.MODEL: Verb.PREDICT,
    Role.ROUTER: Verb.ROUTE,
    Role.COMBINER: Verb.AGGREGATE,
    Role.TRANSFORMER: Verb.TRANSFORM_INPUT,
    Role.OUTPUT_TRANSFORMER: Verb.TRANSFORM_OUTPUT,
    Role.OUTLIER_DETECTOR: Verb.TRANSFORM_INPUT,
}
