"""A snapshot: the bytes of a state with all that is known of it, sealed so that damage and forgery are noticed.

    MWSTATE1 | length of the header, 4 bytes big-endian | header, JSON | body | seal, 32 bytes

The seal is the SHA-256 of all that comes before it, or where a key is given its HMAC-SHA256. The body of a plain
snapshot is plain data; that of a pickle is a pickle, which is opened only when the seal was made with our key, or when
the operator vouches for the store. Sans-IO; time is an argument.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from enum import StrEnum

from modelwrap.errors import UnreadableState
from modelwrap.value import Value, by_name, field

__all__ = ["HEAD_BYTES", "Header", "Kind", "Seal", "Snapshot"]

_MAGIC = b"MWSTATE1"
_FAMILY = _MAGIC[:7]
_SEAL_BYTES = 32
#: Enough bytes from the front of a snapshot to hold its header.
HEAD_BYTES = 65_536


class Kind(StrEnum):
    """What a snapshot's body is."""

    #: Plain data, as get_state() returned it.
    PLAIN = "plain"
    #: Plain data: the counts of each writer, and the sums of those that have gone.
    COUNTERS = "counters"
    #: The pickle of the whole object.
    PICKLE = "pickle"
    #: Nothing: the state was cleared.
    EMPTY = "empty"


class Header(Value):
    """What is known of a state.

    Attributes:
        kind: What the body is.
        component: The class, as `module.Class`.
        key: The key of the component in its store.
        time: When it was taken, in seconds since 1970.
        writer: Who saved it.
        reason: Why it was saved: interval, shutdown, request, restore.
        seen: Of recent writers, the number of the last save that is part of this state.
        sealed: How: `sha256` or `hmac-sha256`.
    """

    kind: Kind
    component: str
    key: str
    time: float
    writer: str
    reason: str = ""
    seen: Mapping[str, int] = field(default_factory=dict)
    sealed: str = "sha256"

    @classmethod
    def read(cls, data: bytes) -> Header:
        """The header at the front of a snapshot; its seal is not looked at.

        Raises:
            UnreadableState: There is none, or one of a newer format.
        """
        return _split(data)[0]


class Snapshot(Value):
    """A state and what is known of it."""

    header: Header
    body: bytes


class Seal(Value):
    """How snapshots are sealed here.

    Attributes:
        key: The secret; empty for none.
        trusted: Whether the operator vouches for the store, so that pickles need no secret.
    """

    key: bytes = b""
    trusted: bool = False

    @property
    def may_pickle(self) -> bool:
        """Whether a pickle that comes from the store may be opened."""
        return bool(self.key) or self.trusted

    def close(self, header: Header, body: bytes) -> bytes:
        """The bytes of a snapshot."""
        known = {**by_name(header), "sealed": "hmac-sha256" if self.key else "sha256"}
        text = json.dumps(known, separators=(",", ":")).encode()
        front = b"".join((_MAGIC, len(text).to_bytes(4, "big"), text))
        return b"".join((front, body, self._digest(keyed=bool(self.key), parts=(front, body))))

    def open(self, data: bytes, *, key: str | None = None) -> Snapshot:
        """The snapshot of bytes, its seal checked.

        Args:
            data: The bytes.
            key: The key that a pickle must have been saved under, so that none is slipped in from elsewhere.

        Raises:
            UnreadableState: It is damaged, of a newer format, or not to be trusted.
        """
        header, start = _split(data)
        keyed = header.sealed == "hmac-sha256"
        if keyed and not self.key:
            raise UnreadableState("the state is signed, and no key is given here: set MODELWRAP_STATE_KEY")
        whole = memoryview(data)
        expected = self._digest(keyed=keyed, parts=(whole[:-_SEAL_BYTES],))
        if not hmac.compare_digest(expected, bytes(whole[-_SEAL_BYTES:])):
            wrong = "signed with another key, or forged" if keyed else "damaged"
            raise UnreadableState(f"the state is {wrong}: its seal does not match")
        if header.kind is Kind.PICKLE:
            self._check_pickle(header, keyed=keyed, key=key)
        return Snapshot(header, bytes(whole[start:-_SEAL_BYTES]))

    def _check_pickle(self, header: Header, *, keyed: bool, key: str | None) -> None:
        if keyed and key is not None and header.key != key:
            raise UnreadableState(f"the state is a pickle that was saved for {header.key}, not for {key}")
        if not keyed and self.key:
            raise UnreadableState("the state is a pickle without a signature, though a key is given here")
        if not keyed and not self.trusted:
            raise UnreadableState("the state is a pickle without a signature, and nobody vouches for its store")

    def _digest(self, *, keyed: bool, parts: tuple[bytes | memoryview, ...]) -> bytes:
        digest = hmac.new(self.key, digestmod=hashlib.sha256) if keyed else hashlib.sha256()
        for part in parts:
            digest.update(part)
        return digest.digest()


def _split(data: bytes) -> tuple[Header, int]:
    """A snapshot's header, and where its body begins."""
    if not data.startswith(_MAGIC):
        newer = data.startswith(_FAMILY)
        raise UnreadableState(
            "the state has a newer format than this version of modelwrap reads"
            if newer
            else "the state is not modelwrap's: it does not begin with MWSTATE"
        )
    start = len(_MAGIC) + 4 + int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 4], "big")
    if start > len(data):
        raise UnreadableState("the state is cut off within its header")
    return _header(data[len(_MAGIC) + 4 : start]), start


def _header(text: bytes) -> Header:
    try:
        known = json.loads(text)
        named = {name: known[name] for name in Header.__match_args__}
        seen = {str(writer): int(number) for writer, number in named["seen"].items()}
        return Header(**{**named, "kind": Kind(named["kind"]), "time": float(named["time"]), "seen": seen})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableState(f"the state's header can't be read: {error}") from None
