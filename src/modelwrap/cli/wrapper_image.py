"""The guide's command as a container runs it: `docker run -v /path/to/model:/my_model core-python-wrapper /my_model …`.

It does what `modelwrap wrap` does, and three things more, which only a container needs: what is written stays when the
container goes, belongs to whoever owns the mounted folder, and is spoken of by names that hold outside.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from modelwrap import __version__
from modelwrap.cli import terminal
from modelwrap.cli.exits import Exit
from modelwrap.cli.main import call, ending_well
from modelwrap.cli.mounts import Mount, mount_of, read_mounts
from modelwrap.cli.wrap import Request, make_command, wrap
from modelwrap.errors import ProjectError
from modelwrap.value import Value, replace

__all__ = ["Place", "main", "owner_of", "place_output"]

_NAME = "core-python-wrapper"
_RUN = f"docker run --rm -v /path/to/model:/my_model {_NAME}"


def main() -> int:
    """Runs the command with this process's arguments and returns its exit status."""
    return ending_well(lambda: _run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        terminal.result(f"modelwrap {__version__}")
        return Exit.GOOD
    words = arguments[1:] if arguments[:1] == ["wrap"] else arguments
    return call(_COMMAND, words, _NAME, help_from=f"docker run --rm {_NAME} --help")


def _wrap(request: Request) -> int:
    place = place_output(request, Path.cwd(), read_mounts())
    _act_as(*owner_of(place.output))
    if _is_default("base_image"):
        terminal.note(
            f"the image will stand on {request.base_image}, as this wrapper does\n"
            "where the model was trained on another Python, choose that one: --base-image python:3.X-slim"
        )
    return wrap(replace(request, out_folder=str(place.output)), next_step=place.next_step)


class Place(Value):
    """Where the output goes.

    Attributes:
        output: The real path of the folder to be made, in the container.
        shared: The folder shared with the world outside that it lies in.
    """

    output: Path
    shared: Path

    @property
    def next_step(self) -> str:
        """What to do with it, said for outside of the container."""
        folder = shlex.quote(str(self.output.relative_to(self.shared)))
        return (
            f"next, outside, in the folder mounted at {self.shared}: cd {folder} && ./build_image.sh && ./push_image.sh"
        )


def place_output(request: Request, working: Path, mounts: Iterable[Mount]) -> Place:
    """Finds where the output goes.

    A relative output folder counts from the mounted folder that the model lies in, or from the working directory
    where that is a mounted one too.

    Args:
        request: What was typed.
        working: The working directory.
        mounts: What the container sees.

    Raises:
        ProjectError: There is no such model folder, or what is written there would vanish with the container.
    """
    mounts = list(mounts)
    model = Path(os.path.realpath(working / request.model_path))
    if not model.exists():
        raise ProjectError(
            f"there is no folder {request.model_path} in the container\n"
            f"mount it, and call it by its name in the container: {_RUN} /my_model …"
        )
    home = mount_of(model, mounts)
    # A model can only have come from outside, whatever kind of file system it lies on.
    shared = {home.point} - {Path("/")} | {mount.point for mount in mounts if mount.outlives_the_container}
    base = working if mount_of(working, mounts).point in shared else home.point
    output = Path(os.path.realpath(base / request.out_folder if request.out_folder else model / "build"))
    place = Place(output, mount_of(output, mounts).point)
    if place.shared not in shared:
        raise ProjectError(_vanishing(request, place, home))
    if output == place.shared:
        raise ProjectError(
            f"the output folder {output} is itself a mounted one, which nothing can take the place of\n"
            f"name a folder in it: --out-folder {output / 'build'}"
        )
    return place


def _vanishing(request: Request, place: Place, home: Mount) -> str:
    if home.point == Path("/"):
        return (
            f"{request.model_path} is not mounted, so {place.output} would vanish with the container\n"
            f"mount the model folder: {_RUN} /my_model …"
        )
    return (
        f"--out-folder {request.out_folder} is {place.output} in the container, and would vanish with it\n"
        f"a relative folder counts from {home.point}, the mounted one; for a place outside of it, mount that too:\n"
        f"-v /path/to/output:/output, and --out-folder /output/{place.output.name}"
    )


def owner_of(output: Path) -> tuple[int, int]:
    """User and group of the folder that receives the output: the nearest one that exists."""
    folder = next(parent for parent in output.parents if parent.is_dir())
    status = folder.stat()
    return status.st_uid, status.st_gid


def _act_as(user: int, group: int) -> None:
    """Gives root's powers up for the owner's, before anything is read or written.

    So nothing is root's that should not be, and no link in the folder leads root astray.

    Raises:
        ProjectError: The container may not; the message says how to start it instead.
    """
    if os.geteuid() != 0 or user == 0:
        return
    try:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    except OSError as error:
        raise ProjectError(
            f"the folder belongs to user {user}, and this container may not act as that user: {error.strerror}\n"
            f"start it as that user: docker run --user {user}:{group} …"
        ) from error


def _is_default(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.DEFAULT


_COMMAND = make_command(
    _wrap,
    examples=[
        f"{_RUN} /my_model MnistClassifier 0.1 seldonio",
        f"{_RUN} /my_model MnistClassifier 0.1 seldonio --out-folder image --force",
        f"{_RUN} /my_model MnistClassifier 0.1 seldonio --base-image python:3.13-slim",
    ],
)

if __name__ == "__main__":
    sys.exit(main())
