"""Whom to trust when a registry shows its certificate, and the certificate of our own that some ask for."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

from modelwrap.errors import RegistryError
from modelwrap.image.registry.settings import Surroundings

__all__ = ["tls_context"]


def tls_context(
    host: str, ca_bundle: Path | None, surroundings: Surroundings, *, insecure: bool = False
) -> ssl.SSLContext:
    """The machine's authorities (or those of `SSL_CERT_FILE`), and those kept for this registry.

    Raises:
        RegistryError: A file of certificates can't be used.
    """
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    folders = [folder / host for folder in surroundings.certificate_folders]
    authorities = [file for folder in folders for file in _files(folder, "*.crt")]
    for authority in [*([ca_bundle] if ca_bundle else []), *authorities]:
        with _readable(authority):
            context.load_verify_locations(cafile=authority)
    for certificate in (file for folder in folders for file in _files(folder, "*.cert")):
        with _readable(certificate):
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


def _files(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


@contextlib.contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ssl.SSLError) as error:
        raise RegistryError(f"the certificates in {file} can't be used: {error}") from error
