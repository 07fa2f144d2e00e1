"""A registry as a sink: the tags move last, when all that they need is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modelwrap.image.image import ImageIndex
from modelwrap.image.parcel import Parcel, parcel_of
from modelwrap.image.reference import ImageName
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.transfer import Pushed, push_parcel
from modelwrap.image.sinks.sink import SILENT, SinkReport
from modelwrap.image.steps import Step

__all__ = ["RegistrySink", "push_names"]


@dataclass(frozen=True, slots=True)
class RegistrySink:
    """Pushes to the registries of the names.

    Attributes:
        connect: Makes a registry of its host.
    """

    connect: Callable[[str], Registry] = Registry

    def write(self, index: ImageIndex, names: Sequence[ImageName], step: Step = SILENT) -> SinkReport:
        """Pushes once for each repository."""
        return push_names(self.connect, parcel_of(index), names, step)


def push_names(
    connect: Callable[[str], Registry], parcel: Parcel, names: Sequence[ImageName], step: Step = SILENT
) -> SinkReport:
    """Pushes an image under all the names, repository by repository.

    Raises:
        RegistryError: A registry refused, or could not be reached.
        DamagedBlob: A blob is not what its digest says.
    """
    pushes = []
    for repository in dict.fromkeys(name.repository for name in names):
        same = [name for name in names if name.repository == repository]
        with connect(same[0].registry) as registry:
            pushes.append(push_parcel(registry, parcel, same, progress=step))
    place = f"{names[0].repository}@{parcel.digest}"
    return SinkReport(
        parcel.digest,
        ", ".join(map(str, names)),
        sum(pushed.bytes_sent for pushed in pushes),
        "; ".join(map(_outcome, pushes)),
        f"docker run --rm --publish 9000:9000 {place}",
    )


def _outcome(pushed: Pushed) -> str:
    parts = ((pushed.sent, "sent"), (pushed.mounted, "mounted"), (pushed.skipped, "there already"))
    return f"blobs: {', '.join(f'{count} {what}' for count, what in parts if count)}"
