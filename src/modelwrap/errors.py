"""Every error modelwrap raises on purpose, and the neutral code each one carries.

This room knows no protocol and no exit status: transports turn a `Code` into an HTTP or gRPC status, and only the
command line turns an error into an exit status.

    ModelwrapError
    ├── RequestError           a request that can't be answered as asked
    │   ├── InvalidRequest       the client's fault: the message says what to send instead
    │   ├── UnknownEndpoint      no such path or gRPC method
    │   ├── UnknownName          the endpoint is there, what it is asked about is not
    │   ├── WrongMethod          the path is known, the HTTP method is not
    │   ├── TooLarge             the body exceeds the size limit
    │   ├── UnknownEncoding      the body is compressed in a way not known here
    │   ├── Overloaded           the mailbox is full: come back later
    │   ├── NotReady             the model is not loaded, or the server drains
    │   ├── DeadlineExceeded     the caller's or the server's time limit passed
    │   ├── CallCancelled        the caller went away
    │   └── NotAvailable         the endpoint exists, this component can't serve it
    ├── ComponentError         the user's class failed
    │   ├── ComponentFailed      it raised, or returned what can't be sent
    │   └── LoadFailed           it can't be imported, built or loaded
    ├── StateError             kept state can't be saved or loaded
    │   ├── UnreadableState      it is damaged, not to be trusted, or of another class or format
    │   ├── StoreUnavailable     the store does not answer, or has no room
    │   ├── StateMoved           somebody else has saved in the meantime
    │   └── NotTheWriter         another writer has the lease
    ├── SettingsError          a flag, environment variable or annotation that can't be used
    ├── ProjectError           a model folder, or a value given for its image, that can't be used
    │   ├── ClassNotFound        it holds no class of the name that was given
    │   └── RequirementsError    its requirements can't be met for the image that is asked for
    ├── DeployError            a deployment that a platform would refuse
    └── ImageError             an image that can't be made, read or written
        ├── BaseImageError       the base image is not to be had, or does not fit
        ├── DamagedBlob          bytes that are not what their digest, size or checksum says
        └── RegistryError        a registry refused, or could not be reached
"""

from __future__ import annotations

from enum import Enum

__all__ = [
    "BaseImageError",
    "CallCancelled",
    "ClassNotFound",
    "Code",
    "ComponentError",
    "ComponentFailed",
    "DamagedBlob",
    "DeadlineExceeded",
    "DeployError",
    "ImageError",
    "InvalidRequest",
    "LoadFailed",
    "ModelwrapError",
    "NotAvailable",
    "NotReady",
    "NotTheWriter",
    "Overloaded",
    "ProjectError",
    "RegistryError",
    "RequestError",
    "RequirementsError",
    "SettingsError",
    "StateError",
    "StateMoved",
    "StoreUnavailable",
    "TooLarge",
    "UnknownEncoding",
    "UnknownEndpoint",
    "UnknownName",
    "UnknownReturn",
    "UnreadableState",
    "WrongMethod",
]


class Code(Enum):
    """What went wrong, in no protocol's numbers."""

    INVALID = "invalid"
    NOT_FOUND = "not found"
    UNKNOWN_NAME = "unknown name"
    WRONG_METHOD = "wrong method"
    TOO_LARGE = "too large"
    UNKNOWN_ENCODING = "unknown encoding"
    OVERLOADED = "overloaded"
    NOT_READY = "not ready"
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    NOT_AVAILABLE = "not available"
    FAILED = "failed"


class ModelwrapError(Exception):
    """The root of every error raised on purpose.

    Attributes:
        code: The neutral code; a class constant.
        message: One readable sentence: what was wrong, where, and what to do.
    """

    code = Code.FAILED

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RequestError(ModelwrapError):
    """A request that can't be answered as asked.

    Attributes:
        reason: The `reason` of the Seldon status body. Source: component API section 11.
    """

    reason = "MICROSERVICE_BAD_DATA"


class InvalidRequest(RequestError):
    """The request is at fault; the same request will fail again."""

    code = Code.INVALID

    def __init__(self, message: str, reason: str = RequestError.reason) -> None:
        super().__init__(message)
        self.reason = reason


class UnknownReturn(InvalidRequest):
    """The class returned what no answer can carry, None for one.

    Clients are told a fault of theirs, as Seldon's wrapper tells them; the log is told all the same, since it is none.
    """

    def __init__(self, value: object) -> None:
        super().__init__(f"Unknown data type returned as payload (must be list or np array):{value}")


class UnknownEndpoint(RequestError):
    """No endpoint has this path or gRPC method name."""

    code = Code.NOT_FOUND


class UnknownName(RequestError):
    """An endpoint is asked about something by a name that is not known here."""

    code = Code.UNKNOWN_NAME


class WrongMethod(RequestError):
    """The path exists, but not for this HTTP method.

    Attributes:
        allowed: The HTTP methods that the path answers.
    """

    code = Code.WRONG_METHOD

    def __init__(self, message: str, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class TooLarge(RequestError):
    """The body is larger than the size limit."""

    code = Code.TOO_LARGE


class UnknownEncoding(RequestError):
    """The body is compressed in a way that is not known here."""

    code = Code.UNKNOWN_ENCODING


class Overloaded(RequestError):
    """Too many requests wait already; the client should come back later."""

    code = Code.OVERLOADED


class NotReady(RequestError):
    """The component can't take requests now: it loads, or it drains."""

    code = Code.NOT_READY


class DeadlineExceeded(RequestError):
    """The caller's deadline or the server's time limit passed."""

    code = Code.DEADLINE


class CallCancelled(RequestError):
    """The caller went away before the answer was ready."""

    code = Code.CANCELLED


class NotAvailable(RequestError):
    """The endpoint exists, but this component has nothing behind it."""

    code = Code.NOT_AVAILABLE


class ComponentError(ModelwrapError):
    """The user's class failed."""

    reason = "MICROSERVICE_INTERNAL_ERROR"


class ComponentFailed(ComponentError):
    """The user's method raised, or returned what no message can carry.

    Attributes:
        reason: The `reason` of the Seldon status body.
        status: The HTTP status that the user's own exception asked for, or None. It is the one place where a status
            number comes from outside: the class of section 11 of the component API lets user code choose it.
        error_id: Short id, the same in the client's answer and beside the traceback in the log.
        body: What the user's own error handler answers over REST, or None.
        media_type: The media type of that.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str = ComponentError.reason,
        status: int | None = None,
        error_id: str | None = None,
        body: bytes | None = None,
        media_type: str = "",
    ) -> None:
        super().__init__(message)
        self.body = body
        self.media_type = media_type
        self.reason = reason
        self.status = status
        self.error_id = error_id


class LoadFailed(ComponentError):
    """The user's class can't be imported, built or loaded."""


class StateError(ModelwrapError):
    """State can't be saved or loaded."""


class UnreadableState(StateError):
    """What a store keeps is damaged, not to be trusted, or of another class or a newer format."""


class StoreUnavailable(StateError):
    """A store does not answer, or has no room; what was asked of it may or may not have been done."""


class StateMoved(StateError):
    """A store holds another version than the one a save was meant to follow."""


class NotTheWriter(StateError):
    """A save came from a writer whose lease has gone to another."""


class SettingsError(ModelwrapError):
    """A flag, an environment variable or an annotation can't be used as it is."""


class ProjectError(ModelwrapError):
    """A model folder, or a value given for its image, can't be used as it is."""


class ClassNotFound(ProjectError):
    """A model folder holds no class of the name that was given, or the name can be no class's."""


class RequirementsError(ProjectError):
    """No set of packages meets the requirements on the platform and Python of the image."""


class DeployError(ModelwrapError):
    """A platform would refuse what is asked for, or there is no manifest that says it."""


class ImageError(ModelwrapError):
    """An image can't be made, read or written."""


class BaseImageError(ImageError):
    """The base image is not to be had, or what is to stand on it does not fit."""


class DamagedBlob(ImageError):
    """Bytes are not what their digest, size or checksum says."""


class RegistryError(ImageError):
    """A registry refused a step, or could not be reached.

    Attributes:
        status: The HTTP status; None where no answer came.
        diagnostics: The codes that the registry gave. Source: OCI distribution specification, error codes.
    """

    def __init__(self, message: str, *, status: int | None = None, diagnostics: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.diagnostics = diagnostics
