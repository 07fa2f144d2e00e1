"""What an operator does with kept versions: put an older one back, or begin with nothing.

Both write a new version, so that running processes notice and take it over; nothing that was kept is lost by it but
what `clear` is told to drop.
"""

from __future__ import annotations

import secrets

from modelwrap.errors import StateError
from modelwrap.runtime.state.counters import Document
from modelwrap.runtime.state.snapshot import Header, Kind, Seal
from modelwrap.runtime.state.store import Store, Version
from modelwrap.value import replace

__all__ = ["clear", "restore"]

_WRITER = "modelwrap state"


def restore(store: Store, version: Version, seal: Seal, *, time: float) -> Version:
    """Save an older version as the newest; returns that.

    Raises:
        StateError: The version is not there.
        UnreadableState: It can't be read.
    """
    found = store.read(version)
    if found is None:
        raise StateError(f"there is no version {version} of {store.key} in {store.place}")
    snapshot = seal.open(found[1], key=store.key)
    body = snapshot.body
    new, after = _next(store)
    if snapshot.header.kind is Kind.COUNTERS:
        body = Document.decode(body).renewed(new.mark).encode()
    header = replace(snapshot.header, time=time, writer=_WRITER, reason=f"restored from {version.number}", seen={})
    store.write(seal.close(header, body), new, after=after)
    return new


def clear(store: Store, seal: Seal, *, time: float) -> None:
    """Save that nothing is kept, and drop all versions before."""
    new, after = _next(store)
    header = Header(Kind.EMPTY, "", store.key, time, _WRITER, "cleared")
    store.write(seal.close(header, b""), new, after=after)
    store.forget()


def _next(store: Store) -> tuple[Version, Version | None]:
    current = store.current()
    return Version((current.number if current else 0) + 1, secrets.token_hex(4)), current
