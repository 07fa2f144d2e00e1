"""What every sink does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from modelwrap.image.image import ImageIndex
from modelwrap.image.oci import Digest
from modelwrap.image.reference import ImageName
from modelwrap.image.steps import Silent, Step
from modelwrap.value import Value

__all__ = ["SILENT", "Sink", "SinkReport"]

#: The step that nobody sees.
SILENT = Silent()


class SinkReport(Value):
    """What became of an image.

    Attributes:
        digest: The image's; the same in every sink.
        place: Where it is now, for people.
        bytes_written: What had to be moved.
        outcome: What that came to, in a few words: `3 blobs sent, 5 mounted, 2 there already`.
        next_step: The command to go on with.
    """

    digest: Digest
    place: str
    bytes_written: int
    outcome: str
    next_step: str


class Sink(Protocol):
    """Where images go."""

    def write(self, index: ImageIndex, names: Sequence[ImageName], step: Step = SILENT) -> SinkReport:
        """Puts an image there under all the names.

        Raises:
            ImageError: It can't be put there; no name points at half an image.
        """
