"""What an image holds, down to the bytes of its layers."""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path

from e2e.engine import Engine

__all__ = ["history", "strings_found"]


def strings_found(engine: Engine, image: str, strings: Iterable[str], folder: Path) -> list[str]:
    """Which of these strings occur anywhere in an image: files and names in every layer, history, configuration.

    The saved image is searched as it is: engines save layers uncompressed.
    """
    archive = folder / "saved.tar"
    engine.run("save", "--output", str(archive), image)
    try:
        with archive.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return [string for string in strings if content.find(string.encode()) >= 0]
    finally:
        archive.unlink()


def history(engine: Engine, image: str) -> str:
    """The layers of an image that hold anything, newest first: size and instruction."""
    form = "{{.Size}}\t{{.CreatedBy}}"
    lines = engine.run("history", "--no-trunc", "--format", form, image).splitlines()
    rows = (line.partition("\t") for line in lines)
    return "\n".join(f"{size:>8}  {_short(words)}" for size, _, words in rows if size != "0B")


def _short(instruction: str) -> str:
    words = instruction.replace("/bin/sh -c #(nop) ", "").replace("/bin/sh -c ", "RUN ").replace("RUN RUN", "RUN")
    words = " ".join(words.split()) or "the base image"
    return words if len(words) <= 96 else f"{words[:95]}…"
