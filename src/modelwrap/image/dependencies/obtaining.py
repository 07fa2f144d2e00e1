"""From requirements, or from a lock that is followed, to the wheels on this machine and the lock that names them."""

from __future__ import annotations

from pathlib import Path

from modelwrap.errors import RequirementsError
from modelwrap.image.cache import Cache
from modelwrap.image.dependencies.building import build_wheels
from modelwrap.image.dependencies.fetching import complete, fetch
from modelwrap.image.dependencies.lock import Lock, read_lock
from modelwrap.image.dependencies.resolution import Resolution, Wanted, prepare, resolve
from modelwrap.image.dependencies.selection import select
from modelwrap.image.dependencies.settings import Surroundings
from modelwrap.image.steps import Step
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.value import Value

__all__ = ["Packages", "bring", "settle"]


class Packages(Value):
    """The packages of one image.

    Attributes:
        wheels: On this machine, each with the hash that the lock has.
        lock: What they are and where they came from; of several platforms each has its own.
    """

    wheels: tuple[WheelFile, ...]
    lock: Lock


def settle(
    wanted: Wanted, target: PythonTarget, surroundings: Surroundings, cache: Cache, *, lock: Path | None = None
) -> Resolution:
    """Settles which packages an image gets.

    Args:
        wanted: What the model and the runtime need.
        target: The base's Python.
        surroundings: What pip and uv are told on this machine.
        cache: Where answers are kept.
        lock: A lock to follow; None to resolve.

    Raises:
        RequirementsError: No packages will do, or the lock is not for these requirements.
        SettingsError: What pip is told on this machine can't be read.
    """
    if lock is None:
        return resolve(wanted, target, surroundings, cache)
    from modelwrap.image.dependencies.covering import check_covers  # noqa: PLC0415 - 8 ms, which few builds need

    declared, access = prepare(wanted, surroundings)
    try:
        text = lock.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequirementsError(f"the lock {lock} can't be read: {error}") from error
    followed = read_lock(text, lock.parent, lock.name)
    check_covers(followed, declared, wanted.runtime, target, lock.name)
    return Resolution(followed, declared.pins, access)


def bring(resolution: Resolution, wanted: Wanted, target: PythonTarget, cache: Cache, step: Step) -> Packages:
    """Brings the wheels of what was settled to this machine.

    Raises:
        RequirementsError: A package has no wheel that fits, or it is not to be had.
        DamagedBlob: A file is not what the lock means.
    """
    chosen = build_wheels(
        select(resolution.lock, target, resolution.pins),
        target,
        resolution.access,
        cache,
        is_allowed=wanted.builds,
        offline=wanted.offline,
    )
    wheels = fetch(chosen, resolution.access, cache, step, pins=resolution.pins, offline=wanted.offline)
    return Packages(wheels, complete(resolution.lock, chosen, wheels))
