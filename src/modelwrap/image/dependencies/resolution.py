"""One resolution of what the model and the runtime need, for the Python and the system of one base image.

uv resolves, wheels only. What it found is kept under everything it depends on, so that building again asks no index;
`refresh` asks again.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from modelwrap.errors import RequirementsError
from modelwrap.image.cache import Cache
from modelwrap.image.dependencies.declared import Declared, read_declared
from modelwrap.image.dependencies.index_access import STRATEGY, IndexAccess, index_access
from modelwrap.image.dependencies.lock import Lock, read_lock, write_lock
from modelwrap.image.dependencies.refusals import Question, asks_who_is_there, explain, refuse_building
from modelwrap.image.dependencies.selection import MACHINES
from modelwrap.image.dependencies.settings import Surroundings
from modelwrap.image.dependencies.uv import UvFailed, run_uv
from modelwrap.image.loose_ends import half_made
from modelwrap.image.requirement_forms import normalized
from modelwrap.image.requirements import Requirements
from modelwrap.image.target import PythonTarget
from modelwrap.value import Value, field, replace

__all__ = ["Resolution", "Wanted", "prepare", "resolve"]

#: The kind of kept locks; changes when what a lock depends on changes.
_LOCKS = "locks-1"

#: The versions of manylinux that uv can be told, beside 2_17. Source: uv reference, --python-platform.
_KNOWN_GLIBC = (28, *range(31, 41))
#: uv resolves for musl 1.2, which every image of today has.
_MUSL = "unknown-linux-musl"


class Wanted(Value):
    """What is to be resolved, and how.

    Attributes:
        root: The model folder.
        requirements: What its files ask for.
        runtime: What the runtime needs, as floors.
        wheels: Folders with wheels, looked into beside the indexes.
        offline: Whether only what is on this machine may be used.
        builds: Whether wheels may be built here of what has none, which runs code of packages.
        refresh: Whether to ask the indexes again although the answer is known.
    """

    root: Path
    requirements: Requirements
    runtime: tuple[str, ...]
    wheels: tuple[Path, ...] = ()
    offline: bool = False
    builds: bool = False
    refresh: bool = False


class Resolution(Value):
    """What was resolved, with what is needed to fetch it.

    Attributes:
        lock: The packages.
        pins: The hashes that requirements demand, by package.
        access: How packages are reached.
    """

    lock: Lock
    pins: Mapping[str, frozenset[str]] = field(default_factory=dict)
    access: IndexAccess = field(default_factory=IndexAccess)


def resolve(wanted: Wanted, target: PythonTarget, surroundings: Surroundings, cache: Cache) -> Resolution:
    """Resolves the requirements of the model and of the runtime together.

    Raises:
        RequirementsError: No set of packages meets them; the message names lines and what to write instead.
        SettingsError: What pip is told on this machine can't be read.
    """
    declared, access = prepare(wanted, surroundings)
    if not wanted.builds:
        refuse_building(declared)
    lock = _kept(wanted, declared, target, access, cache)
    if wanted.requirements.is_hashed:
        _check_pins(lock, declared)
    return Resolution(lock, declared.pins, access)


def prepare(wanted: Wanted, surroundings: Surroundings) -> tuple[Declared, IndexAccess]:
    """Reads what the requirements declare, and how packages are reached.

    Raises:
        RequirementsError: A variable that the requirements name is not set.
        SettingsError: What pip is told on this machine can't be read.
    """
    declared = read_declared(wanted.requirements, wanted.root, surroundings.environment)
    return declared, index_access(surroundings, wanted.root, urls=declared.urls, trusted=declared.trusted)


def _kept(wanted: Wanted, declared: Declared, target: PythonTarget, access: IndexAccess, cache: Cache) -> Lock:
    key = _key(wanted, declared, target, access)
    document = None if wanted.refresh and not wanted.offline else cache.recall(_LOCKS, key)
    text = document.get("lock") if document else None
    if isinstance(text, str):
        return read_lock(text, wanted.root)
    lock = _resolve(wanted, declared, target, access)
    cache.remember(_LOCKS, key, {"lock": write_lock(lock, wanted.root)})
    return lock


def _key(wanted: Wanted, declared: Declared, target: PythonTarget, access: IndexAccess) -> str:
    """All that an answer depends on, but for what indexes get to offer later."""
    return json.dumps(
        [
            sorted((*declared.requirements, *wanted.runtime)),
            sorted(declared.constraints),
            [target.version, _platform(target)],
            [access.places, access.arguments, [*map(_content, access.constraints)]],
            sorted(_contents(wanted)),
            [wanted.builds, declared.prereleases],
        ]
    )


def _content(file: str) -> str:
    path = Path(file)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else file


def _contents(wanted: Wanted) -> Iterator[str]:
    """What lies in folders of wheels now, and the files that lines name: they may change under the same name."""
    for folder in (*wanted.wheels, *(wanted.root / path for path in wanted.requirements.link_folders)):
        for wheel in folder.glob("*.whl") if folder.is_dir() else ():
            status = wheel.stat()
            yield f"{wheel}:{status.st_size}:{status.st_mtime_ns}"
    for path in wanted.requirements.local:
        place = wanted.root / path
        if place.is_file():
            yield f"{place}:{hashlib.sha256(place.read_bytes()).hexdigest()}"


def _resolve(
    wanted: Wanted, declared: Declared, target: PythonTarget, access: IndexAccess, *, explains: bool = True
) -> Lock:
    with tempfile.TemporaryDirectory(prefix="modelwrap-") as name, half_made(Path(name)):
        folder = Path(name)
        requirements, constraints = folder / "requirements.txt", folder / "constraints.txt"
        requirements.write_text("".join(f"{line}\n" for line in (*declared.requirements, *wanted.runtime)), "utf-8")
        constraints.write_text("".join(f"{line}\n" for line in declared.constraints), "utf-8")
        arguments = _arguments(wanted, declared, target, access, requirements, constraints)
        try:
            text = run_uv(arguments, access.variables, wanted.root)
        except UvFailed as failure:
            if not explains:
                raise RequirementsError(failure.complaint) from failure
            newest = _newest(wanted, declared, target, access)
            question = Question(wanted.runtime, declared, target, newest, is_offline=wanted.offline)
            complaint = _with_reason(failure.complaint, arguments, access, wanted.root)
            raise RequirementsError(explain(complaint, question)) from failure
    return read_lock(text, wanted.root, "what uv wrote")


def _with_reason(complaint: str, arguments: list[str], access: IndexAccess, folder: Path) -> str:
    """The complaint with the refusal of an index, which uv only tells when it takes the first one that has a name."""
    if "was not found in" not in complaint or STRATEGY not in arguments:
        return complaint
    place = arguments.index(STRATEGY)
    try:
        run_uv([*arguments[:place], *arguments[place + 2 :]], access.variables, folder)
    except UvFailed as failure:
        return failure.complaint if asks_who_is_there(failure.complaint) else complaint
    return complaint


def _arguments(
    wanted: Wanted,
    declared: Declared,
    target: PythonTarget,
    access: IndexAccess,
    requirements: Path,
    constraints: Path,
) -> list[str]:
    return [
        *("pip", "compile", str(requirements), "--constraints", str(constraints)),
        *("--format", "pylock.toml", "--generate-hashes", "--no-header", "--quiet"),
        *("--python", sys.executable, "--python-version", target.version, "--python-platform", _platform(target)),
        *(() if wanted.builds else ("--only-binary", ":all:")),
        *(("--offline",) if wanted.offline else ()),
        *(("--refresh",) if wanted.refresh and not wanted.offline else ()),
        *(("--prerelease", "allow") if declared.prereleases else ()),
        *(argument for place in wanted.wheels for argument in ("--find-links", str(place.resolve()))),
        *(argument for file in access.constraints for argument in ("--constraints", file)),
        *access.arguments,
    ]


def _platform(target: PythonTarget) -> str:
    """The platform as uv names it; of glibc the newest version that uv knows and the base has."""
    machine = MACHINES.get(target.platform.architecture, target.platform.architecture)
    if target.libc == "musl":
        return f"{machine}-{_MUSL}"
    _, minor = target.libc_version
    known = max((version for version in _KNOWN_GLIBC if version <= minor), default=17)
    return f"{machine}-manylinux_2_{known}"


def _newest(wanted: Wanted, declared: Declared, target: PythonTarget, access: IndexAccess) -> Callable[[str], str]:
    """What finds the newest version of a package that has a wheel for the target; it gives nothing if there is none."""

    def newest(name: str) -> str:
        options = tuple(line for line in declared.requirements if line.startswith("-"))
        alone = replace(declared, requirements=(*options, name), constraints=())
        try:
            lock = _resolve(replace(wanted, runtime=(), builds=False), alone, target, access, explains=False)
        except RequirementsError:
            return ""
        return next((package.version for package in lock.packages if package.name == normalized(name)), "")

    return newest


def _check_pins(lock: Lock, declared: Declared) -> None:
    """One hash makes pip demand one of every package; here too, or an image would depend on which tool made it."""
    missing = [str(package) for package in lock.packages if package.name not in declared.pins]
    if missing:
        raise RequirementsError(
            f"the requirements have hashes, but none for {', '.join(missing)}\n"
            "make them again with all that is needed: uv pip compile --generate-hashes"
        )
