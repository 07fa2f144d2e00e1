"""The lines of a requirements file as pip reads them: joined, without comments, one instruction each."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from modelwrap.value import Value

__all__ = ["Line", "decode", "option_of", "read_lines"]

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMENT = re.compile(r"(^|\s+)#.*$")
_OPTION = re.compile(r"(--[a-z-]+|-[a-zA-Z])(?:\s*=\s*|\s+|$)?(.*)", re.DOTALL)


class Line(Value):
    """One instruction of a requirements file.

    Attributes:
        file: The file, relative to the model folder.
        number: Where it begins, from 1.
        text: What it says, without comment and continuation.
    """

    file: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.number}: {self.text}"


def decode(content: bytes) -> str:
    """The text of a requirements file; UTF-16 and UTF-32 (as PowerShell writes them) are known by their mark.

    Raises:
        UnicodeDecodeError: It is none of these.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(encoding).lstrip("\N{BYTE ORDER MARK}")
    return content.decode("utf-8")


def read_lines(file: str, text: str) -> Iterator[Line]:
    """Yields the instructions of one requirements file."""
    for number, joined in _join(text.splitlines()):
        instruction = _COMMENT.sub("", joined).strip()
        if instruction:
            yield Line(file, number, instruction)


def _join(lines: list[str]) -> Iterator[tuple[int, str]]:
    begin, parts = 1, list[str]()
    for number, line in enumerate(lines, start=1):
        if not parts:
            begin = number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            parts.append(line[:-1])
        else:
            yield begin, " ".join([*parts, line])
            parts = []
    if parts:
        yield begin, " ".join(parts)


def option_of(text: str) -> tuple[str, str] | None:
    """The option that a line begins with and its value, or None where it names a requirement."""
    match = _OPTION.fullmatch(text)
    return (match[1], match[2].strip().strip("\"'")) if match else None
