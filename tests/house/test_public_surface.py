"""What a user may import from modelwrap itself: listed, sorted, present, and one version everywhere."""

from __future__ import annotations

import re
from importlib import metadata

import modelwrap
from house.checkout import ROOT


def test_the_public_names_are_sorted_and_present() -> None:
    assert modelwrap.__all__ == sorted(modelwrap.__all__)
    assert all(hasattr(modelwrap, name) for name in modelwrap.__all__)


def test_nothing_public_is_left_off_the_list() -> None:
    submodules = {path.stem for path in (ROOT / "src/modelwrap").iterdir()}
    visible = {name for name in vars(modelwrap) if not name.startswith("_")} - submodules
    assert visible <= set(modelwrap.__all__)


def test_the_installed_distribution_has_the_version_of_the_source() -> None:
    assert metadata.version("modelwrap") == modelwrap.__version__


def test_the_changelog_opens_with_what_is_unreleased() -> None:
    headings = re.findall(r"^## \[?(.+?)\]?(?: - .*)?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    if ".dev" not in modelwrap.__version__:
        assert headings[1] == modelwrap.__version__
