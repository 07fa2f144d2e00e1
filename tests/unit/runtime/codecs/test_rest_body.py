"""Where the JSON of a request is: every way it arrives, and what is said when it does not."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.rest_body import json_of
from modelwrap.runtime.message import Request

MESSAGE = {"data": {"names": ["a b", "é&=+"], "ndarray": [[1, 2]]}}
TEXT = json.dumps(MESSAGE, ensure_ascii=False)
FORM = "application/x-www-form-urlencoded"
OTHER = b'{"strData":"not this one"}'


def multipart(*parts: tuple[str, bytes]) -> Request:
    written = [
        b"--b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (name.encode(), text) for name, text in parts
    ]
    return Request(b"".join(written) + b"--b--", "multipart/form-data; boundary=b")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/vnd.x+json",
        "text/plain",
        "",
        "nonsense",
        FORM,
    ],
)
def test_a_json_body_is_read_whatever_its_media_type_says(content_type: str) -> None:
    assert json_of(Request(TEXT.encode(), content_type)) == MESSAGE


def test_a_form_field_is_read() -> None:
    body = f"isDefault=true&json={quote_plus(TEXT)}&more".encode()
    assert json_of(Request(body, f"{FORM}; charset=utf-8")) == MESSAGE


@pytest.mark.parametrize("query", [f"json={quote(TEXT)}", f"a=1&json={quote_plus(TEXT)}&b", f"%6Ason={quote(TEXT)}"])
def test_the_query_is_read(query: str) -> None:
    assert json_of(Request(b"", "", query.encode())) == MESSAGE


def test_the_form_beats_the_query_and_the_query_beats_the_body() -> None:
    form, query = f"json={quote(TEXT)}".encode(), b"json=" + quote(OTHER).encode()
    assert json_of(Request(form, FORM, query)) == MESSAGE
    assert json_of(Request(TEXT.encode(), "application/json", query)) == json.loads(OTHER)


@pytest.mark.parametrize("query", [b"", b"json=", b"json", b"other=1", b"jsonx=1", b"&&", b"=", b"%"])
def test_a_query_without_json_leaves_the_body(query: bytes) -> None:
    assert json_of(Request(TEXT.encode(), "application/json", query)) == MESSAGE


@pytest.mark.parametrize("body", [b"", b"json=", b"a=1&b=2"])
def test_a_form_without_json_leaves_the_query(body: bytes) -> None:
    assert json_of(Request(body, FORM, b"json=" + quote(TEXT).encode())) == MESSAGE


def test_curl_sends_json_as_a_form_and_is_understood() -> None:
    assert json_of(Request(b' {"strData": "a&json={}"}', FORM)) == {"strData": "a&json={}"}


# -- multipart ---------------------------------------------------------------------------------------------------------


def test_the_parts_of_a_form_are_the_members_of_the_message() -> None:
    request = multipart(('name="data"', json.dumps(MESSAGE["data"]).encode()), ('name="meta"', b'{"puid": "p"}'))
    assert json_of(request) == {**MESSAGE, "meta": {"puid": "p"}}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ('name="strData"', "é".encode(), {"strData": "é"}),
        ('name="strData"; filename="f.txt"', "é".encode(), {"strData": "é"}),
        ('name="strData"', b'{"not": "read"}', {"strData": '{"not": "read"}'}),
        ('name="binData"; filename="f"', b"\x00\x01\xff", {"binData": "AAH/"}),
        ('name="binData"', b'"AAH/"', {"binData": "AAH/"}),
        ('name="jsonData"', b'{"a": 1}', {"jsonData": {"a": 1}}),
        ('name="jsonData"; filename="f.json"', b'{"a": 1}', {"jsonData": '{"a": 1}'}),
        ('name="data"; filename="f.json"', b'{"ndarray": []}', {"data": {"ndarray": []}}),
        ('name="json"', b'{"strData": "x"}', {"strData": "x"}),
        ('name="reward"', b"1.5", {"reward": 1.5}),
    ],
)
def test_each_part_is_read_as_its_name_says(name: str, content: bytes, expected: Any) -> None:
    assert json_of(multipart((name, content))) == expected


def test_the_first_of_equal_parts_counts_and_a_file_beats_text() -> None:
    assert json_of(multipart(('name="strData"', b"first"), ('name="strData"', b"second"))) == {"strData": "first"}
    request = multipart(('name="strData"', b"text"), ('name="strData"; filename="f"', b"file"))
    assert json_of(request) == {"strData": "file"}


@given(st.binary())
def test_a_binary_file_is_intact(content: bytes) -> None:
    if b"--b" not in content:
        document = json_of(multipart(('name="binData"; filename="f"', content)))
        assert isinstance(document, dict)
        assert base64.b64decode(str(document["binData"])) == content


# -- what can't be read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        Request(b""),
        Request(b"", FORM),
        Request(b" \n"),
        Request(b"{bad", "application/json"),
        Request(b"null", "application/json"),
        Request(b"\x00\x01", "application/octet-stream"),
        Request(b"a=1", FORM, b"b=2"),
        Request(b"", "", b"json=null"),
        Request(b"[" * 100_000, "application/json"),
    ],
)
def test_a_request_without_json_is_told_so_in_the_references_words(request_: Request) -> None:
    with pytest.raises(InvalidRequest) as refused:
        json_of(request_)
    assert refused.value.message == "Can't find JSON in data"
    assert refused.value.reason == "MICROSERVICE_BAD_DATA"


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (
            Request(b'{"data":\n {"ndarray": [[1, 2]}}'),
            "Can't find JSON in data: Expecting ',' delimiter: line 2 column 21 (char 29)",
        ),
        (
            Request(b'{"data": {"ndarray": [[1, 2'),
            "Can't find JSON in data: Expecting ',' delimiter: line 1 column 28 (char 27)",
        ),
        (
            Request(b"{'data': {'ndarray': [[1]]}}"),
            "Can't find JSON in data: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (Request(b"[1, 2] 3"), "Can't find JSON in data: Extra data: line 1 column 8 (char 7)"),
        (
            Request(b'{"strData": "\xff"}'),
            "Can't find JSON in data: 'utf-8' codec can't decode byte 0xff in position 13",
        ),
        (Request(b"", "", b"json={bad"), 'The query argument "json" is no JSON: Expecting property name'),
        (Request(b"json=%FF", FORM), 'The form field "json" is no JSON: '),
        (Request(b"&" * 1000, FORM), "The form has more than 1000 fields"),
        (Request(b"", "", b"&" * 1000), "The query has more than 1000 fields"),
        (Request(b"", "multipart/form-data"), 'has no "boundary"'),
        (multipart(('name="data"', b"{bad")), 'Part "data" of the form is no JSON: Expecting property name'),
        (
            multipart(('name="image"; filename="f"', b"\x89PNG")),
            'Part "image" of the form is no UTF-8 text: send bytes',
        ),
        (multipart(('name="strData"', b"\xff")), 'Part "strData" of the form is no UTF-8 text'),
    ],
)
def test_broken_json_says_where_it_is(request_: Request, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        json_of(request_)
    assert told in refused.value.message


@given(
    st.binary(),
    st.sampled_from(["", "application/json", FORM, "multipart/form-data; boundary=b"]) | st.text(),
    st.binary(),
)
def test_any_request_carries_json_or_is_refused(body: bytes, content_type: str, query: bytes) -> None:
    try:
        assert json_of(Request(body, content_type, query)) is not None
    except InvalidRequest:
        return
