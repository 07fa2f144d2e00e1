"""Where a container's output goes, for every way to type it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwrap.cli.mounts import Mount
from modelwrap.cli.wrap import Request
from modelwrap.cli.wrapper_image import owner_of, place_output
from modelwrap.errors import ProjectError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What would be the root of a container's file system."""
    for name in ("my_model/mnist", "output", "app", "scratch"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def request_for(model: Path | str, out: str | None = None) -> Request:
    return Request(str(model), "M", "0.1", "seldonio", out, "MODEL", "python:3.12-slim", None, False, False, False)


def mounts(root: Path) -> list[Mount]:
    return [
        Mount(Path("/"), "/", "overlay"),
        Mount(root / "my_model", "/srv/ann/models", "ext4"),
        Mount(root / "output", "/srv/ann/out", "ext4"),
        Mount(root / "scratch", "/", "tmpfs"),
    ]


@pytest.mark.parametrize(
    ("out", "expected", "next_step"),
    [
        (None, "my_model/mnist/build", "cd mnist/build &&"),
        ("image", "my_model/image", "cd image &&"),
        ("./mnist/image", "my_model/mnist/image", "cd mnist/image &&"),
        ("{root}/output/mnist", "output/mnist", "cd mnist &&"),
        ("../output/mnist", "output/mnist", "cd mnist &&"),
        ("my image", "my_model/my image", "cd 'my image' &&"),
    ],
)
def test_the_output_lies_on_a_mounted_folder(out: str | None, expected: str, next_step: str, root: Path) -> None:
    typed = out.format(root=root) if out else None
    place = place_output(request_for(root / "my_model/mnist", typed), Path("/"), mounts(root))
    assert place.output == root / expected
    assert next_step in place.next_step


def test_a_relative_folder_counts_from_the_working_directory_where_that_is_mounted(root: Path) -> None:
    place = place_output(request_for("mnist", "mnist/image"), root / "my_model", mounts(root))
    assert place.output == root / "my_model/mnist/image"
    place = place_output(request_for("../my_model/mnist", "image"), root / "output", mounts(root))
    assert place.output == root / "output/image"


@pytest.mark.parametrize("out", ["{root}/app/build", "../build", "/build", "{root}/scratch/build"])
def test_what_would_vanish_with_the_container_is_refused(out: str, root: Path) -> None:
    typed = out.format(root=root)
    with pytest.raises(ProjectError, match="would vanish with it") as refused:
        place_output(request_for(root / "my_model/mnist", typed), Path("/"), mounts(root))
    assert f"counts from {root / 'my_model'}" in refused.value.message
    assert not (root / "app/build").exists()


def test_a_link_does_not_hide_that_it_would_vanish(root: Path) -> None:
    (root / "my_model/elsewhere").symlink_to(root / "app")
    with pytest.raises(ProjectError, match="would vanish with it"):
        place_output(request_for(root / "my_model/mnist", "elsewhere/build"), Path("/"), mounts(root))


def test_a_model_that_is_not_mounted_is_asked_for(root: Path) -> None:
    with pytest.raises(ProjectError, match="is not mounted"):
        place_output(request_for(root / "app"), Path("/"), mounts(root))


def test_a_model_that_the_container_does_not_see_is_asked_for(root: Path) -> None:
    with pytest.raises(ProjectError, match=r"no folder /srv/ann/mnist in the container\n.*-v /path/to/model:/my_model"):
        place_output(request_for("/srv/ann/mnist"), Path("/"), mounts(root))


def test_a_model_on_a_file_system_in_memory_was_mounted_all_the_same(root: Path) -> None:
    (root / "scratch/m").mkdir()
    assert place_output(request_for(root / "scratch/m"), Path("/"), mounts(root)).output == root / "scratch/m/build"


def test_a_mounted_folder_itself_is_no_output_folder(root: Path) -> None:
    with pytest.raises(ProjectError, match=f"--out-folder {root}/output/build"):
        place_output(request_for(root / "my_model/mnist", str(root / "output")), Path("/"), mounts(root))


def test_the_owner_is_the_nearest_folders_that_exists(root: Path) -> None:
    status = (root / "output").stat()
    assert owner_of(root / "output/a/b/c") == (status.st_uid, status.st_gid)
