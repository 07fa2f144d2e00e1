"""`modelwrap inspect` as it is typed: what its word is taken for."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command_line import Outcome, modelwrap


def _inspect(word: str, folder: Path) -> Outcome:
    """Behind a proxy where nobody answers: no test asks a registry of the world."""
    closed = "http://127.0.0.1:1"
    environment = {"HTTPS_PROXY": closed, "https_proxy": closed, "NO_PROXY": "", "no_proxy": ""}
    return modelwrap("inspect", word, cwd=folder, environment={**environment, "XDG_CACHE_HOME": str(folder / "cache")})


@pytest.mark.parametrize(
    ("word", "taken_for"),
    [("nowhere", "docker.io/library/nowhere:latest"), ("models/iris:2", "docker.io/models/iris:2")],
)
def test_a_word_that_is_no_path_and_names_no_registry_is_said_to_be_a_name_of_docker(
    word: str, taken_for: str, tmp_path: Path
) -> None:
    outcome = _inspect(word, tmp_path)
    assert (outcome.status, outcome.out) == (1, "")
    note, error, *_ = outcome.err.splitlines()
    assert note == f"note: {word} is neither a file nor a folder here: it is taken for {taken_for}"
    assert error.startswith("error: docker.io can't be reached")


@pytest.mark.parametrize("word", ["127.0.0.1:1/team/iris:1", "./nowhere", "oci:nowhere", "nowhere.tar"])
def test_a_word_that_says_what_it_is_needs_no_note(word: str, tmp_path: Path) -> None:
    outcome = _inspect(word, tmp_path)
    assert outcome.status == 1
    assert "note:" not in outcome.err
