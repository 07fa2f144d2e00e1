"""The exception by which user code chooses the status and reason of an error."""

from __future__ import annotations

from typing import Any

__all__ = ["SeldonMicroserviceException"]


class SeldonMicroserviceException(Exception):
    """An error whose HTTP status and reason the class chooses.

    Args:
        message: What went wrong.
        status_code: The HTTP status; 400 where it is None.
        payload: Anything; it is kept and not sent.
        reason: A constant that programs compare.

    Source: component API section 11.
    """

    status_code = 400

    def __init__(
        self,
        message: str,
        status_code: int | None = None,
        payload: Any = None,
        reason: str = "MICROSERVICE_BAD_DATA",
    ) -> None:
        # str() of it is the message, where the reference's is empty: a log that shows the exception then shows why.
        super().__init__(message)
        self.message = message
        if status_code is not None:
            self.status_code = status_code
        self.payload = payload
        self.reason = reason

    def to_dict(self) -> dict[str, Any]:
        """The body that tells a client of it."""
        return {"status": {"status": 1, "info": self.message, "code": -1, "reason": self.reason}}
