"""Whether a lock that is to be followed is one of these requirements: a stale lock would make a wrong image quietly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion

from modelwrap.errors import RequirementsError
from modelwrap.image.dependencies.declared import Declared
from modelwrap.image.dependencies.lock import Lock, Package
from modelwrap.image.dependencies.selection import environment_of
from modelwrap.image.requirement_forms import normalized
from modelwrap.image.target import PythonTarget

__all__ = ["check_covers"]


def check_covers(lock: Lock, declared: Declared, runtime: Sequence[str], target: PythonTarget, name: str) -> None:
    """Makes sure that a lock has every package that is asked for, in a version that is asked for.

    Args:
        lock: The lock to be followed.
        declared: What the model needs.
        runtime: What the runtime needs, as floors.
        target: The base's Python.
        name: What to call the lock in messages.

    Raises:
        RequirementsError: It lacks packages, or has them in other versions; all are named.
    """
    packages = {package.name: package for package in lock.packages}
    environment = environment_of(target)
    asked = ((str(line), _requirement(line.text)) for lines in declared.named.values() for line in lines)
    needed = ((f"modelwrap's runtime: {text}", _requirement(text)) for text in runtime)
    faults = [
        fault
        for place, requirement in (*asked, *needed)
        if requirement and (requirement.marker is None or requirement.marker.evaluate(environment))
        for fault in _faults(place, requirement, packages.get(normalized(requirement.name)))
    ]
    if faults:
        made = "make it again: build without --lock, or delete it"
        raise RequirementsError("\n".join((f"{name} is not a lock of these requirements", *faults, made)))


def _requirement(text: str) -> Requirement | None:
    try:
        return Requirement(text.partition(" --")[0].strip())
    except InvalidRequirement:
        return None


def _faults(place: str, requirement: Requirement, package: Package | None) -> Iterator[str]:
    if package is None:
        yield f"  {place}\n    is not in it"
        return
    try:
        fits = not package.version or requirement.specifier.contains(package.version, prereleases=True)
    except InvalidVersion:
        fits = True
    if not fits:
        yield f"  {place}\n    it has {package}"
