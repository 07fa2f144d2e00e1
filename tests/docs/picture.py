"""The digit that the tutorial shows, as a PNG that anybody can make again: `python -m docs.picture` in `tests`."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

PICTURE = Path(__file__).parents[2] / "docs/tutorial/digit.png"
#: Pixels on the screen for one of the picture's.
_LARGER = 20


def shown() -> np.ndarray:
    """Shades of grey of the first digit that the tutorial's model has not seen: 255 for paper, 0 for ink."""
    digits = load_digits()
    _, unseen = train_test_split(digits.images, test_size=0.2, random_state=0)
    shades = np.rint(255 - unseen[0] * 255 / 16).astype(np.uint8)
    return np.kron(shades, np.ones((_LARGER, _LARGER), np.uint8))


def write(shades: np.ndarray, path: Path) -> None:
    """Write a PNG. Source: PNG specification, sections 5 and 11: 8 bits a pixel, grey, no filter."""
    height, width = shades.shape
    lines = np.hstack([np.zeros((height, 1), np.uint8), shades])
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks))


def read(path: Path) -> np.ndarray:
    """The shades of a PNG that `write` wrote."""
    content = path.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    begin = content.index(b"IDAT") + 4
    length = int.from_bytes(content[begin - 8 : begin - 4])
    lines = np.frombuffer(zlib.decompress(content[begin : begin + length]), np.uint8)
    return lines.reshape(height, width + 1)[:, 1:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    write(shown(), PICTURE)
