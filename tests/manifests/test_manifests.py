"""Every manifest holds what its platform knows and nothing else: unknown fields fail.

Kubernetes' own kinds, and the pods within the others, are held against the schemas of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manifests.cases import CASES, documents, printed, write_graphs
from manifests.forms import core_problems, pod_problems, problems
from manifests.kinds import COMPOSE, KINDS


def problems_of(document: dict[str, Any]) -> Iterator[str]:
    if "services" in document:
        yield from problems(document, COMPOSE, pod_problems)
        return
    form = KINDS.get((document["apiVersion"], document["kind"]))
    yield from problems(document, form, pod_problems, document["kind"]) if form else core_problems(document)


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
