"""What a registry is asked, and what its answers mean.

Sans I/O: requests and answers are values. Nothing here opens a socket, reads a clock or knows a password.
Source: OCI distribution specification 1.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urljoin, urlsplit

from modelwrap.image.oci import Descriptor, Digest, JSONObject, MediaType
from modelwrap.value import Value, field, replace

__all__ = [
    "MANIFEST_KINDS",
    "Answer",
    "Diagnostic",
    "Request",
    "Scope",
    "ask_for_upload",
    "ask_how_far",
    "document_of",
    "find_blob",
    "find_manifest",
    "finish_upload",
    "is_transient",
    "list_referrers",
    "ping",
    "pull_scope",
    "push_scope",
    "read_blob",
    "read_manifest",
    "recall_manifest",
    "received",
    "send_chunk",
    "send_whole",
    "wait_asked",
    "write_manifest",
]

#: `repository:team/iris:pull,push`, as token servers take it.
Scope = str
#: All that a tag may point at.
MANIFEST_KINDS = (
    MediaType.OCI_INDEX,
    MediaType.OCI_MANIFEST,
    MediaType.DOCKER_LIST,
    MediaType.DOCKER_MANIFEST,
)
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_BYTES = "application/octet-stream"


class Request(Value):
    """One thing asked of a registry.

    Attributes:
        step: What for, so that `can't …` reads well before it: `begin the upload of a layer`.
        method: Of HTTP.
        target: A path below the registry's address, or a whole address that the registry gave.
        subject: What it is about, for people: a repository, a tag, a digest.
        scopes: What one must be allowed to do.
        answers: The statuses that are an answer; any other is a refusal.
        headers: Beside those that every request has.
    """

    step: str
    method: str
    target: str
    subject: str
    scopes: tuple[Scope, ...] = ()
    answers: frozenset[int] = frozenset({200})
    headers: Mapping[str, str] = field(default_factory=dict)


class Answer(Value):
    """What a registry answered.

    Attributes:
        url: The address that answered, after all redirects.
        headers: Their names in lower case.
        body: At most the first few megabytes; empty when the body is read by somebody else.
    """

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def location(self) -> str:
        """The whole address of its Location header; empty without one."""
        return urljoin(self.url, self.headers["location"]) if "location" in self.headers else ""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The specification's errors in its body; none when it is not of that form. Source: error codes."""
        errors = document_of(self).get("errors")
        entries = errors if isinstance(errors, list) else []
        return tuple(
            Diagnostic(str(entry.get("code") or ""), str(entry.get("message") or ""))
            for entry in entries
            if isinstance(entry, dict)
        )


class Diagnostic(Value):
    """Why a registry refused, in its words: `DENIED` and a sentence."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code} ({self.message})" if self.message else self.code


def document_of(answer: Answer) -> JSONObject:
    """The JSON object that is the body; an empty one when it is none."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def pull_scope(path: str) -> Scope:
    """Leave to read a repository."""
    return f"repository:{path}:pull"


def push_scope(path: str) -> Scope:
    """Leave to read and write a repository."""
    return f"repository:{path}:pull,push"


def is_transient(status: int) -> bool:
    """Whether the same request may well be answered later."""
    return status in _TRANSIENT


def wait_asked(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that a registry asks to wait; None when it does not say. Source: RFC 9110, Retry-After."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - now).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


def received(answer: Answer) -> int:
    """How many bytes of an upload have arrived. Source: distribution specification, `Range: 0-1023`."""
    found = re.fullmatch(r"(?:bytes=)?0-(\d+)", answer.headers.get("range", "").strip())
    # A registry that has nothing yet says `0-0`, as it does when it has one byte: the byte is sent again.
    return int(found[1]) + 1 if found and found[1] != "0" else 0


def ping() -> Request:
    """Asks whether this is a registry at all."""
    return Request("begin a session", "GET", "/v2/", "the first request, /v2/", answers=frozenset({200, 401}))


def find_blob(path: str, digest: Digest, scopes: tuple[Scope, ...]) -> Request:
    """Asks whether a repository has a blob."""
    return Request(
        "look for a blob",
        "HEAD",
        f"/v2/{path}/blobs/{digest}",
        f"{path}@{digest}",
        scopes,
        answers=frozenset({200, 404}),
    )


def read_blob(path: str, digest: Digest, start: int = 0) -> Request:
    """Asks for a blob, or what of it follows the first `start` bytes."""
    return Request(
        "read a blob",
        "GET",
        f"/v2/{path}/blobs/{digest}",
        f"{path}@{digest}",
        (pull_scope(path),),
        answers=frozenset({200, 206}) if start else frozenset({200}),
        headers={"Range": f"bytes={start}-"} if start else {},
    )


def ask_for_upload(path: str, mount: tuple[Digest, str] | None = None) -> Request:
    """Asks to begin an upload; or to mount a blob from another repository, which may begin an upload instead.

    Args:
        path: The repository that is to have the blob.
        mount: The blob's digest, and the repository that has it already.
    """
    scopes: tuple[Scope, ...] = (push_scope(path),)
    query = ""
    step = "begin an upload"
    if mount is not None:
        digest, origin = mount
        query = "?" + urlencode({"mount": digest, "from": origin}, safe="/:")
        scopes = (*scopes, pull_scope(origin))
        step = f"mount a blob of {origin}"
    return Request(
        step, "POST", f"/v2/{path}/blobs/uploads/{query}", path, scopes, frozenset({201, 202}), {"Content-Length": "0"}
    )


def send_whole(path: str, location: str, descriptor: Descriptor) -> Request:
    """Sends a blob in one piece and ends its upload."""
    return Request(
        "upload a blob",
        "PUT",
        _with_digest(location, descriptor.digest),
        f"{path}@{descriptor.digest}",
        (push_scope(path),),
        frozenset({201, 204}),
        {"Content-Type": _BYTES, "Content-Length": str(descriptor.size)},
    )


def send_chunk(path: str, location: str, start: int, size: int) -> Request:
    """Sends the bytes from `start` on, `size` of them."""
    return Request(
        "upload a part of a blob",
        "PATCH",
        location,
        path,
        (push_scope(path),),
        frozenset({201, 202, 204, 416}),
        {"Content-Type": _BYTES, "Content-Length": str(size), "Content-Range": f"{start}-{start + size - 1}"},
    )


def ask_how_far(path: str, location: str) -> Request:
    """Asks how much of an upload has arrived."""
    return Request(
        "resume an upload", "GET", location, path, (push_scope(path),), frozenset({200, 202, 204, 400, 404, 416})
    )


def finish_upload(path: str, location: str, digest: Digest) -> Request:
    """Ends an upload whose bytes have all been sent."""
    return Request(
        "end an upload",
        "PUT",
        _with_digest(location, digest),
        f"{path}@{digest}",
        (push_scope(path),),
        frozenset({201, 204}),
        {"Content-Type": _BYTES, "Content-Length": "0"},
    )


def find_manifest(path: str, pointer: str, scopes: tuple[Scope, ...]) -> Request:
    """Asks whether a repository has a manifest."""
    return Request(
        "look for a manifest",
        "HEAD",
        f"/v2/{path}/manifests/{pointer}",
        _subject(path, pointer),
        scopes,
        frozenset({200, 404}),
        {"Accept": ", ".join(MANIFEST_KINDS)},
    )


def read_manifest(path: str, pointer: str) -> Request:
    """Asks for what a tag or digest points at."""
    return Request(
        "read a manifest",
        "GET",
        f"/v2/{path}/manifests/{pointer}",
        _subject(path, pointer),
        (pull_scope(path),),
        headers={"Accept": ", ".join(MANIFEST_KINDS)},
    )


def recall_manifest(path: str, pointer: str) -> Request:
    """Asks whoever pushes for what a tag or digest points at, if it points at anything."""
    return replace(
        read_manifest(path, pointer),
        step="look for a manifest",
        scopes=(push_scope(path),),
        answers=frozenset({200, 404}),
    )


def write_manifest(path: str, pointer: str, descriptor: Descriptor) -> Request:
    """Sends a manifest and points a tag or its own digest at it."""
    return Request(
        "write the manifest",
        "PUT",
        f"/v2/{path}/manifests/{pointer}",
        _subject(path, pointer),
        (push_scope(path),),
        frozenset({201, 202}),
        {"Content-Type": str(descriptor.media_type), "Content-Length": str(descriptor.size)},
    )


def list_referrers(path: str, digest: Digest) -> Request:
    """Asks what has been attached to a manifest; a registry that keeps no such list answers 404."""
    return Request(
        "list what is attached",
        "GET",
        f"/v2/{path}/referrers/{digest}",
        f"{path}@{digest}",
        (pull_scope(path),),
        frozenset({200, 400, 404, 405, 501}),
        {"Accept": MediaType.OCI_INDEX.value},
    )


def _subject(path: str, pointer: str) -> str:
    return f"{path}@{pointer}" if ":" in pointer else f"{path}:{pointer}"


def _with_digest(location: str, digest: Digest) -> str:
    """The registry's own query stays as it is: it may be signed."""
    return f"{location}{'&' if urlsplit(location).query else '?'}{urlencode({'digest': digest}, safe=':')}"
