"""The parts of multipart forms, as browsers, curl and libraries send them, and as nobody should."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.multipart import Part, read_parts

TYPE = "multipart/form-data; boundary=xyz"


def form(*parts: tuple[str, bytes], boundary: bytes = b"xyz") -> bytes:
    """A form of (header, content) parts."""
    written = [b"--%b\r\n%b\r\n\r\n%b\r\n" % (boundary, header.encode(), content) for header, content in parts]
    return b"".join(written) + b"--%b--\r\n" % boundary


def field(name: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"'


def test_fields_and_files_are_told_apart() -> None:
    body = form(
        (field("data"), b'{"ndarray": [[1]]}'),
        (f'{field("binData")}; filename="cat.png"\r\nContent-Type: image/png', b"\x89PNG"),
    )
    assert read_parts(body, TYPE) == [
        Part("data", is_file=False, content=b'{"ndarray": [[1]]}'),
        Part("binData", is_file=True, content=b"\x89PNG"),
    ]


def test_a_binary_file_arrives_byte_by_byte() -> None:
    content = random.Random(7).randbytes(1_000_000)
    [part] = read_parts(form((f'{field("binData")}; filename="f"', content)), TYPE)
    assert hashlib.sha256(part.content).digest() == hashlib.sha256(content).digest()


@given(st.lists(st.binary(max_size=60).filter(lambda content: b"--xyz" not in content), max_size=5))
def test_any_contents_come_back(contents: list[bytes]) -> None:
    body = form(*((field(f"part{number}"), content) for number, content in enumerate(contents)))
    assert [part.content for part in read_parts(body, TYPE)] == contents


@pytest.mark.parametrize(
    "content",
    [b"", b"\r\n", b"\n\n", b"--", b"--xy", b"\r\n--xyza\r\n", b"a\r\n --xyz", b"text --xyz--\r\n", b"-----xyz"],
)
def test_what_only_looks_like_a_boundary_is_content(content: bytes) -> None:
    assert read_parts(form((field("a"), content)), TYPE)[0].content == content


@pytest.mark.parametrize(
    "header",
    [
        'content-disposition:form-data;name="a"',
        "Content-Disposition: form-data; name=a",
        'CONTENT-DISPOSITION: FORM-DATA; NAME="a"',
        'Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="a"',
        'Content-Disposition: form-data; note="name=b; name=c"; name="a"',
        'Content-Transfer-Encoding: binary\r\nContent-Disposition: form-data; name="a"',
    ],
)
def test_headers_are_read_as_clients_write_them(header: str) -> None:
    assert read_parts(form((header, b"1")), TYPE) == [Part("a", is_file=False, content=b"1")]


@pytest.mark.parametrize(
    "parameter", ['filename="f"', 'filename=""', "filename*=UTF-8''f", 'filename="a\\"; name=\\"b"']
)
def test_any_file_name_makes_a_file(parameter: str) -> None:
    assert read_parts(form((f"{field('a')}; {parameter}", b"1")), TYPE) == [Part("a", is_file=True, content=b"1")]


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/form-data; boundary="xyz"',
        "Multipart/Form-Data; charset=utf-8; Boundary=xyz",
        'multipart/form-data;boundary=xyz;a="b"',
    ],
)
def test_the_boundary_is_found_in_the_media_type(content_type: str) -> None:
    assert len(read_parts(form((field("a"), b"1")), content_type)) == 1


def test_preamble_epilogue_and_bare_newlines_are_borne() -> None:
    body = b'ignored\n--xyz \nContent-Disposition: form-data; name="a"\n\none\ntwo\n--xyz--\nignored\n--xyz\n'
    assert read_parts(body, TYPE) == [Part("a", is_file=False, content=b"one\ntwo")]


def test_a_part_without_content_may_lack_its_blank_line() -> None:
    body = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n--xyz--'
    assert read_parts(body, TYPE) == [Part("a", is_file=False, content=b"")]


def test_a_form_without_parts_is_empty() -> None:
    assert read_parts(b"--xyz--", TYPE) == []


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [
        (form((field("a"), b"1")), "multipart/form-data", 'has no "boundary"'),
        (form((field("a"), b"1")), 'multipart/form-data; boundary=""', 'has no "boundary"'),
        (form((field("a"), b"1"))[:-6], TYPE, "never closes: its last line must be '--xyz--'"),
        (form((field("a"), b"1")), "multipart/form-data; boundary=other", "never closes"),
        (b"", TYPE, "never closes"),
        (form(("Content-Type: text/plain", b"1")), TYPE, "has no name"),
        (form((field(""), b"1")), TYPE, "has no name"),
        (form(("Content-Disposition: attachment; name=a", b"1")), TYPE, "has no name"),
        (b"--xyz\r\n" + b"a" * 100_000 + b"\r\n--xyz--", TYPE, "no blank line between its header"),
        (form(*[(field("a"), b"")] * 1001), TYPE, "more than 1000 parts"),
    ],
)
def test_a_broken_form_is_refused(body: bytes, content_type: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_parts(body, content_type)
    assert told in refused.value.message


@given(st.binary(), st.text(max_size=20))
def test_any_bytes_are_parts_or_refused(noise: bytes, boundary: str) -> None:
    for body in (noise, b"--xyz\r\n" + noise + b"\r\n--xyz--", form((field("a"), noise))):
        for content_type in (TYPE, f"multipart/form-data; boundary={boundary}"):
            try:
                read_parts(body, content_type)
            except InvalidRequest:
                continue


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters='"\\\r\n'), min_size=1))
def test_a_name_may_be_any_text(name: str) -> None:
    assert read_parts(form((field(name), b"1")), TYPE) == [Part(name, is_file=False, content=b"1")]
