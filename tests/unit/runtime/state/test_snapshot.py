"""A snapshot is believed only when its seal holds, and a pickle only when its origin is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import UnreadableState
from modelwrap.runtime.state.snapshot import Header, Kind, Seal
from modelwrap.value import replace

HEADER = Header(Kind.PLAIN, "Bandit.Bandit", "persistence_a_b_c", 1.5, "host/0", "interval", {"host/0": 3})
PICKLE = replace(HEADER, kind=Kind.PICKLE)
OURS = Seal(b"secret")


@given(st.binary(max_size=300), st.sampled_from([Seal(), OURS]))
def test_a_snapshot_opens_to_what_was_closed(body: bytes, seal: Seal) -> None:
    opened = seal.open(seal.close(HEADER, body))
    assert opened.body == body
    assert replace(opened.header, sealed="sha256") == HEADER
    assert Header.read(seal.close(HEADER, body)).writer == "host/0"


@given(st.binary(max_size=40), st.sampled_from([Seal(), OURS]), st.data())
def test_one_changed_byte_is_noticed(body: bytes, seal: Seal, data: st.DataObject) -> None:
    whole = bytearray(seal.close(HEADER, body))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(UnreadableState):
        seal.open(bytes(whole))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_snapshot_or_are_refused(data: bytes) -> None:
    for candidate in (data, b"MWSTATE1" + data):
        with pytest.raises(UnreadableState):
            Seal().open(candidate)


@pytest.mark.parametrize(
    ("written", "read", "reason"),
    [
        (Seal(b"other"), OURS, "another key, or forged"),
        (Seal(), OURS, "a pickle without a signature, though a key"),
        (Seal(), Seal(), "nobody vouches"),
        (OURS, Seal(), "signed, and no key"),
    ],
)
def test_a_pickle_of_unknown_origin_is_not_opened(written: Seal, read: Seal, reason: str) -> None:
    with pytest.raises(UnreadableState, match=reason):
        read.open(written.close(PICKLE, b""))


def test_a_pickle_of_known_origin_is_opened() -> None:
    assert OURS.open(OURS.close(PICKLE, b"p"), key=PICKLE.key).body == b"p"
    assert Seal(trusted=True).open(Seal().close(PICKLE, b"p")).body == b"p"


def test_a_signed_pickle_of_another_component_is_not_opened() -> None:
    with pytest.raises(UnreadableState, match="saved for persistence_a_b_c, not for elsewhere"):
        OURS.open(OURS.close(PICKLE, b""), key="elsewhere")


def test_plain_state_saved_before_there_was_a_key_is_read() -> None:
    assert OURS.open(Seal().close(HEADER, b"x")).body == b"x"


def test_a_newer_format_is_told_from_foreign_bytes() -> None:
    with pytest.raises(UnreadableState, match="newer format"):
        Seal().open(b"MWSTATE2....")
    with pytest.raises(UnreadableState, match="not modelwrap's"):
        Seal().open(b"\x80\x04.")
