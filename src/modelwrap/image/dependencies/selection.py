"""From a lock to the one file of each package that an image's Python takes. Nothing is fetched here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from modelwrap.errors import RequirementsError
from modelwrap.image.dependencies.lock import Artifact, Lock, Package
from modelwrap.image.target import PythonTarget
from modelwrap.value import Value

__all__ = ["Chosen", "environment_of", "select", "tags_of"]

#: The machine as wheels and markers name it, by the architecture as images do.
MACHINES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "386": "i686",
    "arm": "armv7l",
    "riscv64": "riscv64",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
}
#: The older names of manylinux by the glibc they stand for, and the machines they are for. Source: PEP 600.
_OLD_NAMES = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_OF_OLD_NAMES = {"manylinux2014": None, "manylinux2010": {"x86_64", "i686"}, "manylinux1": {"x86_64", "i686"}}
_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}


class Chosen(Value):
    """The file that one package comes from.

    Attributes:
        package: The package of the lock.
        artifact: Its wheel, or what one must be built of.
        must_be_built: Whether it is no wheel.
    """

    package: Package
    artifact: Artifact | None
    must_be_built: bool = False


def select(lock: Lock, target: PythonTarget, pins: Mapping[str, frozenset[str]] | None = None) -> tuple[Chosen, ...]:
    """Chooses a file for each package that the target needs.

    Args:
        lock: All packages.
        target: The Python they are for.
        pins: Hashes that the user demands, by package, as `sha256:…`.

    Raises:
        RequirementsError: The lock is for another Python, or a package has no file that fits; all of them are named.
    """
    _check_python("the lock", lock.requires_python, target)
    rank = {tag: index for index, tag in enumerate(tags_of(target))}
    environment = environment_of(target)
    wanted = [package for package in lock.packages if _is_wanted(package, environment)]
    _check_names(wanted)
    faults = [fault for package in wanted for fault in _faults(package, target, rank, (pins or {}).get(package.name))]
    if faults:
        raise RequirementsError("\n".join(faults))
    return tuple(_choose(package, rank, (pins or {}).get(package.name)) for package in wanted)


def tags_of(target: PythonTarget) -> Iterator[Tag]:
    """The tags of wheels that a target takes, the best first."""
    version = tuple(int(number) for number in target.minor.split("."))
    platforms = list(_platforms(target))
    yield from cpython_tags(version, platforms=platforms)
    yield from compatible_tags(version, interpreter=target.tag, platforms=platforms)


def _platforms(target: PythonTarget) -> Iterator[str]:
    machine = MACHINES.get(target.platform.architecture, target.platform.architecture)
    major, minor = target.libc_version
    if target.libc == "musl":
        for below in range(minor, -1, -1):
            yield f"musllinux_{major}_{below}_{machine}"
    else:
        for below in range(minor, _OLDEST_GLIBC.get(machine, 17) - 1, -1):
            yield f"manylinux_{major}_{below}_{machine}"
            old = _OLD_NAMES.get((major, below))
            if old and machine in (_OF_OLD_NAMES[old] or {machine}):
                yield f"{old}_{machine}"
    yield f"linux_{machine}"


def environment_of(target: PythonTarget) -> dict[str, str]:
    """What environment markers are asked about. Source: PEP 508."""
    return {
        "implementation_name": "cpython",
        "implementation_version": target.version,
        "os_name": "posix",
        "platform_machine": MACHINES.get(target.platform.architecture, target.platform.architecture),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": target.version,
        "python_version": target.minor,
        "sys_platform": "linux",
        "extra": "",
    }


def _is_wanted(package: Package, environment: dict[str, str]) -> bool:
    if not package.marker:
        return True
    from packaging.markers import (  # noqa: PLC0415 - 8 ms, and locks made here for one platform have none
        InvalidMarker,
        Marker,
        UndefinedEnvironmentName,
    )

    try:
        return Marker(package.marker).evaluate(environment)
    except (InvalidMarker, UndefinedEnvironmentName) as error:
        raise RequirementsError(
            f"the lock's {package} has a marker that can't be read: {package.marker}\n{error}\n"
            "export a lock without groups and extras: uv pip compile --format pylock.toml"
        ) from error


def _check_python(what: str, requirement: str, target: PythonTarget) -> None:
    if requirement and not _admits(requirement, target):
        raise RequirementsError(
            f"{what} is for Python {requirement}, and the base image brings {target.version}\n"
            "take a base image with such a Python, or make the lock again without --lock"
        )


def _admits(requirement: str, target: PythonTarget) -> bool:
    try:
        return SpecifierSet(requirement).contains(target.version, prereleases=True)
    except InvalidSpecifier:
        return True


def _check_names(wanted: list[Package]) -> None:
    seen = dict[str, Package]()
    for package in wanted:
        other = seen.setdefault(package.name, package)
        if other is not package:
            raise RequirementsError(
                f"the lock has both {other} and {package} for this platform; one environment holds one"
            )


def _faults(package: Package, target: PythonTarget, rank: dict[Tag, int], pins: frozenset[str] | None) -> Iterator[str]:
    if package.requires_python and not _admits(package.requires_python, target):
        yield f"{package} is for Python {package.requires_python}, and the base image brings {target.version}"
    elif (found := _best(package, rank, None)) is None and not _can_be_built(package):
        tags = ", ".join(wheel.name for wheel in package.wheels) or "no file at all"
        yield f"{package} has no wheel for {_describe(target)}, only {tags}"
    elif found is not None and pins and _best(package, rank, pins) is None:
        yield (
            f"{package}: no wheel of it for {_describe(target)} has a hash that the requirements name; the best is\n"
            f"  {found.name} --hash=sha256:{found.sha256 or '?'}"
        )


def _describe(target: PythonTarget) -> str:
    libc = f"{target.libc} {'.'.join(map(str, target.libc_version))}"
    return f"Python {target.minor} on {target.platform} with {libc}"


def _can_be_built(package: Package) -> bool:
    return bool(
        package.sdist or package.directory or package.vcs or (package.archive and not _is_wheel(package.archive))
    )


def _is_wheel(artifact: Artifact) -> bool:
    return artifact.name.endswith(".whl")


def _choose(package: Package, rank: dict[Tag, int], pins: frozenset[str] | None) -> Chosen:
    best = _best(package, rank, pins)
    if best is not None:
        return Chosen(package, best)
    return Chosen(package, package.archive or package.sdist, must_be_built=True)


def _best(package: Package, rank: dict[Tag, int], pins: frozenset[str] | None) -> Artifact | None:
    files = [package.archive] if package.archive and _is_wheel(package.archive) else package.wheels
    fitting = ((_rank(file, rank), file.name, file) for file in files if not pins or _is_pinned(file, pins))
    return min((entry for entry in fitting if entry[0] is not None), key=_by_rank, default=(0, "", None))[2]


def _by_rank(entry: tuple[int | None, str, Artifact]) -> tuple[int, str]:
    return entry[0] or 0, entry[1]


def _is_pinned(file: Artifact, pins: frozenset[str]) -> bool:
    # A hash by another algorithm than sha256 can only be checked once the file is here.
    known = {f"{algorithm}:{value}" for algorithm, value in file.hashes.items()}
    return not known or bool(known & pins) or not {pin.partition(":")[0] for pin in pins} & set(file.hashes)


def _rank(file: Artifact, rank: dict[Tag, int]) -> int | None:
    try:
        tags = parse_wheel_filename(file.name)[3]
    except InvalidWheelFilename:
        return None
    return min((rank[tag] for tag in tags if tag in rank), default=None)
