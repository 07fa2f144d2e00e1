"""What the requirements files ask for, in the form that uv takes: one flat list, and one of constraints.

Every form of line that pip takes is carried over, or read here: what uv would ignore becomes an argument, paths become
whole, hashes are kept to be checked at the end, and what must be built is set apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import dirname, join, normpath

from modelwrap.errors import RequirementsError
from modelwrap.image.requirement_forms import ARCHIVE, NAMED, URL, VARIABLE, is_remote, looks_like_path, normalized
from modelwrap.image.requirement_lines import Line, option_of
from modelwrap.image.requirements import Requirements
from modelwrap.value import Value, field

__all__ = ["Declared", "read_declared"]

_HASH = re.compile(r"\s--hash(?:\s*=\s*|\s+)(?P<algorithm>[a-z0-9]+):(?P<value>[0-9a-fA-F]+)")
_ITS_OPTIONS = re.compile(r"\s--[a-z].*$", re.DOTALL)
_EXTRAS = re.compile(r"(?P<path>.*?)(?P<extras>\[[^\]]*\])?")
#: Options that change nothing here: wheels are preferred anyway, and what is experimental in pip is not uv's.
_WITHOUT_EFFECT = {"--prefer-binary", "--use-feature", "--only-binary", "--require-hashes"}
_INDEXES = {"-i": "--index-url", "--index-url": "--index-url", "--extra-index-url": "--extra-index-url"}


class Declared(Value):
    """What requirements ask for.

    Attributes:
        requirements: The lines for uv.
        constraints: The lines that only limit versions.
        named: For each package, the lines that name it.
        built: Lines that name what only building makes a wheel of: projects, source archives, repositories.
        from_source: Lines that forbid wheels: `--no-binary`.
        pins: For each package, the hashes that its lines demand, as `sha256:…`.
        urls: Addresses in them, filled in: indexes and files.
        trusted: Hosts that they trust.
        prereleases: Whether they take versions that are not final: `--pre`.
    """

    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    named: Mapping[str, tuple[Line, ...]] = field(default_factory=dict)
    built: tuple[Line, ...] = ()
    from_source: tuple[Line, ...] = ()
    pins: Mapping[str, frozenset[str]] = field(default_factory=dict)
    urls: tuple[str, ...] = field(default=(), shown=False)
    trusted: tuple[str, ...] = ()
    prereleases: bool = False


def read_declared(requirements: Requirements, root: Path, environment: Mapping[str, str]) -> Declared:
    """Reads the lines of a model's requirements.

    Args:
        requirements: What was read of the files.
        root: The model folder, which paths in them are relative to.
        environment: Where `${NAME}` in them is filled in from.

    Raises:
        RequirementsError: A variable that they name is not set.
    """
    _check_variables(requirements, environment)
    reader = _Reader(root, requirements.constraints, environment)
    for line in requirements.lines:
        reader.read(line)
    return Declared(
        tuple(reader.requirements),
        tuple(reader.constraining),
        {name: tuple(lines) for name, lines in reader.named.items()},
        tuple(reader.built),
        tuple(reader.from_source),
        {name: frozenset(values) for name, values in reader.pins.items()},
        tuple(reader.urls),
        tuple(reader.trusted),
        reader.prereleases,
    )


def _check_variables(requirements: Requirements, environment: Mapping[str, str]) -> None:
    for line in requirements.lines:
        for name in VARIABLE.findall(line.text):
            if not environment.get(name):
                raise RequirementsError(f"{line}\n  {name} is not set: export {name}=… and run this again")


class _Reader:
    def __init__(self, root: Path, constraints: frozenset[str], environment: Mapping[str, str]) -> None:
        self.root = root
        self.constraints = constraints
        self.environment = environment
        self.requirements: list[str] = []
        self.constraining: list[str] = []
        self.named: dict[str, list[Line]] = {}
        self.built: list[Line] = []
        self.from_source: list[Line] = []
        self.pins: dict[str, set[str]] = {}
        self.urls: list[str] = []
        self.trusted: list[str] = []
        self.prereleases = False

    def read(self, line: Line) -> None:
        option = option_of(line.text)
        if option is None:
            self._requirement(line, line.text, "")
        elif option[0] in ("-e", "--editable"):
            self._requirement(line, option[1], "-e ")
        else:
            self._option(line, *option)

    def _option(self, line: Line, option: str, value: str) -> None:
        if option in _INDEXES:
            self.requirements.append(f"{_INDEXES[option]} {value}")
            self.urls.append(self._filled(value))
        elif option in ("-f", "--find-links"):
            self.requirements.append(f"--find-links {value if is_remote(value) else self._folder(line, value)}")
        elif option in ("-r", "--requirement", "-c", "--constraint") and is_remote(value):
            self._target(line).append(f"{option} {value}")
        elif option == "--no-index":
            self.requirements.append(option)
        elif option == "--no-binary" and value != ":none:":
            self.from_source.append(line)
            self.requirements.append(f"--no-binary {value}")
        elif option == "--trusted-host":
            self.trusted.append(value)
        elif option == "--pre":
            self.prereleases = True

    def _requirement(self, line: Line, text: str, prefix: str) -> None:
        pins = {f"{match['algorithm']}:{match['value'].lower()}" for match in _HASH.finditer(line.text)}
        text = _ITS_OPTIONS.sub("", text).strip()
        target, marker = _split_marker(text)
        match = NAMED.fullmatch(text)
        if match and (match["url"] or not ARCHIVE.fullmatch(target)):
            self._named(line, text, normalized(match["name"]), pins)
            target = match["url"] or ""
        elif URL.fullmatch(target):
            self._target(line).append(text)
        elif looks_like_path(target):
            path, extras = _split_extras(target)
            whole = (self.root / path).as_posix() if prefix else (self.root / path).as_uri()
            # An editable install would point at a folder that is not in the image.
            self._target(line).append(f"{whole}{extras}{marker}")
            if wheel := re.fullmatch(r"([A-Za-z0-9_.]+?)-.+\.whl", Path(path).name):
                self._note(line, normalized(wheel[1]), pins)
        if target and (URL.fullmatch(target) or looks_like_path(target)):
            self._source(line, target)

    def _named(self, line: Line, text: str, name: str, pins: set[str]) -> None:
        self._target(line).append(text)
        self._note(line, name, pins)

    def _note(self, line: Line, name: str, pins: set[str]) -> None:
        self.named.setdefault(name, []).append(line)
        if pins:
            self.pins.setdefault(name, set()).update(pins)

    def _source(self, line: Line, target: str) -> None:
        match = URL.fullmatch(target)
        if match:
            self.urls.append(self._filled(target.removeprefix(f"{match['vcs']}+")))
        file = _split_extras(target.partition("#")[0].partition("?")[0])[0]
        if (match and match["vcs"]) or not file.endswith(".whl"):
            self.built.append(line)

    def _target(self, line: Line) -> list[str]:
        return self.constraining if line.file in self.constraints else self.requirements

    def _folder(self, line: Line, value: str) -> str:
        """A folder with packages: beside the file that names it, else from the model folder, as pip has it."""
        beside = self.root / normpath(join(dirname(line.file), value))
        return str(beside if beside.is_dir() else self.root / value)

    def _filled(self, text: str) -> str:
        return VARIABLE.sub(lambda match: self.environment.get(match[1], ""), text)


def _split_marker(text: str) -> tuple[str, str]:
    parts = re.split(r"(?=\s;)", text, maxsplit=1)
    return parts[0].strip(), parts[1] if len(parts) > 1 else ""


def _split_extras(target: str) -> tuple[str, str]:
    match = _EXTRAS.fullmatch(target)
    return (match["path"], match["extras"] or "") if match else (target, "")


def places_of(named: Mapping[str, tuple[Line, ...]], name: str) -> Iterator[Line]:
    """The lines that name a package."""
    yield from named.get(normalized(name), ())
