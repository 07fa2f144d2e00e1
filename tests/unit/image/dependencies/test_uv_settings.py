"""uv's settings are found where uv finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwrap.image.dependencies.settings import Surroundings
from modelwrap.image.dependencies.uv_settings import UvSettings, read_uv_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder."""
    place = tmp_path / "work" / "model"
    place.mkdir(parents=True)
    return place


def read(folder: Path, **environment: str) -> UvSettings:
    top = folder.parent.parent
    return read_uv_settings(Surroundings(environment, top / "home", top / "prefix", (top / "etc",)), folder)


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_nothing_told_is_nothing_set(folder: Path) -> None:
    assert read(folder) == UvSettings()


def test_later_places_win_and_the_nearest_folder_counts(folder: Path) -> None:
    top = folder.parent.parent
    places = (
        (top / "etc" / "uv" / "uv.toml", 'index-url = "https://etc.example"'),
        (top / "home" / ".config" / "uv" / "uv.toml", '[pip]\nindex-url = "https://home.example"'),
        (folder.parent / "uv.toml", '[[index]]\nurl = "https://above.example"\ndefault = true'),
        (folder / "pyproject.toml", '[tool.uv]\nindex-url = "https://project.example"'),
        (folder / "uv.toml", 'index-url = "https://folder.example"'),
    )
    for place, text in places:
        put(place, text)
        assert read(folder).index_url == text.partition('"')[2].partition('"')[0]
    assert read(folder, UV_DEFAULT_INDEX="https://variable.example").index_url == "https://variable.example"
    assert read(folder, UV_NO_CONFIG="1") == UvSettings()


def test_passwords_of_named_indexes_are_found(folder: Path) -> None:
    put(folder / "uv.toml", '[[index]]\nname = "in-house"\nurl = "https://index.example/simple"\n')
    told = {"UV_INDEX_IN_HOUSE_USERNAME": "me", "UV_INDEX_IN_HOUSE_PASSWORD": "a/b"}
    found = read(folder, **told)
    assert found.index_urls == ("https://me:a%2Fb@index.example/simple",)
    assert found.has_extra_indexes
    assert read(folder, UV_INDEX="own=https://other.example", UV_INDEX_OWN_USERNAME="x").index_urls == (
        "https://index.example/simple",
        "https://x:@other.example",
    )


def test_folders_strategies_and_hosts_are_noticed(folder: Path) -> None:
    put(
        folder / "uv.toml",
        'find-links = ["wheels"]\nindex-strategy = "first-index"\nallow-insecure-host = ["index.example"]\n',
    )
    found = read(folder)
    assert (found.has_find_links, found.has_strategy, found.insecure_hosts) == (True, True, ("index.example",))


def test_what_can_not_be_read_is_left_to_uv(folder: Path) -> None:
    put(folder / "uv.toml", "no toml")
    assert read(folder) == UvSettings()
