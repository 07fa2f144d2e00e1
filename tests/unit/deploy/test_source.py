"""What is deployed is an image by its name, or a folder that tells which image it became."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command_line import modelwrap, write
from modelwrap.contract import Role
from modelwrap.deploy.source import Source, read_source
from modelwrap.errors import DeployError, ModelwrapError

ROUTER = "class Router:\n    def route(self, X, names):\n        return 0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "model", {"Router.py": ROUTER, "requirements.txt": "numpy\n"})


@pytest.mark.parametrize(
    ("image", "name", "is_versioned"),
    [
        ("registry.example:5000/team/iris:0.1", "iris", True),
        ("iris", "iris", False),
        ("registry.example:5000/iris", "iris", False),
        ("seldonio/iris:latest", "iris", False),
        (f"seldonio/iris@sha256:{'0' * 64}", "iris", True),
    ],
)
def test_an_image_tells_its_name_and_whether_it_may_change(image: str, name: str, is_versioned: bool) -> None:
    source = read_source(image)
    assert (source.image, source.name, source.is_versioned) == (image, name, is_versioned)


def test_a_wrapped_folder_tells_all_that_it_was_wrapped_with(folder: Path) -> None:
    words = ("Router", "0.2", "registry.example/team", "--service-type", "ROUTER", "-p", "--grpc")
    assert modelwrap("wrap", folder, *words).status == 0
    expected = Source("registry.example/team/router:0.2", Role.ROUTER, True, True, str(folder / "build"))
    assert read_source(str(folder)) == read_source(str(folder / "build")) == expected
    assert read_source(str(folder), "registry.example/r:1").image == "registry.example/r:1"


def test_a_model_folder_tells_its_role_and_must_be_told_its_image(folder: Path) -> None:
    with pytest.raises(DeployError, match="--image"):
        read_source(str(folder))
    assert read_source(str(folder), "registry.example/r:1") == Source("registry.example/r:1", Role.ROUTER)


@pytest.mark.parametrize("text", ["./nowhere", "/nowhere", "Iris:0.1", "https://registry.example/iris:0.1", ""])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ModelwrapError):
        read_source(text)
