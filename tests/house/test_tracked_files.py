"""A stranger's clone names no machine that it was written on and no registry that it was made with."""

from __future__ import annotations

import re

import pytest

from house.checkout import ROOT, text_files

#: Folders of one person's or one machine's own. The home of a container's root may hold a builder's cache.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|home|Users|root(?!/\.cache\b))/\w")
REGISTRY = re.compile(
    r"(?:\bpypi\.org|pythonhosted\.org|npmjs\.org|deb\.debian\.org|debian\.org/debian|"
    r"registry-1\.docker\.io|index\.docker\.io|\bghcr\.io|\bgcr\.io|\bquay\.io)\b"
)
#: These two spell the patterns out.
SELF = "tests/house/test_tracked_files.py"


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in text_files()
        if str(path) != SELF
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    assert lines_with(MACHINE_PATH) == []
    # A checkout in /src is no trace of anybody: there, only the patterns count.
    assert len(ROOT.parts) < 3 or lines_with(re.compile(re.escape(str(ROOT)) + r"\b")) == []


def test_no_file_names_the_host_of_a_package_or_image_registry() -> None:
    assert lines_with(REGISTRY) == []


@pytest.mark.parametrize("line", ["cd /work/x", '"/home/ann/model"', "open('/root/m.bin')", "a:/Users/b"])
def test_a_machine_path_is_recognised(line: str) -> None:
    assert MACHINE_PATH.search(line)


@pytest.mark.parametrize("line", ["target=/root/.cache/pip", "https://x.example/home/page", "docs/work/in"])
def test_a_container_path_or_an_address_is_no_machine_path(line: str) -> None:
    assert not MACHINE_PATH.search(line)
