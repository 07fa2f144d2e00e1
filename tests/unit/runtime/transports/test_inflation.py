"""Content encodings: every form that clients send, nothing beyond the limit, and the reason where one can't be read."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest, ModelwrapError, TooLarge, UnknownEncoding
from modelwrap.runtime.transports.inflation import unpacked

LIMIT = 100_000


def bare(content: bytes) -> bytes:
    """Deflate without zlib's header, which some clients mean by the name."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZip ": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": bare,
}


@given(st.binary(max_size=3000), st.sampled_from(sorted(FORMS)))
def test_what_is_packed_is_unpacked(content: bytes, encoding: str) -> None:
    assert unpacked(FORMS[encoding](content), encoding, LIMIT) == content


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "Deflate"])
def test_the_limit_holds_for_what_comes_out_and_a_bomb_takes_no_more_memory_than_that(encoding: str) -> None:
    assert len(unpacked(FORMS[encoding](bytes(LIMIT)), encoding, LIMIT)) == LIMIT
    bomb = FORMS[encoding](bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(TooLarge, match="larger than the limit of 100000: raise it with --max-message-size"):
        unpacked(bomb, encoding, LIMIT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * LIMIT


def test_a_large_message_may_be_packed_well_but_not_to_next_to_nothing() -> None:
    content, usual_limit = bytes(65 << 20), (1 << 31) - 1
    assert unpacked(zlib.compress(content, level=0), "deflate", usual_limit) == content
    bomb = gzip.compress(content)
    with pytest.raises(TooLarge, match=f"of {len(bomb)} bytes holds more than {64 << 20}: send it uncompressed"):
        unpacked(bomb, "gzip", usual_limit)


@pytest.mark.parametrize(
    ("body", "encoding", "error", "told"),
    [
        (b"any", "br", UnknownEncoding, "content-encoding 'br' is not known here: send gzip, deflate or none"),
        (b"any", "gzip, gzip", UnknownEncoding, "'gzip, gzip'"),
        (b'{"data": {}}', "gzip", InvalidRequest, "can't be read"),
        (gzip.compress(b"content")[:-1], "gzip", InvalidRequest, "cut short"),
        (gzip.compress(b"content") + gzip.compress(b"more"), "gzip", InvalidRequest, "24 bytes follow"),
        (zlib.compress(b"content")[:-1], "deflate", InvalidRequest, "cut short"),
        (zlib.compress(b"content") + b"more", "deflate", InvalidRequest, "4 bytes follow"),
    ],
)
def test_what_can_t_be_read_is_said(body: bytes, encoding: str, error: type[ModelwrapError], told: str) -> None:
    with pytest.raises(error, match=told):
        unpacked(body, encoding, LIMIT)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "br"]))
def test_any_bytes_are_unpacked_or_refused(body: bytes, encoding: str) -> None:
    with contextlib.suppress(InvalidRequest, TooLarge, UnknownEncoding):
        assert len(unpacked(body, encoding, 1000)) <= 1000
