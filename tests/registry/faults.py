"""The table of faults: what goes wrong between us and a registry, and what must come of it.

`make registry-faults` prints it with what was measured; the page on registries has it in words.
"""

from __future__ import annotations

from dataclasses import dataclass

from faulty_proxy import (
    FaultyProxy,
    answer_with,
    change_answer,
    change_request,
    cut_answer,
    cut_request,
    lose_answer,
    reset,
    say_nothing,
    slowly,
)

__all__ = ["PULL_FAULTS", "PUSH_FAULTS", "Fault"]

_BUSY = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'
_DENIED = b'{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'
_ALWAYS = 1_000_000
#: The one large blob of the tests has more.
_LARGE = 200_000

UPLOADS = r"/blobs/uploads/"
BLOBS = r"/blobs/sha256:"
MANIFESTS = r"/manifests/"
_ANY = r"/v2/.+"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row.

    Attributes:
        name: What happens, for people.
        method: Of the requests that it happens to.
        path: A pattern of their path.
        act: What happens to them.
        times: To how many.
        least: Only to those with so many bytes of body.
        message: What the error must say; empty when all must end well.
    """

    name: str
    method: str
    path: str
    act: object
    times: int = 1
    least: int = 0
    message: str = ""

    def arm(self, proxy: FaultyProxy) -> None:
        """Has it happen."""
        assert callable(self.act)
        proxy.on(self.method, self.path, self.act, times=self.times, least=self.least)


PUSH_FAULTS = [
    Fault("429 with Retry-After, twice", "POST", UPLOADS, answer_with(429, _BUSY, {"Retry-After": "0"}), times=2),
    Fault("429 without Retry-After", "PUT", MANIFESTS, answer_with(429, _BUSY)),
    Fault("429 for good", "HEAD", _ANY, answer_with(429), times=_ALWAYS, message="429"),
    Fault("429, come back tomorrow", "POST", UPLOADS, answer_with(429, _BUSY, {"Retry-After": "86400"}),
          times=_ALWAYS, message="86400 s"),
    Fault("500 once", "PUT", UPLOADS, answer_with(500), least=_LARGE),
    Fault("502, 503, 504 of a proxy", "POST", UPLOADS, answer_with(503, b"<html>busy</html>"), times=3),
    Fault("408", "PUT", UPLOADS, answer_with(408), least=_LARGE),
    Fault("500 for good", "PUT", MANIFESTS, answer_with(500), times=_ALWAYS, message="500"),
    Fault("connection reset before anything", "HEAD", _ANY, reset, times=2),
    Fault("reset as an upload begins", "POST", UPLOADS, reset, times=2),
    Fault("upload cut in its middle", "PUT", UPLOADS, cut_request(150_000), least=_LARGE),
    Fault("upload cut in its middle, thrice", "PUT", UPLOADS, cut_request(1000), least=_LARGE, times=3),
    Fault("a part of an upload cut", "PATCH", UPLOADS, cut_request(30_000), times=2),
    Fault("parts cut for good", "PATCH", UPLOADS, cut_request(30_000), times=_ALWAYS, least=60_000,
          message="can't be reached"),
    Fault("a part reset before it is read", "PATCH", UPLOADS, reset, times=2),
    Fault("the answer to a part is lost", "PATCH", UPLOADS, lose_answer, times=2),
    Fault("the answer to an upload is lost", "PUT", UPLOADS, lose_answer, least=_LARGE),
    Fault("the answer to the manifest is lost", "PUT", MANIFESTS, lose_answer),
    Fault("uploads in one piece cut for good", "PUT", UPLOADS, cut_request(1000), least=_LARGE, times=_ALWAYS),
    Fault("nothing is ever answered, once", "POST", UPLOADS, say_nothing),
    Fault("a bit changes on the way in", "PUT", UPLOADS, change_request, least=_LARGE),
    Fault("bits change on the way in, for good", "PUT", UPLOADS, change_request, times=_ALWAYS,
          message="DIGEST_INVALID"),
    Fault("the upload is forgotten", "PUT", UPLOADS,
          answer_with(404, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"?"}]}'), least=_LARGE),
    Fault("413 of a proxy, large bodies only", "PUT", UPLOADS, answer_with(413), least=_LARGE, times=2),
    Fault("mounts refused", "POST", r"mount=", answer_with(405), times=_ALWAYS),
    Fault("mounts denied", "POST", r"mount=", answer_with(403, _DENIED), times=_ALWAYS),
    Fault("pushing denied", "POST", UPLOADS, answer_with(403, _DENIED), times=_ALWAYS, message="DENIED"),
    Fault("no room", "PUT", UPLOADS, answer_with(507), times=_ALWAYS, message="no room"),
    Fault("another digest is promised", "PUT", MANIFESTS,
          answer_with(201, headers={"Docker-Content-Digest": "sha256:" + "0" * 64}), message="which is not"),
]  # fmt: skip

PULL_FAULTS = [
    Fault("429, then well", "GET", MANIFESTS, answer_with(429, _BUSY, {"Retry-After": "0"}), times=2),
    Fault("500, then well", "GET", BLOBS, answer_with(500), times=2),
    Fault("reset before the answer", "GET", BLOBS, reset, times=2),
    Fault("blob cut in its middle", "GET", BLOBS, cut_answer(100_000)),
    Fault("blob cut at once, thrice", "GET", BLOBS, cut_answer(0), times=3),
    Fault("blob cut for good", "GET", BLOBS, cut_answer(0), times=_ALWAYS, message="can't be reached"),
    Fault("blob comes slowly", "GET", BLOBS, slowly),
    Fault("nothing is ever answered, once", "GET", BLOBS, say_nothing),
    Fault("wrong bytes of a blob", "GET", BLOBS, change_answer, times=_ALWAYS, message="other bytes"),
    Fault("wrong bytes of a manifest", "GET", MANIFESTS, change_answer, times=_ALWAYS, message="another manifest"),
    Fault("blob is gone", "GET", BLOBS, answer_with(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}'), times=_ALWAYS,
          message="BLOB_UNKNOWN"),
]  # fmt: skip
