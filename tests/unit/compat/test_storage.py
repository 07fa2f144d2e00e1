"""Model files by URI: local ones are found, others are refused with what to do."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def download() -> Any:
    return import_module("seldon_core").Storage.download


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_path_that_exists_is_returned_without_its_scheme(download: Any, tmp_path: Path, prefix: str) -> None:
    (tmp_path / "model.bin").touch()
    assert download(f"{prefix}{tmp_path}") == str(tmp_path)
    assert download(f"{prefix}{tmp_path}/model.bin") == f"{tmp_path}/model.bin"


@pytest.mark.parametrize("source", ["model", "model/model.bin"])
def test_files_are_linked_into_a_folder_that_is_asked_for(download: Any, tmp_path: Path, source: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").write_text("weights")
    wanted = tmp_path / "new" / "folder"
    assert download(f"file://{tmp_path}/{source}", str(wanted)) == str(wanted)
    assert (wanted / "model.bin").read_text() == "weights"
    assert download(f"file://{tmp_path}/{source}", str(wanted)) == str(wanted)


@pytest.mark.parametrize("uri", ["/no/such/path", "file:///no/such/path", "no/such/path", ""])
def test_a_path_that_is_not_there_is_refused_by_name(download: Any, uri: str) -> None:
    with pytest.raises(RuntimeError, match=f"Local path {uri} does not exist"):
        download(uri)


@pytest.mark.parametrize("uri", ["s3://bucket/model", "gs://bucket/model", "https://models.example/model"])
def test_files_elsewhere_are_refused_with_the_way_to_get_them(download: Any, uri: str) -> None:
    with pytest.raises(RuntimeError, match=f"Cannot recognize storage type for {uri}.*modelUri"):
        download(uri)
