"""Base images made by the tests: a few files that look to a probe like a whole system."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Mapping

from modelwrap.image.image import BytesBlob, Layer, LayerKind
from modelwrap.image.oci import JSONObject, MediaType, describe, digest_of

__all__ = ["ALPINE", "DEBIAN", "SLIM", "config_of", "elf", "make_layer"]

Files = Mapping[str, str | bytes]


def elf(*texts: str, machine: int = 62) -> bytes:
    """A file that begins as programs do and has these texts among its bytes."""
    head = b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + struct.pack("<H", machine)
    return head.ljust(64, b"\0") + b"".join(b"\0" + text.encode() + b"\0" for text in texts)


#: As the official slim images are: Python under /usr/local, in a shared library.
SLIM: dict[str, str | bytes] = {
    "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "usr/local/bin/python3": "-> python3.11",
    "usr/local/bin/python3.11": elf(),
    "usr/local/lib/libpython3.11.so.1.0": elf("3.40.1", "build/Python-3.11.7", "3.11"),
    "usr/local/lib/python3.11/os.py": "",
    "lib": "-> usr/lib",
    "bin": "-> usr/bin",
    "usr/bin/sh": elf(),
    "usr/bin/sleep": elf(),
    "usr/lib/x86_64-linux-gnu/libc.so.6": elf(
        "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nCopyright"
    ),
    "usr/lib/x86_64-linux-gnu/libm.so.6": elf(),
    "usr/lib/x86_64-linux-gnu/libstdc++.so.6": "-> libstdc++.so.6.0.30",
    "usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30": elf(),
    "usr/local/lib/python3.11/site-packages/private.libs/libprivate.so.1": elf(),
    "var/lib/dpkg/status": (
        "Package: libc6\nStatus: install ok installed\nVersion: 2.36\n\n"
        "Package: libgomp1\nArchitecture: amd64\nStatus: deinstall ok config-files\n"
    ),
}
#: As Debian's own Python is: under /usr/bin, all of it in the program.
DEBIAN: dict[str, str | bytes] = {
    **{path: content for path, content in SLIM.items() if not path.startswith("usr/local/")},
    "usr/bin/python3": "-> python3.13",
    "usr/bin/python3.13": elf("3.2.0", "3.13.5"),
}
#: As Alpine's images are.
ALPINE: dict[str, str | bytes] = {
    "usr/local/bin/python3": "-> python3.12",
    "usr/local/bin/python3.12": elf(machine=183),
    "usr/local/lib/libpython3.12.so.1.0": elf("3.12.4", machine=183),
    "lib/ld-musl-aarch64.so.1": elf("1.2.5", machine=183),
    "lib/apk/db/installed": "P:musl\nV:1.2.5-r0\n\nP:zlib\nV:1.3\n",
    "bin/sh": "-> /bin/busybox",
    "bin/sleep": "-> /bin/busybox",
    "bin/busybox": elf(machine=183),
}


def make_layer(files: Files, *, is_compressed: bool = True) -> Layer:
    """A layer with these files; a text that begins with `-> ` is a symbolic link, with `=> ` a hard one."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            _add(archive, path, content.encode() if isinstance(content, str) else content)
    plain = buffer.getvalue()
    content = gzip.compress(plain, mtime=0) if is_compressed else plain
    kind = MediaType.OCI_LAYER_GZIP if is_compressed else MediaType.OCI_LAYER
    return Layer(BytesBlob(describe(kind, content), content), digest_of(plain), LayerKind.BASE, "base", len(plain))


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(f"./{path}")
    for mark, kind in ((b"-> ", tarfile.SYMTYPE), (b"=> ", tarfile.LNKTYPE)):
        if content.startswith(mark):
            entry.type, entry.linkname = kind, content.removeprefix(mark).decode()
            archive.addfile(entry)
            return
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def config_of(architecture: str = "amd64", *environment: str, user: str = "") -> JSONObject:
    """The config of an image."""
    return {"os": "linux", "architecture": architecture, "config": {"Env": [*environment], "User": user}}
