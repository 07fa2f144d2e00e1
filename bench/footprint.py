"""Measures what the runtime adds to the environment of a scikit-learn model: packages, and megabytes on disk.

Two environments are made from the lock: one with the model's requirements alone, one with the runtime's beside them.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rig.iris import EXAMPLE, train_copy
from rig.wrapped import RUNTIME_REQUIREMENTS, make_environment, wrap

#: What a model may be asked to carry. Beside it: seldon-core 1.18 adds 34 packages and 56 MB, MLServer 65 and 158 MB.
PACKAGES, MEGABYTES = 5, 20.0


@dataclass(frozen=True, slots=True)
class Footprint:
    """The packages of an environment with their sizes on disk, in bytes."""

    sizes: dict[str, int]

    @classmethod
    def of(cls, python: Path) -> Footprint:
        """Reads the environment that an interpreter belongs to."""
        (site,) = python.parents[1].glob("lib/python*/site-packages")
        return cls({found.name: _size(found) for found in metadata.distributions(path=[str(site)])})


def main() -> int:
    """Prints the table; returns 1 when the runtime adds more than its allowance."""
    with tempfile.TemporaryDirectory(prefix="modelwrap-footprint-") as name:
        folder = Path(name)
        model_folder, _ = train_copy(folder)
        build = wrap(model_folder, "registry.example/ann")
        model = EXAMPLE / "requirements.txt"
        before = Footprint.of(make_environment(folder / "before", model))
        after = Footprint.of(make_environment(folder / "after", model, build / RUNTIME_REQUIREMENTS))
        own = sum(path.stat().st_size for path in (build / "runtime").rglob("*") if path.is_file())
    return _report(before, after, own)


def _report(before: Footprint, after: Footprint, own: int) -> int:
    added = {name: size for name, size in after.sizes.items() if name not in before.sizes}
    megabytes = (sum(added.values()) + own) / 1e6
    print(f"the model alone           {len(before.sizes):3} packages  {sum(before.sizes.values()) / 1e6:8.1f} MB")
    for name, size in sorted(added.items(), key=lambda item: -item[1]):
        print(f"  + {name:37}  {size / 1e6:8.1f} MB")
    print(f"  + {'modelwrap.runtime, copied into the image':40}{own / 1e6:6.1f} MB")
    print(
        f"the runtime adds          {len(added):3} packages  {megabytes:8.1f} MB  (goal: {PACKAGES}, {MEGABYTES:g} MB)"
    )
    return 0 if len(added) <= PACKAGES and megabytes <= MEGABYTES else 1


def _size(distribution: metadata.Distribution) -> int:
    files = [Path(str(file.locate())) for file in distribution.files or ()]
    return sum(path.stat().st_size for path in files if path.is_file())


if __name__ == "__main__":
    sys.exit(main())
