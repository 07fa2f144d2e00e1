"""What is to be deployed, as typed: the name of an image, or a folder that says which image it became."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelwrap.contract import Label, Role
from modelwrap.errors import DeployError
from modelwrap.image.reference import parse_reference
from modelwrap.project import MARKER, choose_model_name, is_ours, open_folder, read_roles

__all__ = ["Source", "read_source"]

#: Where `modelwrap wrap` writes by default.
_BUILD = "build"


@dataclass(frozen=True, slots=True)
class Source:
    """An image, and what its folder tells of it.

    Attributes:
        image: Its name.
        role: Its service type; None where nothing tells.
        keeps_state: Whether it was wrapped to keep its object's state.
        grpc: Whether it was wrapped for gRPC.
        folder: The wrapped folder that it is built from; empty where there is none.
    """

    image: str
    role: Role | None = None
    keeps_state: bool = False
    grpc: bool = False
    folder: str = ""

    @property
    def name(self) -> str:
        """The image's own name, without registry, path and version."""
        return parse_reference(self.image).path.rpartition("/")[2]

    @property
    def is_versioned(self) -> bool:
        """Whether the name means the same image tomorrow."""
        return parse_reference(self.image).pointer != "latest"


def read_source(text: str, image: str | None = None) -> Source:
    """Reads what is to be deployed.

    Args:
        text: The name of an image, a folder that modelwrap wrote, or a model folder.
        image: The image of a folder, where that does not tell.

    Raises:
        DeployError: It is none of these, or the folder does not tell its image.
        ProjectError: The model folder can't be read, or the name is none that an image can have.
    """
    path = Path(text)
    if path.is_dir():
        return _of_folder(path, image)
    if path.exists() or text.startswith((".", "/", "~")):
        raise DeployError(f"there is no folder {text}\ngive a model folder, or the name of an image")
    return Source(_checked(text))


def _of_folder(path: Path, image: str | None) -> Source:
    wrapped = next((folder for folder in (path, path / _BUILD) if is_ours(folder)), None)
    if wrapped is not None:
        return _of_marker(wrapped, image)
    if image is None:
        raise DeployError(
            f"{path} does not tell its image: there is no folder here that modelwrap wrote\n"
            "wrap it first, or name the image with --image"
        )
    root = open_folder(path)
    roles = read_roles(root, choose_model_name(root))
    return Source(_checked(image), roles[0] if len(roles) == 1 else None)


def _of_marker(folder: Path, image: str | None) -> Source:
    """Source: the parameters that are kept in a wrapped folder and in its image's labels."""
    told: Mapping[str, str] = json.loads((folder / MARKER).read_bytes())
    try:
        name = f"{told[Label.DOCKER_REPO]}/{told[Label.IMAGE_NAME]}:{told[Label.IMAGE_VERSION]}"
        role = Role(told[Label.SERVICE_TYPE])
    except (KeyError, ValueError) as error:
        raise DeployError(f"{folder / MARKER} does not tell the image: {error}\nwrap the model again") from error
    keeps_state, grpc = told.get(Label.PERSISTENCE) == "1", told.get(Label.API_TYPE) == "GRPC"
    return Source(_checked(image or name), role, keeps_state, grpc, str(folder))


def _checked(image: str) -> str:
    parse_reference(image)
    return image
