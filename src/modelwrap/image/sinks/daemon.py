"""The images of a container engine on this machine: what `docker load` and `podman load` take."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

from modelwrap.errors import ImageError
from modelwrap.image.image import ImageIndex
from modelwrap.image.parcel import parcel_of
from modelwrap.image.reference import ImageName
from modelwrap.image.sinks.archive import write_archive
from modelwrap.image.sinks.sink import SILENT, SinkReport
from modelwrap.image.steps import Step
from modelwrap.value import Value

__all__ = ["DaemonSink", "engines"]

_ENGINES = ("docker", "podman")
#: Seconds that an engine may take to tell its version.
_PATIENCE = 10.0


def engines() -> dict[str, bool]:
    """The container engines on this machine, and whether each answers, the preferred one first.

    A program that is here says little: Docker's daemon may be off, and so may the machine of Podman on a Mac. Asking
    for the version reaches both.
    """
    return {program: _answers(program) for program in _ENGINES if shutil.which(program)}


def _answers(program: str) -> bool:
    try:
        asked = subprocess.run([program, "version"], capture_output=True, check=False, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


class DaemonSink(Value):
    """Loads into an engine, through a pipe.

    Attributes:
        program: `docker` or `podman`.
    """

    program: str = "docker"

    def write(self, index: ImageIndex, names: Sequence[ImageName], step: Step = SILENT) -> SinkReport:
        """Loads; the engine keeps what it has already."""
        parcel = parcel_of(index)
        with tempfile.TemporaryFile() as said:
            try:
                process = subprocess.Popen([self.program, "load"], stdin=subprocess.PIPE, stdout=said, stderr=said)
            except OSError as error:
                raise ImageError(f"{self.program} can't be started: {error.strerror}\n--tar FILE needs none") from error
            with process, contextlib.suppress(BrokenPipeError):
                assert process.stdin is not None  # noqa: S101 - a pipe was asked for
                with process.stdin as pipe:
                    write_archive(pipe, parcel, names, step)
            said.seek(0)
            words = said.read().decode(errors="replace").strip()
        if process.returncode:
            raise ImageError(f"{self.program} load failed: {words or f'status {process.returncode}'}")
        size = sum(blob.descriptor.size for blob in parcel.blobs.values())
        name = names[0].short if names else parcel.digest
        return SinkReport(
            parcel.digest, f"{self.program}: {name}", size, "loaded", f"{self.program} run --rm -p 9000:9000 {name}"
        )
