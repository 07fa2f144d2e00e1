"""Documents stay in step: links lead somewhere, commands exist, every decision is in the index."""

from __future__ import annotations

import re
from pathlib import Path

from house.checkout import ROOT, SRC, project_files

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MAKE = re.compile(r"`make ([a-z][a-z0-9-]*)|^\s*(?:\$ )?make ([a-z][a-z0-9-]*)", re.MULTILINE)
TARGET = re.compile(r"^([a-z][a-z0-9-]*):(?!=)", re.MULTILINE)
DECISIONS = ROOT / "docs/decisions"


def documents() -> list[Path]:
    """The pages of the project itself; a template in the package is a page of somebody else's folder."""
    return [path for path in project_files() if path.suffix == ".md" and SRC not in path.parents]


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings make, as common renderers derive them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_link(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    if re.match(r"[a-z]+:", link):
        return False
    target = (page.parent / path) if path else page
    if not target.exists():
        return True
    return bool(anchor) and anchor not in anchors(target.read_text(encoding="utf-8"))


def test_every_relative_link_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)} -> {link}"
        for page in documents()
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if broken_link(page, link)
    ]
    assert broken == []


def test_every_documented_make_target_exists() -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    named = {
        (str(page.relative_to(ROOT)), first or second)
        for page in documents()
        for first, second in MAKE.findall(page.read_text(encoding="utf-8"))
    }
    assert named
    assert {(page, target) for page, target in named if target not in targets} == set()


def test_every_make_target_with_a_promise_is_documented() -> None:
    promised = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    handbook = (ROOT / "CONTRIBUTING.md").read_text()
    assert {target for target in promised if f"make {target}" not in handbook} == set()


def test_every_decision_is_in_the_index_and_every_entry_exists() -> None:
    index = set(re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", (DECISIONS / "README.md").read_text()))
    assert index == {path.name for path in DECISIONS.glob("[0-9]*.md")}


def test_every_decision_says_context_choice_numbers_and_when_to_look_again() -> None:
    wanted = ["## Context", "## Decision", "## Numbers", "## Revisit when"]
    lacking = {
        path.name: [heading for heading in wanted if heading not in path.read_text()]
        for path in sorted(DECISIONS.glob("[0-9]*.md"))
    }
    assert {name: headings for name, headings in lacking.items() if headings} == {}


def test_no_number_of_a_decision_is_taken_twice() -> None:
    numbers = [path.name[:4] for path in sorted(DECISIONS.glob("[0-9]*.md"))]
    assert numbers == sorted(set(numbers))
