"""A package index on the loopback address, of a folder of wheels: with a password, without hashes, with faults."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from loopback import LoopbackHandler, LoopbackServer
from modelwrap.image.dependencies.settings import Surroundings

__all__ = ["PASSWORD", "USER", "Index", "quiet_surroundings", "serve_index"]

USER, PASSWORD = "reader", "pass word/1"


@dataclass(slots=True)
class Index:
    """An index that runs.

    Attributes:
        folder: Its wheels.
        has_password: Whether it asks who is there.
        has_hashes: Whether its pages give the hashes of files.
        cuts: How many answers with a file break off half way, first.
        refusals: How many answers for a file are 503, first.
        asked: The paths of its files that were asked for, with the Range header.
    """

    folder: Path
    has_password: bool = False
    has_hashes: bool = True
    cuts: int = 0
    refusals: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Its address, without a password."""
        return f"http://127.0.0.1:{self.port}/simple"

    @property
    def url_with_password(self) -> str:
        """The same with user and password."""
        return f"http://{USER}:{PASSWORD.replace(' ', '%20').replace('/', '%2F')}@127.0.0.1:{self.port}/simple"


@contextmanager
def serve_index(index: Index) -> Iterator[Index]:
    """Runs an index for the length of the block."""

    class Handler(LoopbackHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            _answer(self, index)

    with LoopbackServer(Handler) as server:
        index.port = server.port
        yield index


def _answer(handler: LoopbackHandler, index: Index) -> None:
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    path = unquote(urlsplit(handler.path).path)
    if index.has_password and handler.headers.get("Authorization") != f"Basic {credentials}":
        _send(handler, 401, b"", {"WWW-Authenticate": 'Basic realm="packages"'})
    elif path.startswith("/simple/"):
        page = _page(index, path.strip("/").rpartition("/")[2])
        _send(handler, 200 if page else 404, page, {"Content-Type": "text/html"})
    else:
        _send_file(handler, index, path)


def _page(index: Index, name: str) -> bytes:
    lines = []
    for wheel in sorted(index.folder.glob("*.whl")):
        if wheel.name.partition("-")[0].replace("_", "-").lower() == name:
            fragment = f"#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}" if index.has_hashes else ""
            lines.append(f'<a href="/files/{wheel.name}{fragment}">{wheel.name}</a>')
    return "\n".join(lines).encode()


def _send_file(handler: LoopbackHandler, index: Index, path: str) -> None:
    span = handler.headers.get("Range", "")
    is_whole = handler.command == "GET"
    if is_whole:
        index.asked.append((path, span))
    file = index.folder / path.rpartition("/")[2]
    if not file.is_file():
        _send(handler, 404, b"")
    elif is_whole and index.refusals:
        index.refusals -= 1
        _send(handler, 503, b"", {"Retry-After": "0"})
    else:
        content = file.read_bytes()
        begin = int(span.removeprefix("bytes=").partition("-")[0]) if span else 0
        is_cut = is_whole and index.cuts > 0
        index.cuts -= is_cut
        _send(handler, 206 if span else 200, content[begin:], is_cut=is_cut)


def _send(
    handler: LoopbackHandler,
    status: int,
    content: bytes,
    headers: dict[str, str] | None = None,
    *,
    is_cut: bool = False,
) -> None:
    handler.send_response(status)
    for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(content[: len(content) // 2] if is_cut else content)
    if is_cut:
        handler.close_connection = True


def quiet_surroundings(folder: Path, **variables: str) -> Surroundings:
    """A machine where pip and uv are told nothing but these variables; uv keeps what it finds in the folder."""
    environment = {
        "HOME": str(folder / "home"),
        "PATH": "/usr/bin:/bin",
        "UV_CACHE_DIR": str(folder / "uv"),
        "UV_HTTP_RETRIES": "0",
        **variables,
    }
    return Surroundings(environment, folder / "home", folder / "prefix", (folder / "etc",))
