"""Values land in other languages as themselves."""

from __future__ import annotations

import subprocess

import pytest

from modelwrap.image.text import dockerfile_quote, fill_template, shell_quote


@pytest.mark.parametrize(
    ("value", "expected"),
    [("plain", '"plain"'), ('a"b', r'"a\"b"'), (r"a\b", r'"a\\b"'), ("$HOME", r'"\$HOME"'), ("", '""')],
)
def test_a_dockerfile_expands_nothing_in_a_value(value: str, expected: str) -> None:
    assert dockerfile_quote(value) == expected


@pytest.mark.parametrize("value", ["plain", "a b", "it's", "$(id)", "`id`", "a\\b", "ü"])
def test_the_shell_reads_a_value_as_it_was(value: str) -> None:
    echoed = subprocess.run(["sh", "-c", f"printf %s {shell_quote(value)}"], check=True, capture_output=True, text=True)
    assert echoed.stdout == value


def test_a_template_is_never_left_with_an_empty_place() -> None:
    with pytest.raises(KeyError):
        fill_template("Makefile", {})
