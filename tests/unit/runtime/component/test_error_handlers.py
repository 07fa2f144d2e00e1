"""The class's own answers to its own exceptions, with Flask and without."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import flask
import pytest

from modelwrap.compat import activate
from modelwrap.errors import ComponentFailed, LoadFailed
from modelwrap.runtime.component.error_handlers import ErrorHandlers, ErrorReply, error_handlers
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.verb import Verb


class TooPoor(Exception):
    def __init__(self, amount: int) -> None:
        super().__init__(f"{amount} missing")
        self.amount = amount


class Poorer(TooPoor): ...


def stating(handlers: Any) -> Any:
    return type("User", (), {"model_error_handler": handlers})()


def handlers_of(handlers: Any) -> ErrorHandlers:
    found = error_handlers(stating(handlers))
    assert found is not None
    return found


def blueprint(exception: Any, handler: Any) -> flask.Blueprint:
    made = flask.Blueprint("error_handlers", __name__)
    made.app_errorhandler(exception)(handler)
    return made


def with_flask(error: TooPoor) -> Any:
    response = flask.jsonify({"missing": error.amount})
    response.status_code = 402
    return response


def without_flask(error: TooPoor) -> Any:
    return {"missing": error.amount}, 402


BOTH = pytest.mark.parametrize(
    "handlers", [blueprint(TooPoor, with_flask), {TooPoor: without_flask}], ids=["flask", "mapping"]
)


@BOTH
@pytest.mark.parametrize("error", [TooPoor(3), Poorer(3)])
def test_a_handler_answers_its_exception_and_those_derived_from_it(handlers: Any, error: Exception) -> None:
    reply = handlers_of(handlers)(error)
    assert reply is not None
    assert (json.loads(reply.body), reply.media_type, reply.status) == ({"missing": 3}, "application/json", 402)


@BOTH
@pytest.mark.parametrize("error", [ValueError("v"), SystemExit(1)])
def test_an_exception_that_no_handler_is_for_is_answered_as_ever(handlers: Any, error: BaseException) -> None:
    assert handlers_of(handlers)(error) is None


def test_the_nearest_class_decides() -> None:
    handlers = handlers_of({TooPoor: lambda error: ("poor", 402), Poorer: lambda error: ("poorer", 403)})
    assert handlers(Poorer(1)) == ErrorReply(b"poorer", "text/plain; charset=utf-8", 403)
    assert handlers(TooPoor(1)) == ErrorReply(b"poor", "text/plain; charset=utf-8", 402)


@pytest.mark.parametrize(
    ("returned", "reply"),
    [
        ("text", ErrorReply(b"text", "text/plain; charset=utf-8", 500)),
        ((b"\x00", 418), ErrorReply(b"\x00", "application/octet-stream", 418)),
        (([1, None], 400), ErrorReply(b"[1, null]\n", "application/json", 400)),
    ],
)
def test_a_function_returns_a_body_or_a_body_and_its_status(returned: Any, reply: ErrorReply) -> None:
    assert handlers_of({TooPoor: lambda error: returned})(TooPoor(1)) == reply


def test_a_flask_handler_may_return_whatever_flask_takes_and_ask_of_the_request() -> None:
    handlers = handlers_of(blueprint(TooPoor, lambda error: (f"{flask.request.method} {error}", 402, {"X-A": "b"})))
    assert handlers(TooPoor(1)) == ErrorReply(b"POST 1 missing", "text/html; charset=utf-8", 402)


@BOTH
def test_seldons_own_exception_keeps_its_own_answer(handlers: Any) -> None:
    activate()
    seldons = import_module("seldon_core.flask_utils").SeldonMicroserviceException

    class OfTheUsers(seldons): ...  # type: ignore[misc,valid-type]

    catch_all = {Exception: without_flask} if isinstance(handlers, dict) else blueprint(Exception, with_flask)
    assert handlers_of(catch_all)(seldons("m", status_code=403)) is None
    own = {OfTheUsers: lambda error: ("own", 418)}
    own_blueprint = own if isinstance(handlers, dict) else blueprint(OfTheUsers, lambda error: ("own", 418))
    reply = handlers_of(own_blueprint)(OfTheUsers("m"))
    assert reply is not None
    assert (reply.body, reply.status) == (b"own", 418)


def test_an_abort_that_nobody_handles_is_an_error_like_any_other() -> None:
    with pytest.raises(Exception, match="404") as caught:
        flask.abort(404)
    assert handlers_of(blueprint(TooPoor, with_flask))(caught.value) is None


def test_a_class_that_states_none_has_none() -> None:
    assert error_handlers(type("User", (), {})()) is None
    assert error_handlers(stating(None)) is None


@pytest.mark.parametrize("stated", ["text", [TooPoor], {"TooPoor": without_flask}, {TooPoor: 402}])
def test_what_is_neither_is_refused_at_load_with_what_to_write(stated: Any) -> None:
    with pytest.raises(LoadFailed, match=r"User\.model_error_handler is .*: make it a flask\.Blueprint"):
        Component(stating(stated))


def test_a_mapping_needs_no_flask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "flask")
    assert handlers_of({TooPoor: without_flask})(TooPoor(3)) is not None


# -- through the component ---------------------------------------------------------------------------------------------


def failing(handlers: Any) -> Component:
    def predict(self: Any, X: Any, names: Any) -> Any:
        raise TooPoor(3)

    members = {"predict": predict, "predict_raw": lambda self, message: predict(self, None, None)}
    return Component(type("User", (), {**members, "model_error_handler": handlers})())


@BOTH
@pytest.mark.parametrize("raw", [False, True])
def test_the_error_carries_the_handlers_answer_for_either_wire(handlers: Any, raw: bool) -> None:
    component = failing(handlers)
    with pytest.raises(ComponentFailed) as caught:
        component.call_raw(Verb.PREDICT, {}, on_grpc=False) if raw else component.call(Verb.PREDICT, 1, [], None)
    error = caught.value
    assert error.status == 402
    assert error.body is not None
    assert json.loads(error.body) == json.loads(error.message) == {"missing": 3}
    assert error.error_id
    assert isinstance(error.__cause__, TooPoor)


def test_an_answer_without_a_body_is_told_by_the_exceptions_text() -> None:
    with pytest.raises(ComponentFailed, match="3 missing") as caught:
        failing({TooPoor: lambda error: (b"", 402)}).call(Verb.PREDICT, 1, [], None)
    assert caught.value.body == b""


@pytest.mark.parametrize(
    "handlers",
    [{TooPoor: lambda error: error.nothing}, blueprint(TooPoor, lambda self, error: "two arguments")],
    ids=["mapping", "flask"],
)
def test_a_handler_that_fails_is_logged_and_passed_over(handlers: Any, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ComponentFailed, match="3 missing") as caught:
        failing(handlers).call(Verb.PREDICT, 1, [], None)
    assert (caught.value.status, caught.value.body) == (None, None)
    assert "model_error_handler failed" in caplog.text
