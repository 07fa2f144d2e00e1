"""What a store promises, wherever it keeps the bytes.

A store keeps the last few versions of one component's state under one key, and knows who holds the lease on writing.
It does not look into the bytes. A save names the version that it follows: if another one has come in between, nothing
is written. Every method may raise `StoreUnavailable`.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

__all__ = ["LEFT", "OLD", "Kept", "Store", "Version"]


class Version(NamedTuple):
    """One saved state: versions of a key count up, and the mark tells two with the same number apart."""

    number: int
    mark: str

    def __str__(self) -> str:
        """As stores write it, such as `12-a1b2c3d4`."""
        return f"{self.number}-{self.mark}"

    @classmethod
    def parse(cls, text: str) -> Version:
        """The version that a store wrote.

        Raises:
            ValueError: It is none.
        """
        number, _, mark = text.partition("-")
        return cls(int(number), mark)


#: What lies under the key of the 2018 wrapper, which knew no versions. Source: component API section 13.
OLD = Version(0, "old")


#: Instead of a lease's number: nobody holds the lease, and nobody has given it back.
LEFT = -1


class Kept(NamedTuple):
    """A version that a store holds: the front of its bytes, with the header, and how many there are."""

    version: Version
    head: bytes
    size: int


class Store(Protocol):
    """Keeps the versions of one component's state.

    Attributes:
        place: Where that is, for messages; without passwords.
        key: The component's key.
        private: Whether only this user can write there, so that what it holds may be trusted.
    """

    place: str
    key: str
    private: bool

    def current(self) -> Version | None:
        """The newest version; None where nothing is kept."""

    def read(self, version: Version | None = None) -> tuple[Version, bytes] | None:
        """A version's bytes, by default the newest's; None where it is not there."""

    def write(self, data: bytes, version: Version, *, after: Version | None, fence: int | None = None) -> None:
        """Keep bytes as a new version, whole and lasting, or not at all.

        Writing the same version twice is writing it once, so that a save whose answer was lost may be repeated.

        Args:
            data: The bytes.
            version: What they are kept as.
            after: The newest version as the writer knows it.
            fence: The number of the writer's lease, where there is one.

        Raises:
            StateMoved: Another version is the newest.
            NotTheWriter: A newer lease was given since.
        """

    def versions(self) -> list[Kept]:
        """All versions, the newest first."""

    def set_aside(self) -> str:
        """Move the newest version out of the way, for a person to look at; returns where it lies now."""

    def forget(self) -> None:
        """Drop every version but the newest."""

    def acquire(self, holder: str, seconds: float, *, patient: bool = False) -> int | None:
        """The number of a new lease on writing; None while somebody else holds it. Numbers only grow.

        `LEFT` where the last holder let its lease run out instead of giving it back. It may be cut off, with state that
        it has not saved, and should be left time to come back; with `patient` it has had that.
        """

    def renew(self, holder: str, fence: int, seconds: float) -> bool:
        """Hold the lease for so many seconds more; False where a newer one was given."""

    def release(self, holder: str) -> None:
        """Give the lease back."""

    def holder(self) -> str:
        """Who holds the lease; empty for nobody."""

    def close(self) -> None:
        """Let go of files and connections."""
