"""What pip and uv make of wheels, beside what the layers unpack to.

Both are told to install into a virtual environment of their own; what they say about themselves is left out.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from layer_content import Unpacked
from modelwrap.image.image import Layer
from modelwrap.image.target import WheelFile

__all__ = ["INSTALLERS", "Installer", "installed", "unpacked_environment"]

Tree = dict[str, Unpacked]
Installer = Callable[[Sequence[WheelFile], Path], None]

#: What an installer writes about itself: who it is, what was asked for, which files there are.
_ITS_OWN = ("/INSTALLER", "/REQUESTED", "/RECORD", "/direct_url.json", "/uv_cache.json")
_ENVIRONMENT = ("pyvenv.cfg", "CACHEDIR.TAG", ".lock", ".gitignore", "bin/python", "bin/activate", "bin/Activate")
_ENVIRONMENT_PROGRAMS = ("bin/deactivate", "bin/pydoc")


def with_pip(wheels: Sequence[WheelFile], environment: Path) -> None:
    """Installs by pip, which runs outside of the environment."""
    _make_environment(environment)
    command = [
        sys.executable,
        "-m",
        "pip",
        f"--python={environment / 'bin/python'}",
        "install",
        "--quiet",
        "--no-compile",
    ]
    _install(command, wheels)


def with_uv(wheels: Sequence[WheelFile], environment: Path) -> None:
    """Installs by uv."""
    _make_environment(environment)
    uv = Path(sys.executable).with_name("uv")
    python = f"--python={environment / 'bin/python'}"
    _install([str(uv), "pip", "install", "--quiet", "--no-config", python, "--link-mode=copy", "--no-cache"], wheels)


INSTALLERS: tuple[Installer, ...] = (with_pip, with_uv)


def _make_environment(environment: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)


def _install(command: Sequence[str], wheels: Sequence[WheelFile]) -> None:
    paths = [str(wheel.path) for wheel in wheels]
    done = subprocess.run([*command, "--no-deps", "--no-index", *paths], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def installed(install: Installer, wheels: Sequence[WheelFile]) -> Tree:
    """What an installer makes of wheels: files by path, relative to the environment."""
    with TemporaryDirectory() as folder:
        environment = Path(folder).resolve() / "environment"
        install(wheels, environment)
        return _comparable(_read(environment), str(environment))


def unpacked_environment(layers: Sequence[Layer]) -> Tree:
    """What layers unpack to, one over the other: files by path, relative to the environment."""
    found: Tree = {}
    for layer in layers:
        with layer.blob.open() as blob, tarfile.open(fileobj=blob, mode="r:gz") as archive:
            for member in archive:
                if file := archive.extractfile(member):
                    path = member.name.removeprefix("opt/venv/")
                    found[path] = _entry(path, member.mode, file.read())
    return _comparable(found, "/opt/venv")


def _comparable(tree: Tree, environment: str) -> Tree:
    """A tree without what differs between installers by their own choice."""
    return {
        path: Unpacked(entry.mode, _program(entry.content, environment) if path.startswith("bin/") else entry.content)
        for path, entry in tree.items()
        if not path.endswith(_ITS_OWN)
        and not path.startswith((*_ENVIRONMENT, *_ENVIRONMENT_PROGRAMS))
        and "__pycache__" not in path.split("/")
    }


def _program(content: bytes, environment: str) -> bytes:
    """A script whose first line does not name the environment; of an entry point only what it imports and calls."""
    if not content.startswith(b"#!"):
        return content
    first, _, rest = content.partition(b"\n")
    first = first.replace(environment.encode(), b"ENVIRONMENT").replace(b"/bin/python3", b"/bin/python")
    if b"sys.exit(" not in rest or b"import sys" not in rest or len(rest) > 700:
        return first + b"\n" + rest
    return b"\n".join([first, *(line for line in rest.splitlines() if line.startswith((b"from ", b"    sys.exit(")))])


def _read(root: Path) -> Tree:
    found = {}
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            mode = 0o755 if path.stat().st_mode & 0o111 else 0o644
            name = path.relative_to(root).as_posix()
            found[name] = _entry(name, mode, path.read_bytes())
    return found


def _entry(path: str, mode: int, content: bytes) -> Unpacked:
    """A file; of what is large only the digest, since there are gigabytes of it."""
    is_small = path.startswith("bin/") and len(content) < 100_000
    return Unpacked(mode, content if is_small else hashlib.sha256(content).digest())
