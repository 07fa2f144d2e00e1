"""What is said when a registry refuses or can't be reached: registry, repository, step, status, and what to try.

Sans I/O. An address is shown without its query, which may be signed, and a password never.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from modelwrap.errors import RegistryError
from modelwrap.image.registry.auth import Credentials
from modelwrap.image.registry.exchanges import Answer, Request

__all__ = ["refusal", "shown_address", "unreachable", "untrusted"]

_ADVICE_BY_CODE = {
    "DENIED": "ask for leave to do this there, or choose another repository",
    "NAME_UNKNOWN": "create the repository first, or check its name",
    "NAME_INVALID": "this registry takes other names: check the path",
    "MANIFEST_UNKNOWN": "check the name and the tag; nothing is there under this one",
    "BLOB_UNKNOWN": "the image there is not whole: push it once more",
    "MANIFEST_BLOB_UNKNOWN": "the registry has lost a blob that it had just taken: try again",
    "DIGEST_INVALID": "the bytes changed on their way: look for a proxy in between",
    "SIZE_INVALID": "the bytes changed on their way: look for a proxy in between",
    "UNSUPPORTED": "the registry, or this repository of it, is set to be read only or takes no such images",
    "TOOMANYREQUESTS": "wait a while; people who have logged in are often allowed more",
}
_ADVICE_BY_STATUS = {
    403: _ADVICE_BY_CODE["DENIED"],
    404: "check that this is a registry of images, and the name",
    405: _ADVICE_BY_CODE["UNSUPPORTED"],
    408: "the registry gave up waiting: the network is slow, try again",
    413: "a proxy in front of the registry limits the size of a request: raise its limit",
    429: _ADVICE_BY_CODE["TOOMANYREQUESTS"],
    507: "the registry has no room left",
}
_LATER = "the fault is the registry's, or a proxy's before it: try again later"


def refusal(registry: str, request: Request, answer: Answer, credentials: Credentials | None) -> RegistryError:
    """The error for an answer that is none of those that the request asks for."""
    codes = tuple(diagnostic.code for diagnostic in answer.diagnostics)
    said = ", ".join(map(str, answer.diagnostics)) or _first_line(answer.body)
    elsewhere = _elsewhere(registry, answer.url)
    asked = f"{registry} refused to {request.step} ({request.subject}){elsewhere}"
    lines = [
        f"{asked}: status {answer.status}{f', {said}' if said else ''}",
        f"credentials: {credentials or 'none found'}",
        _advice(registry, answer.status, codes, credentials),
    ]
    return RegistryError("\n".join(lines), status=answer.status, diagnostics=codes)


def unreachable(registry: str, request: Request, cause: Exception) -> RegistryError:
    """The error for a request that no answer came to, or no whole one."""
    return RegistryError(
        f"{registry} can't be reached to {request.step} ({request.subject}): {_cause(cause)}\n"
        "check its name and port, that it runs, and the proxy settings (HTTPS_PROXY, NO_PROXY)"
    )


def untrusted(registry: str, cause: Exception) -> RegistryError:
    """The error for a certificate that does not hold."""
    return RegistryError(
        f"the certificate of {registry} is not to be trusted: {_cause(cause)}\n"
        f"name the authority that signed it with --ca-bundle FILE, or put it into "
        f"~/.config/containers/certs.d/{registry}/ca.crt"
    )


def shown_address(url: str) -> str:
    """An address without its query and user."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _elsewhere(registry: str, url: str) -> str:
    return "" if urlsplit(url).netloc in {registry, ""} else f" at {shown_address(url)}"


def _advice(registry: str, status: int, codes: tuple[str, ...], credentials: Credentials | None) -> str:
    if status == 401 or (status == 403 and credentials is None):
        login = f"docker login {registry}, or podman login {registry}"
        return (
            f"log in: {login}"
            if credentials is None
            else f"they are wrong or too old, or not allowed to do this: {login}"
        )
    for code in codes:
        if code in _ADVICE_BY_CODE:
            return _ADVICE_BY_CODE[code]
    return _ADVICE_BY_STATUS.get(status, _LATER if status >= 500 else "the registry's log tells more")


def _first_line(body: bytes) -> str:
    """What a proxy or an odd registry wrote, unless it is a page of HTML."""
    text = body[:200].decode("utf-8", "replace").strip()
    return "" if text.startswith("<") else text.partition("\n")[0]


def _cause(error: BaseException) -> str:
    """The innermost cause: what lies around it tells only how it got here."""
    reason = getattr(error, "reason", None) or error.__cause__
    if isinstance(reason, BaseException) and reason is not error:
        return _cause(reason)
    return str(reason or error) or type(error).__name__
