"""Every manifest of the tests, and what each is held against, as a list.

python -m manifests.validated     (in tests/; `make manifests` without CRDS)
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from manifests.cases import CASES, documents, printed, write_graphs
from manifests.forms import VERSIONS, core_problems, pod_problems, problems
from manifests.kinds import COMPOSE, KINDS

_KUBERNETES = f"Kubernetes {' and '.join(VERSIONS)}"


def judged(document: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    """A document's kind, what it is held against, and what is wrong with it; unknown fields are."""
    if "services" in document:
        return "Compose", "its table", list(problems(document, COMPOSE, pod_problems))
    kind: str = document["kind"]
    form = KINDS.get((document["apiVersion"], kind))
    if form is None:
        return kind, _KUBERNETES, list(core_problems(document))
    against = "its table" if kind in {"ServiceMonitor", "Model", "Pipeline"} else f"its table, pods {_KUBERNETES}"
    return kind, against, list(problems(document, form, pod_problems, kind))


def main() -> int:
    """Prints the list and a count of each kind; returns 1 where a manifest does not hold."""
    with tempfile.TemporaryDirectory() as place:
        found = list(_all(write_graphs(Path(place))))
    for case, kind, against, wrong in found:
        sys.stdout.write(f"{'differs' if wrong else 'holds'}: {case}: {kind} ({against})\n")
        sys.stdout.writelines(f"    {each}\n" for each in wrong)
    counts = Counter(kind for _, kind, _, _ in found)
    bad = sum(bool(wrong) for _, _, _, wrong in found)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    sys.stdout.write(f"{len(found)} documents of {len(CASES)} command lines: {kinds}; {bad} differ\n")
    return 1 if bad else 0


def _all(folder: Path) -> Iterator[tuple[str, str, str, list[str]]]:
    for case, words in CASES.items():
        for document in documents(printed(words, folder)):
            yield case, *judged(document)


if __name__ == "__main__":
    sys.exit(main())
