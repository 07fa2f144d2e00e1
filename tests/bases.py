"""Base images that no machine runs: the files by which a base is known, for any platform, in an OCI layout."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from modelwrap.image.oci import JSONObject, MediaType, Platform

__all__ = ["AMD64", "ARM64", "base_files", "elf", "pack", "write_base"]

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64", "v8")
#: The number of a machine in ELF, its library folder in Debian, its loader. Source: ELF, e_machine.
_MACHINES = {
    "amd64": (62, "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "arm64": (183, "aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}
_LIBRARIES = (
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libgcc_s.so.1",
    "libstdc++.so.6",
)


def elf(machine: int, text: bytes = b"") -> bytes:
    """The head of a shared object for a machine, without sections, and what it says of itself."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    return head + struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0) + text


def base_files(platform: Platform, python: str, libraries: Iterable[str] = ()) -> Mapping[str, bytes | str]:
    """The files of the official slim image that tell what it is: path to content, or to the target of a link."""
    machine, folder, loader = _MACHINES[platform.architecture]
    minor = ".".join(python.split(".")[:2])
    libc = elf(machine, b"GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n")
    return {
        f"usr/local/bin/python{minor}": elf(machine, b"\0" + python.encode() + b"\0"),
        "usr/local/bin/python3": f"python{minor}",
        "usr/local/bin/python": "python3",
        f"usr/local/lib/python{minor}/os.py": b"",
        f"usr/local/include/python{minor}/patchlevel.h": f'#define PY_VERSION "{python}"\n'.encode(),
        f"usr/lib/{folder}/{loader}": elf(machine),
        **{f"usr/lib/{folder}/{name}": libc if name == "libc.so.6" else elf(machine) for name in _LIBRARIES},
        **{f"usr/lib/{folder}/{name}": elf(machine) for name in libraries},
        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
        "bin/sh": elf(machine),
    }


def write_base(folder: Path, *platforms: Platform, python: str = "3.11.7", libraries: Iterable[str] = ()) -> Path:
    """Writes a base image for these platforms, by default linux/amd64, as an OCI layout."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def put(media_type: str, content: bytes) -> dict[str, Any]:
        digest = sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    manifests = []
    for platform in platforms or (AMD64,):
        layer = pack(base_files(platform, python, libraries))
        config: JSONObject = {
            **platform.document,
            "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"PYTHON_VERSION={python}"], "Cmd": ["python3"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer).hexdigest()}"]},
            "history": [{"created_by": "the tests"}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MediaType.OCI_MANIFEST.value,
            "config": put(MediaType.OCI_CONFIG, json.dumps(config).encode()),
            "layers": [put(MediaType.OCI_LAYER_GZIP, gzip.compress(layer, mtime=0))],
        }
        described = put(MediaType.OCI_MANIFEST, json.dumps(manifest).encode())
        manifests.append({**described, "platform": platform.document})
    image = {"schemaVersion": 2, "mediaType": MediaType.OCI_INDEX.value, "manifests": manifests}
    index = {**image, "manifests": [put(MediaType.OCI_INDEX, json.dumps(image).encode())]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return folder


def pack(files: Mapping[str, bytes | str]) -> bytes:
    """A tar archive of files and, where the content is text, of links."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.mode = 0o755
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()
