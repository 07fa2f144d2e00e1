"""Every YAML of the docs is a manifest that its platform takes, a graph file, or what another program reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.markdown import blocks
from docs.stages import pages
from manifests.cases import documents
from manifests.validated import judged
from modelwrap.deploy import Plan, Size, read_graph
from rig.iris import ROOT

#: How a document begins that is neither ours nor Kubernetes'.
OTHERS = ("scrape_configs",)


def shown() -> Iterator[tuple[str, str]]:
    """Where each block of YAML stands, and its text."""
    for page in pages():
        for block in blocks(page):
            if block.language in ("yaml", "yml"):
                yield f"{page.relative_to(ROOT).as_posix()}:{block.line}", block.text


SHOWN = dict(shown())


@pytest.mark.parametrize("place", SHOWN)
def test_what_is_shown_is_taken(place: str, tmp_path: Path) -> None:
    for document in documents(SHOWN[place]):
        if "graph" in document:
            (tmp_path / "graph.yaml").write_text(SHOWN[place])
            name, root = read_graph(tmp_path / "graph.yaml", Size())
            Plan(name=name, root=root)
        elif not set(document) & set(OTHERS):
            assert judged(document)[2] == []


def test_there_is_yaml_to_look_at() -> None:
    assert len(SHOWN) >= 4
