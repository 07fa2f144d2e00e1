"""Wheels made here of what has none, where the user allows it: the one place that runs code of packages.

A wheel is made by the Python that runs modelwrap, in a copy of its source. It is taken if its tags fit the base;
whether its libraries do is found out with those of all other wheels.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from modelwrap.errors import DamagedBlob, RequirementsError
from modelwrap.image.cache import Cache
from modelwrap.image.dependencies.downloads import Downloads
from modelwrap.image.dependencies.index_access import IndexAccess
from modelwrap.image.dependencies.lock import Artifact, Package, Repository
from modelwrap.image.dependencies.passwords import without_password
from modelwrap.image.dependencies.refusals import WAYS_OUT
from modelwrap.image.dependencies.selection import Chosen, tags_of
from modelwrap.image.dependencies.uv import UvFailed, run_uv
from modelwrap.image.loose_ends import half_made, run_program
from modelwrap.image.target import PythonTarget
from modelwrap.value import replace

__all__ = ["build_wheels"]

#: The kind of kept digests of built wheels, by what they were made of.
_BUILT = "built-1"
#: Archives that are made while building have this time, so that the same source makes the same wheel where it can.
_EPOCH = "315532800"
#: What a copy of a project goes without.
_LEFT_OUT = shutil.ignore_patterns(".git", ".hg", ".venv", "venv", "build", "dist", "__pycache__", "*.egg-info")


def build_wheels(
    chosen: Sequence[Chosen],
    target: PythonTarget,
    access: IndexAccess,
    cache: Cache,
    *,
    is_allowed: bool,
    offline: bool = False,
) -> tuple[Chosen, ...]:
    """Makes a wheel of each package that has none.

    Args:
        chosen: All packages.
        target: The Python that wheels must fit.
        access: How packages are reached.
        cache: Where wheels are kept.
        is_allowed: Whether code of packages may be run.
        offline: Whether only what is on this machine may be used.

    Returns:
        All packages, each with a wheel.

    Raises:
        RequirementsError: A wheel may not be made, can't be made, or does not fit.
        DamagedBlob: A source archive is not what the lock means.
    """
    waiting = [str(one.package) for one in chosen if one.must_be_built]
    if waiting and not is_allowed:
        ways = "\n".join(f"  {way}" for way in WAYS_OUT)
        raise RequirementsError(f"there is no wheel of {', '.join(waiting)} for this platform, only source\n{ways}")
    builder = _Builder(target, access, cache, offline)
    return tuple(builder.built(one) if one.must_be_built else one for one in chosen)


class _Builder:
    def __init__(self, target: PythonTarget, access: IndexAccess, cache: Cache, offline: bool) -> None:
        self._target = target
        self._access = access
        self._cache = cache
        self._offline = offline

    def built(self, chosen: Chosen) -> Chosen:
        package = chosen.package
        key = _key(package, self._target)
        artifact = self._kept(key)
        if artifact is None:
            with tempfile.TemporaryDirectory(prefix="modelwrap-") as name, half_made(Path(name)):
                wheel = self._build(package, chosen.artifact, Path(name))
                self._check(package, wheel.name)
                artifact = self._keep(wheel, key)
        return Chosen(replace(package, version=package.version or _version(artifact.name)), artifact)

    def _build(self, package: Package, source: Artifact | None, folder: Path) -> Path:
        place = self._source(package, source, folder)
        out = folder / "wheels"
        arguments = ["build", "--wheel", "--out-dir", str(out), "--python", sys.executable, *self._access.arguments]
        try:
            run_uv(
                [*arguments, *(("--offline",) if self._offline else ()), str(place)],
                {**self._access.variables, "SOURCE_DATE_EPOCH": _EPOCH},
                folder,
            )
        except UvFailed as failure:
            raise RequirementsError(f"no wheel can be made of {package}\n{_last(failure.complaint)}") from failure
        wheels = sorted(out.glob("*.whl"))
        if len(wheels) != 1:
            raise RequirementsError(f"building {package} made {len(wheels) or 'no'} wheels, not one")
        return wheels[0]

    def _source(self, package: Package, source: Artifact | None, folder: Path) -> Path:
        if package.directory:
            copy = folder / "source"
            shutil.copytree(package.directory, copy, symlinks=True, ignore=_LEFT_OUT)
            return copy
        if package.vcs:
            return self._clone(package, package.vcs, folder / "source")
        if source is None:
            raise RequirementsError(f"{package} has no source that a wheel could be made of")
        return self._archive(package, source, folder)

    def _archive(self, package: Package, source: Artifact, folder: Path) -> Path:
        """The source archive under its own name, which says what it is."""
        place = source.path or self._cache.blob(f"sha256:{source.sha256}", source.size)
        if place is None:
            if self._offline:
                raise RequirementsError(f"the source of {package} is not on this machine: run once without --offline")
            with Downloads(self._access, at_once=1) as downloads, self._cache.writer() as writer:
                downloads.fetch(source.url, writer, lambda _: None)
                if source.sha256 and writer.digest != f"sha256:{source.sha256}":
                    raise DamagedBlob(f"{without_password(source.url)} is not the file that the lock means")
            place = self._cache.place_of(writer.digest)
        return Path(shutil.copyfile(place, folder / source.name))

    def _clone(self, package: Package, repository: Repository, place: Path) -> Path:
        if repository.kind != "git":
            raise RequirementsError(f"{package} is in a repository of {repository.kind}; only git's can be built")
        url = without_password(repository.url)
        variables = {**self._access.variables, **self._git_password(repository.url), "GIT_TERMINAL_PROMPT": "0"}
        for arguments in (
            ("clone", "--quiet", "--no-checkout", url, str(place)),
            ("-C", str(place), "checkout", "--quiet", repository.commit),
        ):
            _run_git(arguments, variables, f"{package} can't be cloned from {url}")
        return place / repository.folder

    def _git_password(self, url: str) -> Mapping[str, str]:
        header = self._access.passwords.header_for(url)
        if header is None:
            return {}
        pair = {"GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": f"Authorization: {header}"}
        return {"GIT_CONFIG_COUNT": "1", **pair}

    def _check(self, package: Package, name: str) -> None:
        try:
            tags = parse_wheel_filename(name)[3]
        except InvalidWheelFilename as error:
            raise RequirementsError(f"building {package} made {name}, which is no name of a wheel") from error
        if not tags & set(tags_of(self._target)):
            target = self._target
            raise RequirementsError(
                f"the wheel made of {package} here, {name}, does not fit Python {target.minor} on {target.platform}\n"
                "  run modelwrap with that Python on such a machine, or build with Docker: modelwrap wrap"
            )

    def _kept(self, key: str) -> Artifact | None:
        document = (self._cache.recall(_BUILT, key) or {}) if key else {}
        name, digest = document.get("name"), document.get("digest")
        if not isinstance(name, str) or not isinstance(digest, str) or not (place := self._cache.blob(digest)):
            return None
        return Artifact(name, path=place, hashes={"sha256": digest.removeprefix("sha256:")})

    def _keep(self, wheel: Path, key: str) -> Artifact:
        with self._cache.writer() as writer, wheel.open("rb") as file:
            shutil.copyfileobj(file, writer)
        digest = writer.digest
        if key:
            self._cache.remember(_BUILT, key, {"name": wheel.name, "digest": digest})
        place = self._cache.place_of(digest)
        return Artifact(wheel.name, path=place, hashes={"sha256": digest.removeprefix("sha256:")})


def _key(package: Package, target: PythonTarget) -> str:
    """What a wheel is made of; nothing for a folder, which may change at any time."""
    sources = (package.archive, package.sdist)
    source = next((one.sha256 for one in sources if one and one.sha256), "") or (package.vcs and package.vcs.commit)
    return f"{source}|{package.name}|{sys.version}|{target.minor}" if source and not package.directory else ""


def _version(name: str) -> str:
    return str(parse_wheel_filename(name)[1])


def _run_git(arguments: Sequence[str], variables: Mapping[str, str], failure: str) -> None:
    try:
        done = run_program(["git", *arguments], variables)
    except OSError as error:
        raise RequirementsError(f"{failure}: git can't be run ({error.strerror})") from error
    if done.returncode:
        raise RequirementsError(f"{failure}\n{_last(os.fsdecode(done.stderr))}")


def _last(complaint: str) -> str:
    """The end of what a program wrote, where the reason is."""
    lines = [f"  {line}" for line in complaint.strip().splitlines()[-12:]]
    return "\n".join(lines)
