"""What is asked of one build, checked: an image's plan, and all that the Dockerfile's path leaves to other tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from modelwrap.errors import ProjectError
from modelwrap.image.oci import Platform
from modelwrap.image.plan import ImagePlan
from modelwrap.image.system_packages import BUILD_FILE, RUN_FILE
from modelwrap.value import Value

__all__ = ["BuildPlan", "PackageSources", "parse_platforms", "parse_python"]

#: What people call the machines, beside the names that images have. Source: OCI image specification, image index.
_MACHINES = {"amd64": "amd64", "x86_64": "amd64", "arm64": "arm64", "arm64/v8": "arm64", "aarch64": "arm64"}


class PackageSources(Value):
    """Where a build gets its packages.

    Attributes:
        wheels: Folders of wheels to look in beside the indexes.
        is_offline: Whether nothing is asked of any network.
        lock: A lock to follow if it is there, and to write if it is not; None to resolve anew.
        builds_wheels: Whether a package without a wheel may be built here, which runs its code.
        upgrades: Whether the indexes are asked for newer versions than an earlier build or the lock found.
    """

    wheels: tuple[Path, ...] = ()
    is_offline: bool = False
    lock: Path | None = None
    builds_wheels: bool = False
    upgrades: bool = False


class BuildPlan(Value):
    """All that is decided about a build before a base image or a package is looked at.

    Attributes:
        image: What the image is.
        platforms: What it is made for; with several, an index of as many images is made.
        python: The minor version of Python that the base must bring; empty to take what it brings.
        packages: Where its packages come from.
        has_bytecode: Whether modules are compiled where this Python can.
        created: When the image says it was made, in seconds since 1970.
        allowed_missing: Shared libraries that packages may need and the base lacks.
    """

    image: ImagePlan
    platforms: tuple[Platform, ...]
    python: str = ""
    packages: PackageSources = PackageSources()
    has_bytecode: bool = True
    created: int = 0
    allowed_missing: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, none of which stops the build."""
        return tuple(_notes(self))

    def check(self) -> None:
        """Makes sure that no program has to run in the image to make it.

        Raises:
            ProjectError: One has to; the message says which, and both ways out.
        """
        if packages := self.image.run_packages:
            raise ProjectError(
                f"{RUN_FILE} names {', '.join(packages)}: Debian packages are installed by running apt in the image, "
                "and nothing runs here\n"
                "give a --base-image that has them and take the file away, or build with the Dockerfile: modelwrap wrap"
            )


def _notes(plan: BuildPlan) -> Iterator[str]:
    yield from plan.image.notes
    if plan.image.build_packages:
        yield f"{BUILD_FILE} is not read: packages come as wheels, and nothing is compiled in the image"


def parse_platforms(texts: tuple[str, ...]) -> tuple[Platform, ...]:
    """Platforms as they are typed: `linux/amd64,linux/arm64`, `arm64`; each once, in the order given.

    Raises:
        ProjectError: One is none that an image of a model can be made for.
    """
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    return tuple(dict.fromkeys(map(_platform, words)))


def _platform(word: str) -> Platform:
    machine = _MACHINES.get(word.removeprefix("linux/"))
    if machine is None:
        raise ProjectError(f"{word!r} is no platform that images are made for here: linux/amd64 or linux/arm64")
    return Platform("linux", machine)


def parse_python(text: str) -> str:
    """A version of Python as it is typed, as its minor version: `3.12`.

    Raises:
        ProjectError: It is none, or one that the server does not run on.
    """
    match = re.fullmatch(r"3\.(\d{1,2})", text)
    if match is None:
        raise ProjectError(f"{text!r} is no version of Python as --python takes it: 3.12")
    if int(match[1]) < 11:
        raise ProjectError(f"Python {text} is too old: the server needs 3.11 or newer")
    return text
