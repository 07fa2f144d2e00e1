"""A registry as a sink: the tags move last, when all that they need is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelwrap.image.image import ImageIndex
from modelwrap.image.parcel import Entry, Parcel, parcel_of
from modelwrap.image.reference import ImageName
from modelwrap.image.referrer import subject_of
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.referrers import attach_referrer
from modelwrap.image.registry.transfer import Pushed, push_parcel
from modelwrap.image.sinks.sink import SILENT, SinkReport
from modelwrap.image.steps import Step
from modelwrap.value import Value

__all__ = ["RegistrySink", "push_names"]


class RegistrySink(Value):
    """Pushes to the registries of the names.

    Attributes:
        connect: Makes a registry of its host.
        referrers: What is attached to the image, and goes with it.
    """

    connect: Callable[[str], Registry] = Registry
    referrers: tuple[Entry, ...] = ()

    def write(self, index: ImageIndex, names: Sequence[ImageName], step: Step = SILENT) -> SinkReport:
        """Pushes once for each repository."""
        return push_names(self.connect, parcel_of(index, self.referrers), names, step)


def push_names(
    connect: Callable[[str], Registry], parcel: Parcel, names: Sequence[ImageName], step: Step = SILENT
) -> SinkReport:
    """Pushes an image under all the names, repository by repository, and attaches to it there what goes with it.

    Raises:
        RegistryError: A registry refused, or could not be reached.
        DamagedBlob: A blob is not what its digest says.
    """
    pushes, attached = [], 0
    for repository in dict.fromkeys(name.repository for name in names):
        same = [name for name in names if name.repository == repository]
        with connect(same[0].registry) as registry:
            pushes.append(push_parcel(registry, parcel, same, progress=step))
            for referrer in parcel.referrers:
                subject = subject_of(referrer.manifest, str(same[0]))
                attached += attach_referrer(registry, same[0].path, subject, referrer).bytes_sent
    place = f"{names[0].repository}@{parcel.digest}"
    return SinkReport(
        parcel.digest,
        ", ".join(map(str, names)),
        sum(pushed.bytes_sent for pushed in pushes) + attached,
        "; ".join([*map(_outcome, pushes), *(["bill of materials attached"] if parcel.referrers else [])]),
        f"docker run --rm --publish 9000:9000 {place}",
    )


def _outcome(pushed: Pushed) -> str:
    parts = ((pushed.sent, "sent"), (pushed.mounted, "mounted"), (pushed.skipped, "there already"))
    return f"blobs: {', '.join(f'{count} {what}' for count, what in parts if count)}"
