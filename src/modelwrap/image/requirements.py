"""What the model needs: its requirements files read, each line taken or refused with the way out.

pip does the resolving, inside the image. Here it is only settled which files of the model folder pip must find there,
and that no line depends on this machine or carries a secret.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Container, Mapping
from pathlib import Path

from modelwrap.errors import ProjectError
from modelwrap.image.bygone import what_instead
from modelwrap.image.floors import is_below
from modelwrap.image.requirement_forms import (
    ARCHIVE,
    CONDA,
    HASH,
    NAMED,
    PASSWORD,
    URL,
    VARIABLE,
    is_remote,
    looks_like_path,
    normalized,
)
from modelwrap.image.requirement_lines import Line, decode, option_of, read_lines
from modelwrap.value import Value

__all__ = ["REQUIREMENTS_FILE", "Requirements", "read_requirements"]

REQUIREMENTS_FILE = "requirements.txt"

#: Options that pip takes in a requirements file and that need nothing from the folder.
_PLAIN_OPTIONS = {
    *("--pre", "--prefer-binary", "--no-binary", "--only-binary", "--use-feature", "--trusted-host", "--no-index"),
    *("--index-url", "-i", "--extra-index-url"),
}


class Requirements(Value):
    """What the requirements files say, as far as making the image goes.

    Attributes:
        files: The requirements and constraints files, `requirements.txt` first; empty where the folder has none.
        local: Files and projects of the model folder that they name: pip must find them when it installs.
        link_folders: Folders of the model folder that pip looks for packages in: `--find-links`.
        names: The packages they name, normalized.
        variables: Environment variables that pip fills in: `${TOKEN}`.
        uses_git: Whether pip needs git.
        is_hashed: Whether they pin hashes, which makes pip demand one of every package.
        lines: Every instruction of the files, in the order pip reads them.
        constraints: Those of the files that only limit versions: `-c`.
    """

    files: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    link_folders: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    variables: tuple[str, ...] = ()
    uses_git: bool = False
    is_hashed: bool = False
    lines: tuple[Line, ...] = ()
    constraints: frozenset[str] = frozenset()


def read_requirements(
    root: Path, present: Container[str], runtime: tuple[str, ...], file: str = REQUIREMENTS_FILE
) -> Requirements:
    """Reads `requirements.txt`, or what is given in its place, and all that it includes.

    Args:
        root: The model folder, or the folder of a file outside of it.
        present: The paths that may be named, relative to the root.
        runtime: What modelwrap's runtime needs, as floors: `numpy>=1.26`.
        file: The first file to read.

    Raises:
        ProjectError: Lines that can't work in an image; the message lists each with what to write instead.
    """
    if not (root / file).exists():
        return Requirements()
    reader = _Reader(root, present, {normalized(line.partition(">=")[0]): line for line in runtime})
    reader.read_file(file)
    reader.check_hashes()
    if reader.faults:
        raise ProjectError("\n".join(reader.faults))
    return Requirements(
        tuple(reader.files),
        tuple(sorted(reader.local)),
        tuple(sorted(reader.link_folders)),
        frozenset(reader.names),
        tuple(sorted(reader.variables)),
        reader.uses_git,
        reader.first_hash is not None,
        tuple(reader.lines),
        frozenset(reader.constraints),
    )


class _Reader:
    def __init__(self, root: Path, present: Container[str], runtime: Mapping[str, str]) -> None:
        self.root = root
        self.present = present
        self.runtime = runtime
        self.files: list[str] = []
        self.local: set[str] = set()
        self.link_folders: set[str] = set()
        self.names: set[str] = set()
        self.variables: set[str] = set()
        self.faults: list[str] = []
        self.lines: list[Line] = []
        self.constraints: set[str] = set()
        self.uses_git = False
        self.first_hash: Line | None = None

    def read_file(self, name: str) -> None:
        if name in self.files:
            return
        self.files.append(name)
        if name not in self.present:
            self.faults.append(f"{name} is left out of the image, but pip must read it there")
            return
        try:
            text = decode((self.root / name).read_bytes())
        except (OSError, UnicodeDecodeError) as error:
            self.faults.append(f"{name} can't be read: {error}\n  save it as UTF-8 text")
            return
        for line in read_lines(name, text):
            self._read_line(line)

    def check_hashes(self) -> None:
        missing = [name for name in self.runtime if name not in self.names]
        if self.first_hash and missing:
            self._refuse(
                self.first_hash,
                "a hash makes pip demand one for every package, the runtime's included; "
                f"name {', '.join(missing)} too and resolve again: `uv pip compile --generate-hashes`",
            )

    def _read_line(self, line: Line) -> None:
        self.lines.append(line)
        self.variables.update(VARIABLE.findall(line.text))
        if PASSWORD.search(line.text):
            self.faults.append(
                f"{line.file}:{line.number}: the URL holds a password, which anyone with the image could read\n"
                "  write ${NAME} in its place and set NAME when you run ./build_image.sh"
            )
            return
        if self.first_hash is None and HASH.search(line.text):
            self.first_hash = line
        option = option_of(line.text)
        if option:
            self._read_option(line, *option)
        else:
            self._read_requirement(line, re.split(r"\s--[a-z]", line.text, maxsplit=1)[0].strip())

    def _read_option(self, line: Line, option: str, value: str) -> None:
        readers: dict[str, Callable[[Line, str], None]] = {
            "-r": self._include,
            "--requirement": self._include,
            "-c": self._constrain,
            "--constraint": self._constrain,
            "-f": self._find_links,
            "--find-links": self._find_links,
            "-e": self._read_requirement,
            "--editable": self._read_requirement,
            "--require-hashes": self._require_hashes,
        }
        if reader := readers.get(option):
            reader(line, value)
        elif option not in _PLAIN_OPTIONS:
            self._refuse(line, f"pip takes no {option} in a requirements file")

    def _include(self, line: Line, value: str) -> None:
        if is_remote(value):
            return
        if (path := self._inside(line, value, posixpath.dirname(line.file))) is not None:
            if line.file in self.constraints and path not in self.files:
                self.constraints.add(path)
            self.read_file(path)

    def _constrain(self, line: Line, value: str) -> None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(line.file), value))
        if path not in self.files:
            self.constraints.add(path)
        self._include(line, value)

    def _find_links(self, line: Line, value: str) -> None:
        if is_remote(value):
            return
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(line.file), value))
        base = posixpath.dirname(line.file) if beside in self.present else ""
        if (path := self._inside(line, value, base)) is not None:
            self.link_folders.add(path)

    def _require_hashes(self, line: Line, _value: str) -> None:
        self.first_hash = self.first_hash or line

    def _read_requirement(self, line: Line, text: str) -> None:
        target = re.split(r"\s;", text, maxsplit=1)[0].strip()
        match = NAMED.fullmatch(text)
        if match and (match["url"] or not ARCHIVE.fullmatch(target)):
            self._read_named(line, match)
        elif URL.fullmatch(target) and not re.match(r"[A-Za-z]:[\\/]", target):
            self._read_url(line, target)
        elif looks_like_path(target):
            self._read_path(line, target)
        elif CONDA.fullmatch(target):
            self._refuse(line, "that is conda's form; pip's is name==version (`pip list --format=freeze` writes it)")
        else:
            self._refuse(line, "pip can't read this; a requirement is name, name==version or name>=version")

    def _read_named(self, line: Line, match: re.Match[str]) -> None:
        name = normalized(match["name"])
        floor = self.runtime.get(name, "")
        if name == "modelwrap":
            self._refuse(line, "remove it: the image has the runtime of the modelwrap that made it, and no other")
        elif floor and not match["marker"] and is_below(match["versions"] or "", floor.partition(">=")[2]):
            self._refuse(line, f"the server needs {floor}, and one environment holds both")
        elif not match["marker"] and (advice := what_instead(name, match["versions"] or "")):
            self._refuse(line, advice)
        self.names.add(name)
        if match["url"]:
            self._read_url(line, match["url"])

    def _read_url(self, line: Line, url: str) -> None:
        match = URL.fullmatch(url)
        vcs, scheme = (match["vcs"] or "", match["scheme"].lower()) if match else ("", "")
        if scheme == "file" or not match:
            self._refuse(line, "that file is on this machine only; name the package with its version, or put a wheel "
                               "into the model folder and write ./wheels/name.whl")  # fmt: skip
        elif vcs and vcs.lower() != "git":
            self._refuse(line, f"there is no {vcs} in the image; build a wheel, put it into the model folder, name it")
        elif vcs and scheme not in {"https", "http"}:
            self._refuse(line, "the build has no SSH key; write git+https://… (with ${TOKEN}@ if it is private)")
        self.uses_git |= bool(vcs)

    def _read_path(self, line: Line, target: str) -> None:
        path = self._inside(line, re.sub(r"\[[^\]]*\]$", "", target), "")
        if path is not None:
            self.local.add(path)
            if wheel := re.fullmatch(r"([A-Za-z0-9_.]+?)-.+\.whl", posixpath.basename(path)):
                self.names.add(normalized(wheel[1]))

    def _inside(self, line: Line, value: str, base: str) -> str | None:
        """The path in the model folder that a line names, or None after refusing the line."""
        path = posixpath.normpath(posixpath.join(base, value))
        if not value:
            self._refuse(line, "it names no file")
        elif "\\" in value:
            self._refuse(line, "write the path with slashes")
        elif posixpath.isabs(value) or value.startswith("~"):
            self._refuse(line, "that path is on this machine only; put it into the model folder, name it from there")
        elif path == ".." or path.startswith("../"):
            self._refuse(line, "that path lies outside the model folder; put it inside")
        elif path != "." and path not in self.present:
            self._refuse(line, f"{path} is {self._absence(path)}")
        else:
            return path
        return None

    def _absence(self, path: str) -> str:
        return "left out of the image" if (self.root / path).exists() else "not in the model folder"

    def _refuse(self, line: Line, advice: str) -> None:
        self.faults.append(f"{line}\n  {advice}")
