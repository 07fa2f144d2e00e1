"""Every manifest holds what its platform knows and nothing else: unknown fields fail.

Kubernetes' own kinds, and the pods within the others, are held against the schemas of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manifests.cases import CASES, documents, printed, write_graphs
from manifests.validated import judged, main


def problems_of(document: dict[str, Any]) -> list[str]:
    return judged(document)[2]


@pytest.mark.parametrize("case", CASES)
def test_a_manifest_holds_only_what_its_platform_knows(case: str, tmp_path: Path) -> None:
    found = documents(printed(CASES[case], write_graphs(tmp_path)))
    assert found
    assert [problem for document in found for problem in problems_of(document)] == []


@pytest.mark.parametrize("case", ["an image on seldon", "an image on kserve", "an image on kubernetes"])
def test_a_slip_in_a_manifest_would_be_noticed(case: str, tmp_path: Path) -> None:
    text = printed(CASES[case], tmp_path)
    for right, slip in (("readinessProbe:", "readynessProbe:"), ("image:", "imgae:"), ("memory: 512Mi", "memory: [1]")):
        assert right in text
        slipped = documents(text.replace(right, slip))
        assert [problem for document in slipped for problem in problems_of(document)] != []


#: Mappings whose names are anybody's: labels and their like, quantities by resource, Compose's services.
_FREE = {
    "labels", "annotations", "matchLabels", "limits", "requests", "environment", "depends_on", "services", "volumes",
}  # fmt: skip


def mappings(value: Any, name: str = "") -> Iterator[dict[str, Any]]:
    """Every mapping of a document that has fields of its own."""
    if isinstance(value, dict):
        if name not in _FREE and not (name == "selector" and not value.keys() & {"matchLabels"}):
            yield value
        for key, each in value.items():
            yield from mappings(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from mappings(each)


@pytest.mark.parametrize(
    "case", [f"an image on {name}" for name in ("seldon", "seldon2", "kserve", "kubernetes", "compose")]
)
def test_an_unknown_field_is_refused_wherever_it_stands(case: str, tmp_path: Path) -> None:
    for document in documents(printed(CASES[case], write_graphs(tmp_path))):
        for mapping in mappings(document):
            mapping["anyNewField"] = "x"
            assert problems_of(document) != [], mapping
            del mapping["anyNewField"]


def test_the_list_names_every_manifest_and_what_it_is_held_against(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    *lines, counts = capsys.readouterr().out.splitlines()
    assert {line.split(": ")[1] for line in lines} == set(CASES)
    assert "holds: an image on kubernetes: Deployment (Kubernetes 1.25.0 and 1.37.0)" in lines
    assert counts.startswith(f"{len(lines)} documents of {len(CASES)} command lines: ")
    assert counts.endswith("; 0 differ")
