"""The class's own answers to its own exceptions: the attribute `model_error_handler`.

It is a `flask.Blueprint` with `app_errorhandler`s, where the model's requirements bring Flask; without Flask, a mapping
from exception to function does the same:

    model_error_handler = {TooPoor: lambda error: ({"missing": error.amount}, 402)}

Seldon's own exception, which has a status and a body already, is not handed to a handler of its base classes.

Source: component API section 6.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeAlias

from modelwrap.errors import LoadFailed
from modelwrap.runtime.payload import UserValue
from modelwrap.value import Value

__all__ = ["ErrorHandlers", "ErrorReply", "error_handlers"]

_SELDONS = "SeldonMicroserviceException"


class ErrorReply(Value):
    """What the client is answered instead of the usual error.

    Attributes:
        body: The body of the HTTP response.
        media_type: Its media type.
        status: The HTTP status.
    """

    body: bytes
    media_type: str
    status: int


#: The reply to an exception; None where no handler is for it.
ErrorHandlers: TypeAlias = "Callable[[BaseException], ErrorReply | None]"


def error_handlers(user_object: UserValue) -> ErrorHandlers | None:
    """The handlers that the object's class states; None where it states none.

    Raises:
        LoadFailed: The attribute is neither a Blueprint nor a mapping from exceptions to functions.
    """
    stated = getattr(user_object, "model_error_handler", None)
    if stated is None:
        return None
    flask = sys.modules.get("flask")
    if flask is not None and isinstance(stated, flask.Blueprint):
        return _FlaskHandlers(flask, stated)
    if isinstance(stated, Mapping) and all(_is_exception(key) and callable(value) for key, value in stated.items()):
        return _MappedHandlers(stated)
    raise LoadFailed(
        f"{type(user_object).__name__}.model_error_handler is {stated!r}: make it a flask.Blueprint with "
        "app_errorhandler functions, or a mapping such as {ValueError: lambda error: (str(error), 400)}"
    )


def _is_exception(key: UserValue) -> bool:
    return isinstance(key, type) and issubclass(key, BaseException)


class _MappedHandlers:
    """Handlers in a mapping: the one for the nearest class is called with the exception."""

    def __init__(self, handlers: Mapping[type[BaseException], Callable[[BaseException], UserValue]]) -> None:
        self._handlers = handlers

    def __call__(self, error: BaseException) -> ErrorReply | None:
        for cls in type(error).__mro__:
            if cls.__name__ == _SELDONS:
                return None
            if cls in self._handlers:
                return _reply(self._handlers[cls](error))
        return None


def _reply(returned: UserValue) -> ErrorReply:
    """A body, or a body and its status: text and bytes as they are, anything else as JSON."""
    body, status = returned if isinstance(returned, tuple) else (returned, 500)
    if isinstance(body, bytes):
        return ErrorReply(body, "application/octet-stream", int(status))
    if isinstance(body, str):
        return ErrorReply(body.encode(), "text/plain; charset=utf-8", int(status))
    return ErrorReply(f"{json.dumps(body)}\n".encode(), "application/json", int(status))


class _FlaskHandlers:
    """Handlers of a Blueprint, called by a Flask application that answers nothing else.

    Args:
        flask: The module.
        blueprint: The Blueprint.
    """

    def __init__(self, flask: UserValue, blueprint: UserValue) -> None:
        self._application = flask.Flask("modelwrap", static_folder=None)
        self._application.register_blueprint(blueprint)
        seldons = getattr(sys.modules.get("seldon_core.flask_utils"), _SELDONS, None)
        if seldons is not None:
            self._application.register_error_handler(seldons, _raise)

    def __call__(self, error: BaseException) -> ErrorReply | None:
        if not isinstance(error, Exception):
            return None
        with self._application.test_request_context("/", method="POST"):
            answer = self._answer(error)
            if answer is error:
                return None
            response = self._application.make_response(answer)
            return ErrorReply(response.get_data(), response.content_type, response.status_code)

    def _answer(self, error: Exception) -> UserValue:
        """What the handler returned; the error itself where none is for it."""
        traceback = error.__traceback__
        try:
            raise error  # Flask raises again what is being handled
        except Exception:
            try:
                return self._application.handle_user_exception(error)
            except Exception as raised:
                if raised is not error:
                    raise
                return error
        finally:
            error.__traceback__ = traceback  # as the user's code left it, for the log


def _raise(error: Exception) -> NoReturn:
    raise error
