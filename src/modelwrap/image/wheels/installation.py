"""Where each file of a wheel goes in an environment, as pip and uv put it, and what an installer adds.

Source: binary distribution format, "installing a wheel"; entry points; recording installed projects.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from posixpath import relpath

from modelwrap.errors import DamagedBlob
from modelwrap.image.wheels.environment import Environment
from modelwrap.image.wheels.record import Recorded, recorded, write_record
from modelwrap.image.wheels.wheel import Member, Wheel
from modelwrap.value import Value

__all__ = ["Installation", "Placed", "install"]

_INSTALLER = b"modelwrap\n"
_DATA = re.compile(r"(?P<distribution>[^/]+)\.data/(?P<kind>[^/]+)/(?P<rest>.+)")
_ENTRY = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)\s*(\[.*\])?")
_PROGRAMS = ("console_scripts", "gui_scripts")
#: What older tools made of an entry point and put into the wheel; the installer makes its own.
_WRAPPER = re.compile(r"(?:\.exe|-script\.pyw?|\.pya)$")


class Placed(Value):
    """One file of an installation.

    Attributes:
        path: Where it goes, without a leading slash.
        member: The member it is, or None where it is written here.
        content: What is written here, in place of a member's.
        is_executable: Whether it may be run.
    """

    path: str
    member: Member | None
    content: bytes = b""
    is_executable: bool = False

    @property
    def record(self) -> Recorded:
        """Its line of RECORD."""
        return self.member.record if self.member else recorded(self.content)


class Installation(Value):
    """What a wheel comes to in an environment; RECORD is still missing, which names the compiled modules too.

    Attributes:
        environment: Where it is installed.
        info: The path of its `.dist-info` folder.
        files: Sorted by path.
    """

    environment: Environment
    info: str
    files: tuple[Placed, ...]

    @property
    def modules(self) -> tuple[Placed, ...]:
        """What Python would compile when it is imported."""
        packages = f"{self.environment.packages}/"
        return tuple(file for file in self.files if file.path.endswith(".py") and file.path.startswith(packages))

    def record(self, compiled: tuple[str, ...]) -> Placed:
        """RECORD of all files.

        Args:
            compiled: Paths of the compiled modules, which are recorded without a hash as pip does.
        """
        path = f"{self.info}/RECORD"
        lines = {
            **{file.path: file.record for file in self.files},
            **dict.fromkeys((*compiled, path), Recorded()),
        }
        packages = self.environment.packages
        return Placed(path, None, write_record({_beside(at, packages): line for at, line in lines.items()}))


def _beside(path: str, folder: str) -> str:
    """A path as seen from a folder; most are in it, and `relpath` is slow."""
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else relpath(path, folder)


def install(wheel: Wheel, environment: Environment) -> Installation:
    """Decides where each file of a wheel goes.

    Raises:
        DamagedBlob: Two would go to the same place or one outside the environment, or an entry point is none.
    """
    info = f"{environment.packages}/{wheel.info}"
    programs = dict(_programs(wheel, environment))
    placed: dict[str, Placed] = {}
    for member in wheel.members:
        file = _place(wheel, member, environment)
        if _WRAPPER.sub("", file.path) in programs:
            continue
        if file.path in placed:
            raise DamagedBlob(f"the wheel of {wheel.label} can't be used: it has two files for /{file.path}")
        placed[file.path] = file
    placed |= programs
    placed[f"{info}/INSTALLER"] = Placed(f"{info}/INSTALLER", None, _INSTALLER)
    return Installation(environment, info, tuple(placed[path] for path in sorted(placed)))


def _place(wheel: Wheel, member: Member, environment: Environment) -> Placed:
    match = _DATA.fullmatch(member.name)
    if match is None:
        return Placed(f"{environment.packages}/{member.name}", member, is_executable=member.is_executable)
    kind, rest = match["kind"], match["rest"]
    if kind == "scripts":
        return _script(wheel, member, f"{environment.programs}/{rest}", environment)
    folders = {
        "purelib": environment.packages,
        "platlib": environment.packages,
        "data": environment.root,
        "headers": environment.headers(_normalized(wheel.info.partition("-")[0])),
    }
    if kind not in folders:
        raise DamagedBlob(f"the wheel of {wheel.label} can't be used: nobody knows where {member.name} goes")
    return Placed(f"{folders[kind]}/{rest}", member, is_executable=member.is_executable)


def _normalized(name: str) -> str:
    """A distribution's name as every tool writes it. Source: PyPA specifications, names and normalization."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _script(wheel: Wheel, member: Member, path: str, environment: Environment) -> Placed:
    """A script as it is, or with the environment's Python in its first line where the wheel leaves that open."""
    if next(iter(wheel.pieces(member)), (b"", b""))[1][:8] != b"#!python":
        return Placed(path, member, is_executable=True)
    _, _, rest = wheel.read(member.name).partition(b"\n")
    return Placed(path, None, f"#!{environment.interpreter}\n".encode() + rest, is_executable=True)


def _programs(wheel: Wheel, environment: Environment) -> Iterator[tuple[str, Placed]]:
    """The programs that a wheel's entry points ask for."""
    name = f"{wheel.info}/entry_points.txt"
    if not wheel.has(name):
        return
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(wheel.read(name).decode())
    except (UnicodeDecodeError, configparser.Error) as error:
        raise DamagedBlob(f"the wheel of {wheel.label} can't be used: its entry points can't be read") from error
    for section in _PROGRAMS:
        for program, entry in parser.items(section) if parser.has_section(section) else ():
            match = _ENTRY.fullmatch(entry.strip())
            if match is None or "/" in program or program in ("", ".", ".."):
                raise DamagedBlob(f"the wheel of {wheel.label} can't be used: {program} = {entry} is no entry point")
            path = f"{environment.programs}/{program}"
            yield path, Placed(path, None, _program(match["module"], match["attribute"], environment), True)


def _program(module: str, attribute: str, environment: Environment) -> bytes:
    return (
        f"#!{environment.interpreter}\n"
        "import sys\n"
        f"from {module} import {attribute.partition('.')[0]}\n"
        'if __name__ == "__main__":\n'
        f"    sys.exit({attribute}())\n"
    ).encode()
