"""From a project and what was asked for to the plan of an image: every decision taken, nothing written yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from modelwrap.contract import Env, Label
from modelwrap.errors import ProjectError
from modelwrap.image.reference import Reference
from modelwrap.image.requirement_forms import is_archive, normalized
from modelwrap.image.requirements import REQUIREMENTS_FILE, Requirements, read_requirements
from modelwrap.image.runtime_files import package_name, runtime_requirements
from modelwrap.image.system_packages import BUILD_FILE, RUN_FILE, read_system_packages
from modelwrap.image.undeclared import undeclared_imports
from modelwrap.project import Folder, Project
from modelwrap.value import Value

__all__ = ["OCI_PREFIX", "ImagePlan", "make_plan"]

#: What the names of OCI's own labels and annotations begin with.
OCI_PREFIX = "org.opencontainers.image"

#: Files that tell other tools what a model needs, and that are not read here.
_OTHER_REQUIREMENTS = ("environment.yml", "environment.yaml", "Pipfile", "pyproject.toml", "setup.py", "conda.yaml")

#: How names of base images begin that are files of this machine.
_FILES = ("oci", "archive")


class ImagePlan(Value):
    """All that is decided about one image.

    Attributes:
        project: The model folder and its class.
        reference: The image's name.
        base_image: What it stands on.
        grpc: Whether gRPC takes the one service port of an old operator.
        persistence: Whether the object's state is kept.
        requirements: What the model's requirements files say.
        requirements_root: The folder that paths in them are relative to.
        runtime_requirements: What the runtime needs, as floors.
        archives: Files of the model folder that only pip needs; they do not go into the image.
        run_packages: Debian packages of the image.
        build_packages: Debian packages of the stage that installs Python packages.
    """

    project: Project
    reference: Reference
    base_image: str
    grpc: bool
    persistence: bool
    requirements: Requirements
    requirements_root: Path
    runtime_requirements: tuple[str, ...]
    archives: frozenset[str]
    run_packages: tuple[str, ...]
    build_packages: tuple[str, ...]

    @property
    def base_name(self) -> str:
        """What the base image is called in labels; of one in a file, no folder of this machine."""
        kind, _, place = self.base_image.partition(":")
        return f"{kind}:{PurePosixPath(place).name}" if kind in _FILES else self.base_image

    @property
    def labels(self) -> dict[str, str]:
        """The parameters as the guide's tool wrote them into labels. Source: wrapper page section 3."""
        return {
            Label.MODEL_NAME: self.project.model.name,
            Label.SERVICE_TYPE: self.project.role.value,
            Label.DOCKER_REPO: self.reference.repository,
            Label.IMAGE_NAME: self.reference.name,
            Label.IMAGE_VERSION: self.reference.tag,
            Label.BASE_IMAGE: self.base_name,
            Label.PERSISTENCE: "1" if self.persistence else "0",
            Label.API_TYPE: "GRPC" if self.grpc else "REST",
        }

    @property
    def oci_labels(self) -> dict[str, str]:
        """What any tool reads from an image. Source: OCI image specification, annotations."""
        return {
            f"{OCI_PREFIX}.title": self.project.model.name,
            f"{OCI_PREFIX}.version": self.reference.tag,
            f"{OCI_PREFIX}.base.name": self.base_name,
        }

    @property
    def environment(self) -> dict[str, str]:
        """What the server reads where no argument says otherwise."""
        return {
            Env.MODEL_NAME: self.project.model.name,
            Env.SERVICE_TYPE: self.project.role.value,
            Env.PERSISTENCE: "1" if self.persistence else "0",
            **({Env.API_TYPE: "GRPC"} if self.grpc else {}),
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, none of which stops the image."""
        return tuple(_notes(self))


def make_plan(
    project: Project,
    reference: Reference,
    base_image: str,
    *,
    grpc: bool,
    persistence: bool,
    requirements_file: Path | None = None,
) -> ImagePlan:
    """Decides everything about an image.

    Args:
        project: The model folder and its class.
        reference: The image's name.
        base_image: What it stands on.
        grpc: Whether gRPC takes the one service port of an old operator.
        persistence: Whether the object's state is kept.
        requirements_file: A requirements file in place of the folder's own; it may lie outside.

    Raises:
        ProjectError: A requirement, a system package or a file of the model can't work in an image.
    """
    extras = frozenset({"redis"} if persistence else ())
    packages = runtime_requirements(extras, takes_protobuf_messages=_takes_protobuf_messages(project))
    _check_collisions(project.folder, tuple(map(package_name, packages)))
    requirements, root = _requirements(project, packages, requirements_file)
    return ImagePlan(
        project,
        reference,
        base_image,
        grpc,
        persistence,
        requirements,
        root,
        packages,
        _archives(project.folder, requirements) if root == project.root else frozenset(),
        read_system_packages(project.root, RUN_FILE),
        _build_packages(project, requirements),
    )


def _requirements(project: Project, runtime: tuple[str, ...], file: Path | None) -> tuple[Requirements, Path]:
    """What the requirements say, and the folder that paths in them are relative to."""
    if file is None:
        return read_requirements(project.root, project.folder.paths, runtime), project.root
    place = file.resolve()
    if not place.is_file():
        raise ProjectError(f"there is no requirements file {file}")
    if place.is_relative_to(project.root):
        inside = place.relative_to(project.root).as_posix()
        return read_requirements(project.root, project.folder.paths, runtime, inside), project.root
    return read_requirements(place.parent, _Beside(place.parent), runtime, place.name), place.parent


class _Beside(Value):
    """All paths that there are in a folder, none of which goes into the image."""

    root: Path

    def __contains__(self, path: object) -> bool:
        return (self.root / str(path)).exists()


#: The methods that take whole messages, as protobuf's over gRPC; feedback's always. Source: component API section 6.
_WHOLE_MESSAGES = re.compile(
    r"predict_(raw|grpc)|(transform_input|transform_output|route|aggregate|send_feedback)_(rest|grpc|raw)"
)


def _takes_protobuf_messages(project: Project) -> bool:
    return any(_WHOLE_MESSAGES.fullmatch(name) for name in project.model.methods)


def _archives(folder: Folder, requirements: Requirements) -> frozenset[str]:
    def is_linked(path: str) -> bool:
        return any(path.startswith(f"{place}/") for place in requirements.link_folders)

    found = (file.path for file in folder.files if is_archive(file.path))
    return frozenset(path for path in found if path in requirements.local or is_linked(path))


def _build_packages(project: Project, requirements: Requirements) -> tuple[str, ...]:
    packages = read_system_packages(project.root, BUILD_FILE)
    needs_git = requirements.uses_git and "git" not in packages
    return (*packages, "git", "ca-certificates") if needs_git else packages


def _check_collisions(folder: Folder, packages: tuple[str, ...]) -> None:
    """Python takes installed packages first, so a module of the folder with such a name would never be imported."""
    reserved = {"modelwrap", *(normalized(name).replace("-", "_") for name in packages)}
    for path in sorted(folder.paths):
        parts = PurePosixPath(path).parts
        name = parts[0].partition(".")[0]
        if name in reserved and PurePosixPath(path).suffix in (".py", ".so"):
            raise ProjectError(
                f"{path} has the name of the package {name}, which is installed in the image and would be imported "
                "instead\nrename it"
            )


def _notes(plan: ImagePlan) -> Iterator[str]:
    files = {file.path for file in plan.project.folder.files}
    if not plan.requirements.files:
        others = [name for name in _OTHER_REQUIREMENTS if name in files]
        unread = f" ({', '.join(others)} is not read)" if others else ""
        yield f"there is no {REQUIREMENTS_FILE}{unread}: the image gets only what the runtime needs"
    if "seldon-core" in plan.requirements.names:
        yield (
            f"{REQUIREMENTS_FILE} names seldon-core, which pins old versions of NumPy, protobuf and Flask; "
            "modelwrap stands in for what a model imports from it, so the line can go"
        )
    yield from undeclared_imports(plan.project, plan.requirements, plan.base_image)
    if not plan.project.model.is_complete and not plan.project.model.methods:
        yield f"{plan.project.model.file} could not be read to its end, so its methods were not checked"
