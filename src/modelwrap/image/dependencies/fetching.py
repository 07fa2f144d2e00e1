"""The chosen wheels brought to this machine: side by side, each checked against its hash, each only once.

What was fetched is kept under its digest. A file of this machine is used where it lies, once its hash was checked, and
again when it has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from modelwrap.errors import DamagedBlob, RequirementsError
from modelwrap.image.cache import Cache
from modelwrap.image.dependencies.downloads import Downloads
from modelwrap.image.dependencies.file_hashes import hashes_of, kept_hashes
from modelwrap.image.dependencies.index_access import IndexAccess
from modelwrap.image.dependencies.lock import Artifact, Lock, with_hash
from modelwrap.image.dependencies.passwords import without_password
from modelwrap.image.dependencies.selection import Chosen
from modelwrap.image.oci import Digest
from modelwrap.image.steps import Step
from modelwrap.image.target import WheelFile
from modelwrap.value import Value

__all__ = ["complete", "fetch"]

#: The kind of kept digests of files whose index gave no hash, by their address.
_ADDRESSES = "addresses-1"
_AT_ONCE = 8


def fetch(
    chosen: Sequence[Chosen],
    access: IndexAccess,
    cache: Cache,
    step: Step,
    *,
    pins: Mapping[str, frozenset[str]] | None = None,
    offline: bool = False,
) -> tuple[WheelFile, ...]:
    """Brings every chosen wheel to this machine.

    Args:
        chosen: What to bring; none that must be built.
        access: How packages are reached.
        cache: Where fetched wheels are kept.
        step: Is told of the bytes to come, and of those that came.
        pins: Hashes that the user demands, by package, as `sha256:…`.
        offline: Whether only what is on this machine may be used.

    Returns:
        The wheels, in the order of `chosen`.

    Raises:
        RequirementsError: A wheel is not to be had.
        DamagedBlob: A file has another hash than the lock or the requirements say.
    """
    wanted = [_Wanted.of(one, (pins or {}).get(one.package.name, frozenset())) for one in chosen]
    missing = [one for one in wanted if _known(one, cache) is None]
    if offline and missing:
        names = ", ".join(str(one.package) for one in missing)
        raise RequirementsError(
            f"these wheels are not on this machine: {names}\nrun once without --offline, or give them with --wheels"
        )
    step.expect(sum(one.artifact.size or 0 for one in missing))
    at_hand = [_at_hand(one, cache) for one in wanted]
    if all(at_hand):
        return tuple(filter(None, at_hand))
    with Downloads(access, at_once=_AT_ONCE) as downloads, ThreadPoolExecutor(_AT_ONCE) as threads:
        return tuple(threads.map(lambda one: _bring(one, cache, downloads, step.advance), wanted))


def complete(lock: Lock, chosen: Sequence[Chosen], wheels: Sequence[WheelFile]) -> Lock:
    """The lock with the hash of every file that was fetched, also of those whose index gave none."""
    packages = {package.name: package for package in lock.packages}
    for one, wheel in zip(chosen, wheels, strict=True):
        if one.artifact is not None and not one.artifact.sha256:
            known = with_hash(one.package, one.artifact, wheel.digest.removeprefix("sha256:"))
            packages[one.package.name] = known
    return Lock(tuple(packages.get(package.name, package) for package in lock.packages), lock.requires_python)


class _Wanted(Value):
    package: str
    name: str
    version: str
    artifact: Artifact
    pins: frozenset[str]

    @classmethod
    def of(cls, chosen: Chosen, pins: frozenset[str]) -> _Wanted:
        artifact = chosen.artifact
        if artifact is None or chosen.must_be_built:
            raise RequirementsError(f"{chosen.package} has no wheel")
        return cls(str(chosen.package), chosen.package.name, _version(chosen, artifact), artifact, pins)

    @property
    def digest(self) -> Digest:
        return f"sha256:{self.artifact.sha256}" if self.artifact.sha256 else ""


def _version(chosen: Chosen, artifact: Artifact) -> str:
    if chosen.package.version:
        return chosen.package.version
    try:
        return str(parse_wheel_filename(artifact.name)[1])
    except InvalidWheelFilename as error:
        raise RequirementsError(f"{artifact.name} is no name of a wheel: {error}") from error


def _known(wanted: _Wanted, cache: Cache) -> Path | None:
    """Where the wheel is on this machine, if it is."""
    if wanted.artifact.path:
        return wanted.artifact.path
    digest = wanted.digest or _digest_of_address(wanted.artifact.url, cache)
    return cache.blob(digest, wanted.artifact.size) if digest else None


def _digest_of_address(url: str, cache: Cache) -> Digest:
    kept = cache.recall(_ADDRESSES, without_password(url)) or {}
    digest = kept.get("digest")
    return digest if isinstance(digest, str) else ""


def _at_hand(wanted: _Wanted, cache: Cache) -> WheelFile | None:
    """A wheel that is on this machine, where all is known of it that must be checked."""
    place = _known(wanted, cache)
    if place is None or not _hashed(wanted):
        return _kept(wanted, place) if place else None
    hashes = kept_hashes(place, _hashed(wanted), cache)
    return _checked(wanted, place, hashes) if hashes else None


def _bring(wanted: _Wanted, cache: Cache, downloads: Downloads, advance: Callable[[int], None]) -> WheelFile:
    if found := _at_hand(wanted, cache):
        return found
    artifact = wanted.artifact
    place = _known(wanted, cache)
    if place is None:
        with cache.writer() as writer:
            downloads.fetch(artifact.url, writer, advance)
            _check(wanted, writer.digest, without_password(artifact.url))
        place = cache.place_of(writer.digest)
        if not wanted.digest:
            cache.remember(_ADDRESSES, without_password(artifact.url), {"digest": writer.digest})
    if not _hashed(wanted):
        return _kept(wanted, place)
    try:
        return _checked(wanted, place, hashes_of(place, _hashed(wanted), cache))
    except OSError as error:
        raise RequirementsError(f"the wheel of {wanted.package} can't be read: {error}") from error


def _kept(wanted: _Wanted, place: Path) -> WheelFile:
    """A wheel in the cache, under the digest that it was found to have."""
    return WheelFile(wanted.name, wanted.version, place, wanted.digest or f"sha256:{place.name}")


def _checked(wanted: _Wanted, place: Path, hashes: Mapping[str, str]) -> WheelFile:
    digest = f"sha256:{hashes['sha256']}"
    _check(wanted, digest, str(place))
    named = {f"{algorithm}:{value}" for algorithm, value in hashes.items()}
    if wanted.pins and not wanted.pins & named:
        raise DamagedBlob(f"{place} has none of the hashes that the requirements name for {wanted.package}")
    return WheelFile(wanted.name, wanted.version, place, digest)


def _hashed(wanted: _Wanted) -> set[str]:
    """Algorithms of hashes that must be checked on the file itself; none where its name in the cache is enough."""
    named = {pin.partition(":")[0] for pin in wanted.pins}
    others = set[str]() if "sha256" in named else named & hashlib.algorithms_guaranteed
    return {"sha256", *others} if others or wanted.artifact.path else set()


def _check(wanted: _Wanted, digest: Digest, where: str) -> None:
    if wanted.digest and digest != wanted.digest:
        raise DamagedBlob(
            f"{where} is not the file that the lock means: its hash is {digest}, not {wanted.digest}\n"
            "it was changed, or damaged on the way; make the lock again if the change is meant"
        )
    if any(pin.startswith("sha256:") for pin in wanted.pins) and digest not in wanted.pins:
        raise DamagedBlob(f"{where} has none of the hashes that the requirements name for {wanted.package}")
