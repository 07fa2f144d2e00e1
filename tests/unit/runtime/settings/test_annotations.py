"""The annotations file: what the downward API writes, and every way it may be missing or broken."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from modelwrap.runtime.settings.annotations import parse, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('foo="bar"', {"foo": "bar"}),
        (' foo  =   "bar"  ', {"foo": "bar"}),
        ('key=  "assign==="', {"key": "assign==="}),
        ('no assignment\nfoo="bar"\n\n', {"foo": "bar"}),
        ('a="1"\nseldon.io/rest-timeout="2000"', {"a": "1", "seldon.io/rest-timeout": "2000"}),
        ("", {}),
    ],
)
def test_lines_are_split_at_the_first_equals_sign(text: str, expected: dict[str, str]) -> None:
    assert parse(text) == expected


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "annotations"
    path.write_text('foo="bar"\n')
    assert read(str(path)) == {"foo": "bar"}


def test_no_file_is_no_annotations_and_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read(str(tmp_path / "annotations")) == {}
    assert caplog.records == []


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_an_unreadable_file_is_only_logged(
    content: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "annotations"
    path.mkdir() if content is None else path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert read(str(path)) == {}
    assert str(path) in caplog.text
