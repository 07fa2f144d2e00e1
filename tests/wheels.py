"""Wheels made by the tests: right ones, and ones that are wrong in one way."""

from __future__ import annotations

import base64
import hashlib
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from modelwrap.image.oci import digest_of
from modelwrap.image.target import WheelFile

__all__ = ["WHEEL_TEXT", "make_wheel", "record_line", "wheel_file"]

WHEEL_TEXT = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel(
    folder: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    version: str = "1.0",
    programs: tuple[str, ...] = (),
    record: bytes | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> WheelFile:
    """A wheel of these files, complete with its metadata.

    Args:
        folder: Where it is written.
        name: The distribution's.
        files: Content by path.
        version: The distribution's.
        programs: Paths that are executable.
        record: RECORD, where it is not to be the right one.
        compression: How members are kept.
    """
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    contents = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    contents.setdefault(f"{info}/WHEEL", WHEEL_TEXT)
    contents.setdefault(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode())
    lines = b"".join(record_line(path, content) for path, content in contents.items())
    contents[f"{info}/RECORD"] = record if record is not None else lines + f"{info}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for member, content in contents.items():
            entry = zipfile.ZipInfo(member, (2020, 2, 2, 0, 0, 0))
            entry.compress_type = compression
            entry.external_attr = (stat.S_IFREG | (0o755 if member in programs else 0o644)) << 16
            archive.writestr(entry, content)
    return wheel_file(path, name, version)


def wheel_file(path: Path, name: str, version: str = "1.0") -> WheelFile:
    """A wheel as the layers take it."""
    return WheelFile(name, version, path, digest_of(path.read_bytes()))


def record_line(path: str, content: bytes) -> bytes:
    """RECORD's line of a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n".encode()
