"""A registry in a few lines that does what the specification asks for and older ones do not.

It keeps what has arrived of an upload that was cut, lists what refers to a manifest, and redirects to a store of blobs
at another address. It forgets everything at its end.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from loopback import LoopbackHandler, LoopbackServer

__all__ = ["SmallRegistry"]

_INDEX = "application/vnd.oci.image.index.v1+json"


class SmallRegistry(LoopbackServer):
    """A registry on loopback for the length of a block.

    Attributes:
        uploads: What has arrived of each upload.
        blobs: Blobs by digest; one name space for all repositories.
        store: Where to redirect for blobs; empty to answer here.
        least_part: The least bytes that it takes as a part, unless it is the last.
        lists_referrers: Whether it knows the list of referrers.
        seen: The headers of every request, with its method and path.
    """

    def __init__(self, *, store: str = "", lists_referrers: bool = True) -> None:
        self.uploads: dict[str, bytearray] = {}
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.seen: list[tuple[str, str, Mapping[str, str]]] = []
        self.store = store
        self.least_part = 0
        self.lists_referrers = lists_referrers
        registry = self

        class Handler(_Handler):
            kept = registry

        super().__init__(Handler)


class _Handler(LoopbackHandler):
    kept: SmallRegistry

    def _serve(self) -> None:
        self.kept.seen.append((self.command, self.path, dict(self.headers.items())))
        path = urlsplit(self.path).path
        for method, pattern, act in _TABLE:
            if method == self.command and (found := re.fullmatch(pattern, path)):
                act(self, *found.groups())
                return
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(404)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_CONNECT = _serve

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    # --- what it can do

    def ping(self) -> None:
        self.answer(200)

    def begin(self, path: str) -> None:
        name = str(len(self.kept.uploads))
        self.kept.uploads[name] = bytearray()
        least = {"OCI-Chunk-Min-Length": str(self.kept.least_part)} if self.kept.least_part else {}
        self.answer(202, headers={"Location": f"/v2/{path}/blobs/uploads/{name}", **least})

    def how_far(self, path: str, name: str) -> None:
        count = len(self.kept.uploads[name])
        self.answer(204, headers={"Location": self.path, "Range": f"0-{max(count - 1, 0)}"})

    def take(self, name: str) -> None:
        """Keeps every byte as it comes: what was cut is there as far as it came."""
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            block = self.rfile.read1(min(left, 1 << 14))
            if not block:
                raise ConnectionResetError
            self.kept.uploads[name] += block
            left -= len(block)

    def part(self, path: str, name: str) -> None:
        start = int(self.headers["Content-Range"].partition("-")[0])
        if start != len(self.kept.uploads[name]):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(416)
            return
        self.take(name)
        self.answer(202, headers={"Location": self.path, "Range": f"0-{len(self.kept.uploads[name]) - 1}"})

    def end(self, path: str, name: str) -> None:
        self.take(name)
        content, wanted = bytes(self.kept.uploads[name]), self.query["digest"]
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != wanted:
            self.answer(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
            return
        self.kept.blobs[wanted] = content
        self.answer(201, headers={"Location": f"/v2/{path}/blobs/{wanted}"})

    def blob(self, path: str, digest: str) -> None:
        if digest not in self.kept.blobs:
            self.answer(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        elif self.kept.store:
            self.answer(307, headers={"Location": f"http://{self.kept.store}{self.path}?signature=secret"})
        else:
            self.answer(200, self.kept.blobs[digest])

    def take_manifest(self, path: str, pointer: str) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        document = json.loads(content)
        named = [*document.get("layers", []), *([document["config"]] if "config" in document else [])]
        if not {blob["digest"] for blob in named} <= self.kept.blobs.keys():
            self.answer(400, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}')
            return
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        for key in (pointer, digest):
            self.kept.manifests[f"{path}@{key}"] = self.headers["Content-Type"], content
        subject = document.get("subject")
        said = {"OCI-Subject": subject["digest"]} if subject and self.kept.lists_referrers else {}
        self.answer(201, headers={"Docker-Content-Digest": digest, **said})

    def manifest(self, path: str, pointer: str) -> None:
        kind, content = self.kept.manifests.get(f"{path}@{pointer}", ("", b""))
        if kind:
            self.answer(200, content, {"Content-Type": kind})
        else:
            self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')

    def referrers(self, path: str, digest: str) -> None:
        if not self.kept.lists_referrers:
            self.answer(404)
            return
        found = {}
        for kind, content in self.kept.manifests.values():
            document = json.loads(content)
            if (document.get("subject") or {}).get("digest") == digest:
                own = f"sha256:{hashlib.sha256(content).hexdigest()}"
                found[own] = {
                    "mediaType": kind,
                    "digest": own,
                    "size": len(content),
                    "artifactType": document["artifactType"],
                    "annotations": document.get("annotations", {}),
                }
        body = json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [*found.values()]}).encode()
        self.answer(200, body, {"Content-Type": _INDEX})


_TABLE = (
    ("GET", r"/v2/", _Handler.ping),
    ("POST", r"/v2/(.+)/blobs/uploads/", _Handler.begin),
    ("GET", r"/v2/(.+)/blobs/uploads/(\d+)", _Handler.how_far),
    ("PATCH", r"/v2/(.+)/blobs/uploads/(\d+)", _Handler.part),
    ("PUT", r"/v2/(.+)/blobs/uploads/(\d+)", _Handler.end),
    ("HEAD", r"/v2/(.+)/blobs/(sha256:.+)", _Handler.blob),
    ("GET", r"/v2/(.+)/blobs/(sha256:.+)", _Handler.blob),
    ("PUT", r"/v2/(.+)/manifests/(.+)", _Handler.take_manifest),
    ("HEAD", r"/v2/(.+)/manifests/(.+)", _Handler.manifest),
    ("GET", r"/v2/(.+)/manifests/(.+)", _Handler.manifest),
    ("GET", r"/v2/(.+)/referrers/(.+)", _Handler.referrers),
)
