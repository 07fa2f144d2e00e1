"""A real registry for a test: the distribution's `docker-registry` on loopback, open, with a password, or with TLS."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig.processes import NotReadyError, free_port, running
from serving import PATIENCE

__all__ = ["PASSWORD", "USER", "RegistryServer", "registry_server", "self_signed"]

USER, PASSWORD = "ann", "open-sesame"
#: bcrypt of the password, the only kind that the registry reads.
_HTPASSWD = f"{USER}:$2y$05$abcdefghijklmnopqrstuutXu9KzOt.1yBoZUeFWoT/914/JfszCO\n"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class RegistryServer:
    """A registry that runs.

    Attributes:
        address: Host and port.
        images: The folder that its images lie in.
    """

    address: str
    images: Path

    @property
    def blobs(self) -> Path:
        """The folder of all blobs, each in a file `data` below its digest."""
        return self.images / "docker/registry/v2/blobs/sha256"

    def blob_file(self, digest: str) -> Path:
        """The file of a blob."""
        value = digest.removeprefix("sha256:")
        return self.blobs / value[:2] / value / "data"


@contextlib.contextmanager
def registry_server(
    folder: Path,
    *,
    auth: Mapping[str, Any] | None = None,
    password: bool = False,
    certificate: Path | None = None,
) -> Iterator[RegistryServer]:
    """Runs a registry for the length of a block.

    Args:
        folder: Where its files lie.
        auth: The `auth` section of its configuration.
        password: Whether it wants to be told `USER` and `PASSWORD`.
        certificate: A certificate with its key beside, of the suffix `.key`, for TLS.

    Raises:
        RuntimeError: There is no registry program here, or it does not start.
    """
    program = shutil.which("docker-registry")
    if program is None:
        raise RuntimeError("no docker-registry on this machine: apt-get install docker-registry")
    folder.mkdir(parents=True, exist_ok=True)
    if password:
        (folder / "htpasswd").write_text(_HTPASSWD)
        auth = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    for tries_left in reversed(range(_TRIES)):
        port = free_port()
        configuration = folder / "registry.json"  # JSON is YAML too
        configuration.write_text(json.dumps(_configuration(folder, port, auth, certificate)))
        command = [program, "serve", str(configuration)]
        try:
            with running(command, ready=lambda: _listens(port), seconds=PATIENCE, log=folder / "registry.log"):  # noqa: B023
                yield RegistryServer(f"127.0.0.1:{port}", folder / "images")
                return
        except NotReadyError:
            # Another program was faster to take the port.
            if not tries_left:
                raise


def _configuration(folder: Path, port: int, auth: Mapping[str, Any] | None, certificate: Path | None) -> dict[str, Any]:
    http: dict[str, Any] = {"addr": f"127.0.0.1:{port}", "secret": "tests"}
    if certificate is not None:
        http["tls"] = {"certificate": str(certificate), "key": str(certificate.with_suffix(".key"))}
    whole = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}, "delete": {"enabled": True}},
        "http": http,
    }
    return {**whole, "auth": dict(auth)} if auth else whole


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key beside it."""
    certificate = folder / "registry.crt"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    words += ["-keyout", str(certificate.with_suffix(".key")), "-out", str(certificate)]
    subprocess.run(words, check=True, capture_output=True)
    ssl.create_default_context(cafile=certificate)
    return certificate
