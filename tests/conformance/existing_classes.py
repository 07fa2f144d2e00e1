# mypy: ignore-errors
"""User classes as they are found: written for Seldon's own wrapper, importing from it, changed in nothing.

Import this module once the stand-in is active.
"""

import asyncio
import logging

import flask
import numpy as np
from flask import jsonify
from seldon_core import Storage
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.metrics import create_counter, create_gauge, create_timer
from seldon_core.proto import prediction_pb2
from seldon_core.user_model import SeldonComponent, SeldonNotImplementedError, SeldonResponse
from seldon_core.utils import (
    array_to_grpc_datadef,
    construct_response_json,
    extract_request_parts_json,
    get_data_from_proto,
    json_to_seldon_message,
    seldon_message_to_json,
)

logger = logging.getLogger(__name__)

METRICS = [
    {"type": "COUNTER", "key": "mycounter", "value": 1},
    {"type": "GAUGE", "key": "mygauge", "value": 100},
    {"type": "TIMER", "key": "mytimer", "value": 20.2},
    {"type": "GAUGE", "key": "customtag", "value": 200, "tags": {"mytag": "mytagvalue"}},
]


class LowLevel(SeldonComponent):
    """Answers whole messages, over each wire in that wire's own form."""

    def predict_rest(self, request):
        return {"data": {"ndarray": [9, 9]}}

    def predict_grpc(self, request):
        arr = np.array([9, 9])
        datadef = prediction_pb2.DefaultData(tensor=prediction_pb2.Tensor(shape=(2, 1), values=arr))
        return prediction_pb2.SeldonMessage(data=datadef)

    def send_feedback_rest(self, request):
        logger.info("Feedback called")

    def send_feedback_grpc(self, request):
        logger.info("Feedback called")

    def health_status_raw(self):
        return {"data": {"ndarray": [123.456, 7.89]}}


class WithStatus(SeldonComponent):
    """Chooses the status of its reply."""

    def predict_rest(self, request):
        return {"data": {"ndarray": [9, 9]}, "status": {"code": 400, "status": "FAILURE"}}


class Plain:
    """Has whole-message methods and no base class."""

    def predict_raw(self, msg):
        return self.reply(msg)

    def transform_input_raw(self, msg):
        return self.reply(msg)

    def transform_output_raw(self, msg):
        return self.reply(msg)

    def route_raw(self, msg):
        return self.reply(msg)

    def aggregate_raw(self, msgs):
        return self.reply(msgs)

    def send_feedback_raw(self, feedback):
        assert isinstance(feedback, prediction_pb2.Feedback)
        return json_to_seldon_message({"strData": f"reward {feedback.reward}", "meta": {"metrics": METRICS}})

    def reply(self, msg):
        content = {"strData": f"took {type(msg).__name__}", "meta": {"metrics": METRICS}}
        return content if isinstance(msg, (dict, list)) else json_to_seldon_message(content)


class Derived(SeldonComponent, Plain):
    """The same with the base class, whose stubs come first in its bases and must not win."""

    predict_raw = Plain.predict_raw
    transform_input_raw = Plain.transform_input_raw
    transform_output_raw = Plain.transform_output_raw
    route_raw = Plain.route_raw
    aggregate_raw = Plain.aggregate_raw
    send_feedback_raw = Plain.send_feedback_raw


class Echo:
    """Gives the whole message back, whatever it is."""

    def predict_raw(self, request):
        return request


class Saying:
    """Takes a body as its bytes, and answers with text."""

    def predict_raw(self, request):
        return f"took {len(request)} bytes"


class Declining(SeldonComponent):
    """Its whole-message methods pass the plain ones their turn."""

    def predict_raw(self, msg):
        raise SeldonNotImplementedError("predict_raw")

    def predict(self, X, names, meta=None):
        return X * 2


class Stubs(SeldonComponent):
    """Only plain methods; the base class has stubs of the others."""

    def predict(self, X, feature_names):
        return X

    def route(self, X, feature_names):
        return 22

    def aggregate(self, features_list, feature_names_list):
        return sum(features_list) * 2

    def transform_input(self, X, names):
        return X * 2

    def transform_output(self, X, names):
        return X * 2


class ByHand(SeldonComponent):
    """Takes messages apart and makes them with the functions of the package."""

    def predict_raw(self, request):
        if isinstance(request, dict):
            features, meta, _, _ = extract_request_parts_json(request)
            return construct_response_json(self, False, request, features * 2, meta)
        arr = get_data_from_proto(request)
        response = prediction_pb2.SeldonMessage(data=array_to_grpc_datadef("tensor", arr * 2, ["t:0"]))
        logger.info(seldon_message_to_json(response))
        return response


class Refusing(SeldonComponent):
    """Raises the package's exception, and reports metrics and tags with a result."""

    def predict(self, X, names):
        if not len(X):
            raise SeldonMicroserviceException("no rows", status_code=403, reason="NO_ROWS")
        metrics = [create_counter("rows", len(X)), create_gauge("width", 2), create_timer("took", 20.2)]
        return SeldonResponse(X, tags={"shared": "runtime"}, metrics=metrics)

    def tags(self):
        return {"static": 1, "shared": "static"}


class Loading(SeldonComponent):
    """Loads its model from where the platform put it."""

    def __init__(self, model_uri):
        super().__init__()
        self.model_uri = model_uri

    def load(self):
        self.folder = Storage.download(self.model_uri)

    def predict(self, X, names):
        return self.folder


class UserCustomException(Exception):
    status_code = 404

    def __init__(self, message, application_error_code, http_status_code):
        Exception.__init__(self)
        self.message = message
        if http_status_code is not None:
            self.status_code = http_status_code
        self.application_error_code = application_error_code

    def to_dict(self):
        return {
            "status": {
                "status": self.status_code,
                "message": self.message,
                "app_code": self.application_error_code,
            }
        }


class CustomError(SeldonComponent):
    """Answers its own exception with its own words."""

    model_error_handler = flask.Blueprint("error_handlers", __name__)

    @model_error_handler.app_errorhandler(UserCustomException)
    def handleCustomError(error):  # noqa: N802, N805
        response = jsonify(error.to_dict())
        response.status_code = error.status_code
        return response

    def predict(self, X, features_names, **kwargs):
        raise UserCustomException("Test-Error-Msg", 1402, 402)


class CustomErrorLowLevel(CustomError):
    def predict_rest(self, request):
        raise UserCustomException("Test-Error-Msg", 1402, 402)

    def predict_grpc(self, request):
        raise UserCustomException("Test-Error-Msg", 1402, 402)


class CustomErrorWithoutFlask(CustomError):
    """The same without Flask: a mapping."""

    model_error_handler = {UserCustomException: lambda error: (error.to_dict(), error.status_code)}  # noqa: RUF012


class Waiting:
    """Waits for something else in every method."""

    async def predict(self, X, names):
        await asyncio.sleep(0)
        return X

    async def tags(self):
        return {"loop": asyncio.get_running_loop().is_running()}

    async def health_status(self):
        return "fine"


class ClassNames:
    class_names = ["yes", "no"]  # noqa: RUF012

    def predict(self, X, names):
        return X
