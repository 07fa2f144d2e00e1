"""The generated folder as a list of entries: what stands where, with which bytes and which permission."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from modelwrap import __version__
from modelwrap.image.dockerfile import ARCHIVE_FOLDER, MODEL_FOLDER, REQUIREMENTS, RUNTIME_FOLDER, write_dockerfile
from modelwrap.image.plan import ImagePlan
from modelwrap.image.reference import DEFAULT_REGISTRY
from modelwrap.image.runtime_files import runtime_files
from modelwrap.image.text import fill_template, shell_quote
from modelwrap.project import MARKER, make_example
from modelwrap.value import Value

__all__ = ["CopiedFile", "Entry", "FolderEntry", "LinkEntry", "TextFile", "generated_entries", "model_directories"]


class TextFile(Value):
    """A file written here."""

    path: str
    text: str
    is_executable: bool = False


class CopiedFile(Value):
    """A file whose bytes are copied."""

    path: str
    source: Path
    is_executable: bool = False


class LinkEntry(Value):
    """A symbolic link."""

    path: str
    target: str


class FolderEntry(Value):
    """A folder; those of files need not be named."""

    path: str


Entry = TextFile | CopiedFile | LinkEntry | FolderEntry


def generated_entries(plan: ImagePlan) -> list[Entry]:
    """Everything that the generated folder holds, sorted by path."""
    return sorted([*_model(plan), *_runtime(), *_texts(plan)], key=lambda entry: entry.path)


def _model(plan: ImagePlan) -> Iterator[Entry]:
    folder = plan.project.folder
    yield FolderEntry(MODEL_FOLDER)
    for directory in model_directories(plan):
        yield FolderEntry(f"{MODEL_FOLDER}/{directory}")
    for file in folder.files:
        place = ARCHIVE_FOLDER if file.path in plan.archives else MODEL_FOLDER
        yield CopiedFile(f"{place}/{file.path}", file.source, file.is_executable)
    for link in folder.links:
        yield LinkEntry(f"{MODEL_FOLDER}/{link.path}", link.target)


def model_directories(plan: ImagePlan) -> Iterator[str]:
    """The model's folders, less those that held nothing but packages to install."""
    folder = plan.project.folder
    kept = {file.path for file in folder.files} - plan.archives | {link.path for link in folder.links}
    for directory in folder.directories:
        held = [path for path in plan.archives if path.startswith(f"{directory}/")]
        if not held or any(path.startswith(f"{directory}/") for path in kept):
            yield directory


def _runtime() -> Iterator[Entry]:
    for file in runtime_files():
        yield CopiedFile(f"{RUNTIME_FOLDER}/{file.path}", file.source)


def _texts(plan: ImagePlan) -> Iterator[Entry]:
    yield TextFile("Dockerfile", write_dockerfile(plan))
    yield TextFile(".dockerignore", _IGNORED)
    yield TextFile(REQUIREMENTS, _REQUIREMENTS_HEAD + "".join(f"{line}\n" for line in plan.runtime_requirements))
    yield TextFile("build_image.sh", fill_template("build_image.sh", _script_values(plan)), is_executable=True)
    yield TextFile("push_image.sh", fill_template("push_image.sh", _script_values(plan)), is_executable=True)
    yield TextFile("Makefile", fill_template("Makefile", {"ARGUMENTS": _arguments(plan)}))
    yield TextFile("README.md", fill_template("README.md", _readme_values(plan)))
    yield TextFile(MARKER, json.dumps({"modelwrap": __version__, **plan.labels}, indent=2, sort_keys=True) + "\n")


_REQUIREMENTS_HEAD = "# What the server needs. Floors only: the model's own requirements choose the versions.\n"
_IGNORED = """\
# Only what the Dockerfile copies is sent to the builder.
/.modelwrap.json
/README.md
/Makefile
/build_image.sh
/push_image.sh
"""


def _script_values(plan: ImagePlan) -> dict[str, str]:
    image = str(plan.reference)
    qualified = image if plan.reference.has_registry else f"{DEFAULT_REGISTRY}/{image}"
    return {
        "IMAGE": shell_quote(image),
        "QUALIFIED": shell_quote(qualified),
        "VARIABLES": " ".join(plan.requirements.variables),
    }


def _arguments(plan: ImagePlan) -> str:
    arguments = [plan.project.model.name, "--service-type", plan.project.role.value]
    return " ".join([*arguments, "--persistence", "1"] if plan.persistence else arguments)


def _readme_values(plan: ImagePlan) -> dict[str, str]:
    example = make_example(plan.project.root, plan.project.role, plan.project.model.methods)
    files = [*(f"{MODEL_FOLDER}/{name}" for name in plan.requirements.files[:1]), REQUIREMENTS]
    return {
        "MODEL": plan.project.model.name,
        "ROLE": plan.project.role.value,
        "VERSION": __version__,
        "IMAGE": str(plan.reference),
        "PATH": example.path,
        "METHOD": example.method,
        "CURL": example.curl("localhost:9000"),
        "BODY_NOTE": _OF_THE_MODEL if example.is_of_the_model else _GUESSED,
        "PACKAGES": _PACKAGES_ROW if plan.archives else "",
        "INSTALL": " ".join(f"-r {file}" for file in files),
        "PARAMETERS": "\n".join(f"| {key} | `{value}` |" for key, value in plan.labels.items()),
    }


_PACKAGES_ROW = "| `packages/` | wheels and archives that only pip needs; they are not in the image |\n"
_OF_THE_MODEL = "The names and values come from the model's `contract.json`."
_GUESSED = (
    "Put a row of your own inputs in place of the numbers; a `contract.json` in the model folder would give them."
)
