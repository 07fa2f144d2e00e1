"""What stands where in the generated folder."""

from __future__ import annotations

from modelwrap.image.generated import CopiedFile, FolderEntry, generated_entries
from unit.image.conftest import Planner


def paths(plan: Planner, **files: str) -> set[str]:
    entries = generated_entries(plan(**files))
    return {entry.path for entry in entries if isinstance(entry, CopiedFile | FolderEntry)}


def test_packages_that_only_pip_needs_do_not_go_into_the_image(plan: Planner) -> None:
    found = paths(
        plan,
        **{
            "requirements.txt": "--find-links wheels\n./local/a-1-py3-none-any.whl\n-e ./lib\n",
            "wheels/b-1-py3-none-any.whl": "",
            "wheels/c-1.tar.gz": "",
            "local/a-1-py3-none-any.whl": "",
            "local/data.zip": "",
            "lib/pyproject.toml": "",
            "lib/data.tar.gz": "",
        },
    )
    assert {path for path in found if path.startswith("packages/")} == {
        "packages/wheels/b-1-py3-none-any.whl",
        "packages/wheels/c-1.tar.gz",
        "packages/local/a-1-py3-none-any.whl",
    }
    assert {"model/local/data.zip", "model/lib/data.tar.gz", "model/local"} <= found
    assert "model/wheels" not in found


def test_archives_of_the_model_itself_stay_with_it(plan: Planner) -> None:
    assert "model/weights.tar.gz" in paths(plan, **{"weights.tar.gz": "", "requirements.txt": "scipy\n"})


def test_the_entries_come_in_one_order(plan: Planner) -> None:
    entries = [entry.path for entry in generated_entries(plan(b="", a="", **{"A": "", "a.d/x": ""}))]
    assert entries == sorted(entries)
    assert len(entries) == len(set(entries))
