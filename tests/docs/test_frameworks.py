"""Each framework's page shows the class that its example serves, and every framework has a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.markdown import blocks
from rig.examples import EXAMPLES, Example
from rig.iris import ROOT

PAGES = sorted((ROOT / "docs/how-to").glob("serve-*.md"))
#: The guide's own example has no page that shows it: Keras' page shows the one in today's format.
SHOWN = [example for example in EXAMPLES if example.folder != "mnist-keras"]


@pytest.mark.parametrize("example", SHOWN, ids=lambda each: each.folder)
def test_a_page_shows_the_class_as_it_is_served_and_leads_to_its_folder(example: Example) -> None:
    source = (example.path / f"{example.model}.py").read_text(encoding="utf-8")
    (page,) = (page for page in PAGES if source in {block.text for block in blocks(page)})
    assert f"](../../examples/{example.folder}/README.md)" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_to_save_how_to_load_it_and_what_goes_wrong(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [
        name for name in ("What to save", "How to load it", "What goes wrong") if f"\n## {name}\n" not in text
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_requirements_that_a_page_shows_are_those_of_its_example(page: Path) -> None:
    shown = [block.text for block in blocks(page) if block.language == "text" and "index" not in block.text]
    theirs = {(example.path / "requirements.txt").read_text(encoding="utf-8") for example in EXAMPLES}
    assert [text for text in shown if text not in theirs] == []
