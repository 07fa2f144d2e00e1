"""A base image without a network: this machine's own Python laid out as in the official slim image.

The official image can be pulled only where its registry is reachable, so the end-to-end tests make one of the same
layout: interpreter, standard library and pip under /usr/local, a shell and the core utilities, the public certificate
authorities. It takes the same tag, so that a generated Dockerfile is built as it is. On purpose it does not hold this
machine's own certificate authorities, and neither headers nor a compiler: what an image needs must be given to it.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import sysconfig
import tarfile
from importlib import metadata
from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = f"python:{VERSION}-slim"
PREFIX = Path("usr/local")
#: `docker import -c`: what the official image sets.
CONFIGURATION = [
    "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    f"ENV PYTHON_VERSION={sys.version.split()[0]}",
    'CMD ["python3"]',
]

_TOOLS = (
    *("sh", "bash", "cat", "chgrp", "chmod", "chown", "cp", "cut", "date", "dirname", "basename", "echo", "env"),
    *("false", "find", "grep", "head", "id", "ln", "ls", "mkdir", "mktemp", "mv", "printf", "pwd", "readlink", "rm"),
    *(
        "rmdir",
        "sed",
        "sha256sum",
        "sleep",
        "sort",
        "tail",
        "tar",
        "test",
        "touch",
        "tr",
        "true",
        "uname",
        "wc",
        "xargs",
    ),
)
#: Never named by ldd here, yet part of every Debian: the C and C++ libraries that wheels are linked with, and what the
#: C library loads by name to resolve names.
_LIBRARIES = (
    *("libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libstdc++.so.6", "libgcc_s.so.1"),
    *("libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"),
)
_LEFT_OUT = shutil.ignore_patterns(
    "site-packages", "dist-packages", "test", "tests", "idlelib", "__pycache__", "config-*"
)


def write_base_image(root: Path, archive: Path) -> None:
    """Lays a root file system out in `root`, an empty folder, and writes it to `archive` as a tar of root's files."""
    for folder in ("bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr/bin", "var/tmp", PREFIX / "bin"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    _lay_out_python(root / PREFIX)
    _lay_out_pip(root / PREFIX)
    _lay_out_tools(root)
    _lay_out_libraries(root)
    _lay_out_system_files(root)
    _write_archive(root, archive)


def _lay_out_python(prefix: Path) -> None:
    interpreter = prefix / f"bin/python{VERSION}"
    shutil.copy(Path(sys.base_prefix, "bin", f"python{VERSION}").resolve(), interpreter)
    for name in ("python3", "python"):
        (prefix / "bin" / name).symlink_to(interpreter.name)
    library = prefix / f"lib/python{VERSION}"
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=_LEFT_OUT, symlinks=True)
    (library / "site-packages").mkdir()
    _undo_debian(library)
    for shared in Path(sysconfig.get_config_var("LIBDIR")).glob(f"libpython{VERSION}.so*"):
        shutil.copy(shared, prefix / "lib", follow_symlinks=False)


def _undo_debian(library: Path) -> None:
    """Debian's own Python installs into dist-packages below /usr/local; the official image's, into site-packages."""
    (library / "EXTERNALLY-MANAGED").unlink(missing_ok=True)
    sysconfig_py = library / "sysconfig.py"
    source = sysconfig_py.read_text()
    sysconfig_py.write_text(source.replace("base}/local", "base}").replace("dist-packages", "site-packages"))
    if "dist-packages" in source:
        # Which folders are searched is frozen into the interpreter.
        (library / "dist-packages").symlink_to("site-packages")


def _lay_out_pip(prefix: Path) -> None:
    """Copies pip from this environment, where the lock put it."""
    target = prefix / f"lib/python{VERSION}/site-packages"
    for file in metadata.files("pip") or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            copy = target / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), copy)
    for name in ("pip", "pip3"):
        script = prefix / "bin" / name
        script.write_text(
            f"#!/{PREFIX}/bin/python{VERSION}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
        )
        script.chmod(0o755)


def _lay_out_tools(root: Path) -> None:
    for name in _TOOLS:
        found = shutil.which(name, path="/usr/bin:/bin")
        if found is None:
            raise RuntimeError(f"the base image needs {name}, which this machine does not have")
        shutil.copy(found, root / "bin" / name)
    (root / "usr/bin/env").symlink_to("/bin/env")


def _lay_out_libraries(root: Path) -> None:
    """Copies the shared libraries that the files in `root` need, to the places where this machine has them."""
    needed = _linked_libraries([path for path in root.rglob("*") if _is_elf(path)])
    folder = next(path.parent for path in needed if path.name == "libc.so.6")
    for library in {*needed, *(folder / name for name in _LIBRARIES)}:
        copy = root / library.relative_to("/")
        if library.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, copy)
    (root / "etc/ld.so.conf").write_text(f"/{PREFIX}/lib\n{folder}\n")
    subprocess.run(["/sbin/ldconfig", "-r", str(root)], check=True, capture_output=True)


def _linked_libraries(files: list[Path]) -> set[Path]:
    lines = subprocess.run(["ldd", *map(str, files)], check=False, capture_output=True, text=True).stdout.splitlines()
    words = (word for line in lines for word in line.split() if word.startswith("/") and not word.endswith(":"))
    found = {Path(os.path.normpath(word)) for word in words}
    return {path for path in found if not path.name.startswith("libpython")}


def _is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _lay_out_system_files(root: Path) -> None:
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (root / "etc/group").write_text("root:x:0:\n")
    (root / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    shutil.copy(root / PREFIX / f"lib/python{VERSION}/site-packages/pip/_vendor/certifi/cacert.pem", bundle)
    default = root / Path(ssl.get_default_verify_paths().openssl_cafile).relative_to("/")
    default.parent.mkdir(parents=True, exist_ok=True)
    default.symlink_to("/etc/ssl/certs/ca-certificates.crt")


def _write_archive(root: Path, archive: Path) -> None:
    def as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        if entry.isdir():
            entry.mode = 0o1777 if entry.name in ("./tmp", "./var/tmp") else 0o755
        return entry

    with tarfile.open(archive, "w") as tar:
        tar.add(root, arcname=".", filter=as_root)
