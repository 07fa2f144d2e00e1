"""Opening wheels: what comes out of a right one, and how each wrong one is refused."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from modelwrap.errors import DamagedBlob
from modelwrap.image.target import WheelFile
from modelwrap.image.wheels.wheel import Wheel
from wheels import WHEEL_TEXT, make_wheel, record_line

pytestmark = pytest.mark.usefixtures("inflating_library")
INFO = "p-1.0.dist-info"


def read_all(file: WheelFile) -> dict[str, bytes]:
    with Wheel(file.path, "p 1.0") as wheel:
        return {member.name: b"".join(content for _, content in wheel.pieces(member)) for member in wheel.members}


def refusal(file: WheelFile) -> str:
    with pytest.raises(DamagedBlob) as caught:
        read_all(file)
    return caught.value.message


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_LZMA])
def test_members_come_whole_however_they_are_kept(tmp_path: Path, compression: int) -> None:
    content = bytes(range(256)) * 9000
    found = read_all(make_wheel(tmp_path, "p", {"p/data.bin": content, "p/empty.py": ""}, compression=compression))
    assert found["p/data.bin"] == content
    assert found["p/empty.py"] == b""


def test_a_members_compressed_parts_are_its_deflate_stream(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000
    with Wheel(make_wheel(tmp_path, "p", {"p.bin": content}).path, "p") as wheel:
        (member,) = (member for member in wheel.members if member.name == "p.bin")
        stream = b"".join(compressed for compressed, _ in wheel.pieces(member))
    assert zlib.decompress(stream, -15) == content


def test_what_inflates_to_much_comes_in_small_parts(tmp_path: Path) -> None:
    with Wheel(make_wheel(tmp_path, "p", {"p.bin": bytes(20_000_000)}).path, "p") as wheel:
        (member,) = (member for member in wheel.members if member.name == "p.bin")
        assert max(len(content) for _, content in wheel.pieces(member)) <= 256 * 1024


def test_compiled_modules_of_a_wheel_are_left_out(tmp_path: Path) -> None:
    found = read_all(make_wheel(tmp_path, "p", {"p/__pycache__/a.cpython-311.pyc": b"stray", "p/a.py": ""}))
    assert "p/a.py" in found
    assert not [name for name in found if "__pycache__" in name]


def test_two_members_may_be_read_side_by_side(tmp_path: Path) -> None:
    contents = {"a.bin": b"".join(bytes([n % 256, n % 7]) for n in range(900_000)), "b.bin": bytes(range(251)) * 4000}
    with Wheel(make_wheel(tmp_path, "p", contents).path, "p") as wheel:
        one, other = (member for member in wheel.members if member.name in contents)
        pairs = zip(wheel.pieces(one), wheel.pieces(other), strict=False)
        first = [(a, b) for (_, a), (_, b) in pairs]
    assert b"".join(b for _, b in first).startswith(bytes(range(251)))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"../evil.py": ""}, "'../evil.py' leads out of it"),
        ({"/etc/passwd": ""}, "'/etc/passwd' leads out of it"),
        ({"p/../../evil.py": ""}, "leads out of it"),
        ({"p\\evil.py": ""}, "leads out of it"),
        ({"q-1.0.dist-info/WHEEL": WHEEL_TEXT}, "it has 2 .dist-info folders, not one"),
        ({f"{INFO}/WHEEL": b"Wheel-Version: 2.0\n"}, "it is of wheel version 2.0; modelwrap knows version 1"),
        ({f"{INFO}/WHEEL": b""}, "it is of wheel version unknown"),
    ],
)
def test_a_wheel_with_such_members_is_refused(tmp_path: Path, files: dict[str, str | bytes], said: str) -> None:
    message = refusal(make_wheel(tmp_path, "p", files))
    assert message.startswith("the wheel of p 1.0 can't be used: ")
    assert said in message


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (b"", "RECORD has no hash of p-1.0.dist-info/METADATA"),
        (b"\xff", "its RECORD can't be read"),
        (record_line("p.py", b"other"), "p.py has 4 bytes, RECORD says 5"),
        (record_line("p.py", b"kiss"), "p.py is not what RECORD's hash says"),
        (b"p.py,md5=AAAA,4\n", "that is no SHA-256"),
        (b"p.py,,\n", "RECORD has no hash of p.py"),
    ],
)
def test_a_wheel_with_such_a_record_is_refused(tmp_path: Path, record: bytes, said: str) -> None:
    right = make_wheel(tmp_path / "right", "p", {"p.py": "pass"})
    with zipfile.ZipFile(right.path) as archive:
        rest = b"".join(line + b"\n" for line in archive.read(f"{INFO}/RECORD").splitlines() if INFO.encode() in line)
    assert said in refusal(make_wheel(tmp_path, "p", {"p.py": "pass"}, record=record + rest if record[1:] else record))


def replace(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def edit(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new)

    return edit


def flip_first_byte_of_stream(content: bytes) -> bytes:
    at = content.index(b"p.py") + 4
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def rename_in_the_members_own_header(content: bytes) -> bytes:
    return content.replace(b"p.py", b"q.py", 1)


def claim_encryption(content: bytes) -> bytes:
    at = content.index(b"PK\x01\x02")
    return content[: at + 8] + b"\x01\x00" + content[at + 10 :]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda content: content[:-30], "it is no zip archive"),
        (lambda _: b"<html>404</html>", "it is no zip archive"),
        (
            replace(zlib.crc32(b"print('p')" * 9).to_bytes(4, "little"), b"\0\0\0\0"),
            "is not what its size and checksum say",
        ),
        (replace(b"\x5a\0\0\0\x04\0\0\0", b"\x5b\0\0\0\x04\0\0\0"), "is not what its size and checksum say"),
        (replace(b"\x5a\0\0\0\x04\0\0\0", b"\x05\0\0\0\x04\0\0\0"), "is not what its size and checksum say"),
        (flip_first_byte_of_stream, "p.py"),
        (claim_encryption, "is encrypted"),
        (replace(b"PK\x03\x04", b"PK\x03\x05"), "is not where the wheel's directory says"),
        (rename_in_the_members_own_header, "p.py calls itself 'q.py', which other readers would take it for"),
    ],
)
def test_a_damaged_archive_is_refused(tmp_path: Path, edit: Callable[[bytes], bytes], said: str) -> None:
    file = make_wheel(tmp_path, "p", {"p.py": "print('p')" * 9})
    file.path.write_bytes(edit(file.path.read_bytes()))
    assert said in refusal(file)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = make_wheel(tmp_path, "p", {"p.py": "pass"})
    with zipfile.ZipFile(file.path, "a") as archive:
        archive.writestr("p.py", "evil")
    assert "it has p.py twice" in refusal(file)


def test_what_follows_a_long_deflate_stream_is_refused(tmp_path: Path) -> None:
    content = bytes(1_000_000)
    stream = zlib.compress(content, wbits=-15) + b"more" * 30_000
    file = make_wheel(tmp_path, "p", {"p.bin": stream}, compression=zipfile.ZIP_STORED)
    with zipfile.ZipFile(file.path, "a") as archive:
        entry = archive.getinfo("p.bin")
        entry.compress_type, entry.file_size, entry.CRC = zipfile.ZIP_DEFLATED, len(content), zlib.crc32(content)
        archive.writestr(f"{INFO}/RECORD.jws", "so that the directory is written anew")
    assert "p.bin is no single deflate stream" in refusal(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "no.whl, can't be read" in refusal(WheelFile("p", "1.0", tmp_path / "no.whl", ""))
