"""An index of Python packages on loopback, as companies run one: with a password, with a certificate of their own."""

from __future__ import annotations

import base64
import contextlib
import re
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from loopback import LoopbackHandler, LoopbackServer

__all__ = ["Authority", "PackageIndex", "make_authority", "serving_packages"]

USER = "ann"


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that no machine knows, and a server's certificate that it signed."""

    bundle: Path
    certificate: Path
    key: Path


@dataclass(slots=True)
class PackageIndex:
    """A running index.

    Attributes:
        wheels: The folder with its packages.
        password: What it asks for, if anything.
        scheme: `http` or `https`.
        port: Where on loopback.
        served: The files that were fetched.
        refused: How many requests came without the password.
    """

    wheels: Path
    password: str | None = None
    scheme: str = "http"
    port: int = 0
    served: list[str] = field(default_factory=list)
    refused: int = 0

    @property
    def url(self) -> str:
        """Its address, as pip is told it."""
        credentials = f"{USER}:{self.password}@" if self.password else ""
        return f"{self.scheme}://{credentials}127.0.0.1:{self.port}/simple"

    @property
    def authorization(self) -> str | None:
        """What a request's header of this name must hold."""
        if self.password is None:
            return None
        return "Basic " + base64.b64encode(f"{USER}:{self.password}".encode()).decode()

    def page(self, name: str) -> str | None:
        """The page of one project, or None where there is none. Source: PEP 503."""
        files = sorted(path.name for path in self.wheels.glob("*.whl") if _normalized(path.name.split("-")[0]) == name)
        links = "".join(f'<a href="/files/{file}">{file}</a>\n' for file in files)
        return f"<!DOCTYPE html><html><body>\n{links}</body></html>" if files else None


def make_authority(folder: Path) -> Authority:
    """Makes an authority and a certificate for 127.0.0.1, with openssl."""
    made = Authority(folder / "ca.crt", folder / "server.crt", folder / "server.key")
    key = folder / "ca.key"
    _openssl("/CN=An authority of the tests", key, made.bundle, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    signed = ["-CA", str(made.bundle), "-CAkey", str(key), "-addext", "subjectAltName=IP:127.0.0.1"]
    _openssl("/CN=127.0.0.1", made.key, made.certificate, *signed, "-addext", "basicConstraints=critical,CA:FALSE")
    return made


def _openssl(subject: str, key: Path, certificate: Path, *options: str) -> None:
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key)]
    command = ["openssl", "req", "-x509", *new, "-out", str(certificate), "-days", "2", "-subj", subject, *options]
    subprocess.run(command, check=True, capture_output=True)


@contextlib.contextmanager
def serving_packages(
    wheels: Path, *, password: str | None = None, authority: Authority | None = None
) -> Iterator[PackageIndex]:
    """Serves a folder of wheels for the length of a block."""
    index = PackageIndex(wheels, password, "https" if authority else "http")
    with LoopbackServer(_handler(index), _tls(authority) if authority else None) as server:
        index.port = server.port
        yield index


def _tls(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    return context


def _handler(index: PackageIndex) -> type[LoopbackHandler]:
    class Handler(LoopbackHandler):
        def do_GET(self) -> None:
            if index.authorization and self.headers["Authorization"] != index.authorization:
                index.refused += 1
                self._answer(401, b"", "text/plain")
                return
            folder, _, name = self.path.strip("/").partition("/")
            if folder == "files" and (index.wheels / name).is_file():
                index.served.append(name)
                self._answer(200, (index.wheels / name).read_bytes(), "application/octet-stream")
            elif folder == "simple" and (page := index.page(name)):
                self._answer(200, page.encode(), "text/html")
            else:
                self._answer(404, b"", "text/plain")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="packages"')
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
