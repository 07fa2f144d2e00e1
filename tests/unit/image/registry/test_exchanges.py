"""What a registry is asked, byte for byte, and what its answers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from modelwrap.image.oci import Descriptor
from modelwrap.image.registry.exchanges import (
    Answer,
    Diagnostic,
    ask_for_upload,
    finish_upload,
    is_transient,
    read_blob,
    received,
    send_chunk,
    send_whole,
    wait_asked,
)

_DIGEST = "sha256:" + "a" * 64
_NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def test_a_blob_is_asked_for_from_where_it_was_cut() -> None:
    assert read_blob("team/x", _DIGEST, 1000).headers == {"Range": "bytes=1000-"}
    assert read_blob("team/x", _DIGEST).headers == {}


def test_a_mount_names_the_blob_and_where_it_is_and_needs_leave_to_read_there() -> None:
    request = ask_for_upload("team/x", (_DIGEST, "base/python"))
    assert request.target == f"/v2/team/x/blobs/uploads/?mount={_DIGEST}&from=base/python"
    assert request.scopes == ("repository:team/x:pull,push", "repository:base/python:pull")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://r.example/up/1", f"https://r.example/up/1?digest={_DIGEST}"),
        ("https://r.example/up/1?_state=a%2Bb%3D", f"https://r.example/up/1?_state=a%2Bb%3D&digest={_DIGEST}"),
    ],
)
def test_the_digest_is_added_to_an_address_without_touching_what_may_be_signed(location: str, expected: str) -> None:
    assert send_whole("x", location, Descriptor("k", _DIGEST, 3)).target == expected
    assert finish_upload("x", location, _DIGEST).target == expected


def test_a_part_says_which_bytes_it_has() -> None:
    assert send_chunk("x", "https://r.example/up", 100, 50).headers["Content-Range"] == "100-149"


@pytest.mark.parametrize(
    ("header", "count"), [("0-1023", 1024), ("bytes=0-9", 10), ("0-0", 0), ("", 0), ("junk", 0), ("5-9", 0)]
)
def test_what_has_arrived_of_an_upload_is_read(header: str, count: int) -> None:
    assert received(Answer("", 202, {"range": header})) == count


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Tue, 24 Nov 2026 12:00:30 GMT", 30.0), ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0), ("soon", None)],
)
def test_the_wait_that_a_registry_asks_for_is_read_in_both_forms(header: str, seconds: float | None) -> None:
    assert wait_asked({"retry-after": header}, _NOW) == seconds


def test_no_wait_is_none() -> None:
    assert wait_asked({}, _NOW) is None


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_go_better_later_is_known(status: int) -> None:
    assert is_transient(status)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 413, 501])
def test_what_will_not_go_better_is_known(status: int) -> None:
    assert not is_transient(status)


def test_the_specification_s_errors_are_read() -> None:
    body = json.dumps({"errors": [{"code": "DENIED", "message": "no"}, {"code": "UNKNOWN"}, "junk"]}).encode()
    assert Answer("", 403, {}, body).diagnostics == (Diagnostic("DENIED", "no"), Diagnostic("UNKNOWN", ""))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors": 3}', b'{"errors": {"code": "x"}}', b"[" * 9999])
def test_a_body_of_another_form_has_no_errors_and_does_no_harm(body: bytes) -> None:
    assert Answer("", 500, {}, body).diagnostics == ()


def test_a_location_is_completed_by_the_address_that_answered() -> None:
    assert Answer("http://r.example/v2/x/", 202, {"location": "/v2/y?z=1"}).location == "http://r.example/v2/y?z=1"
    assert Answer("http://r.example/v2/x/", 202, {"location": "https://s.example/q"}).location == "https://s.example/q"
    assert Answer("http://r.example/", 202).location == ""
