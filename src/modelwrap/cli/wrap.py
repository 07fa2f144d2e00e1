"""`modelwrap wrap`, and the guide's command without a verb: a model folder becomes a folder that builds an image."""

from __future__ import annotations

import os
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from modelwrap.cli import terminal
from modelwrap.cli.command import Command
from modelwrap.cli.ending import ending_in_order
from modelwrap.cli.exits import Exit
from modelwrap.cli.trial.contract import CONTRACT_FILE, read_contract
from modelwrap.cli.values import SERVICE_TYPE
from modelwrap.contract import Role
from modelwrap.errors import ProjectError
from modelwrap.image.generated import generated_entries
from modelwrap.image.plan import ImagePlan, make_plan
from modelwrap.image.reference import check_base_image, default_image_name, make_reference
from modelwrap.image.staging import check_output, write_folder
from modelwrap.project import LeftOut, make_example, read_project
from modelwrap.value import Value

__all__ = ["COMMAND", "Request", "left_out_lines", "make_command", "wrap"]

#: How many paths of one kind are named before the rest is only counted.
_NAMED = 4
#: What ends the paths of bytecode.
_BYTECODE = ("__pycache__/", ".pyc", ".pyo")


class Request(Value):
    """The command line as typed."""

    model_path: str
    model_name: str
    image_version: str
    docker_repo: str
    out_folder: str | None
    service_type: str
    base_image: str
    image_name: str | None
    force: bool
    persistence: bool
    grpc: bool

    @property
    def output(self) -> Path:
        """The folder to write, as typed or by default."""
        return Path(self.out_folder) if self.out_folder else Path(self.model_path, "build")


def wrap(request: Request, next_step: str | None = None) -> int:
    """Checks everything, then writes the folder; prints its path.

    Args:
        request: What was asked for.
        next_step: What is said at the end instead of the usual words.

    Raises:
        ProjectError: It was refused, or could not be written; nothing was changed.
    """
    output = Path(os.path.realpath(request.output))
    plan = _plan(request, output)
    check_output(output, plan.project.root, replace=request.force)
    with ending_in_order():
        try:
            write_folder(generated_entries(plan), output, replace=request.force)
        except OSError as error:
            raise ProjectError(_write_message(error, request.output)) from error
    _report(plan, next_step or _next_step(request.output))
    terminal.result(str(request.output))
    return Exit.GOOD


def _plan(request: Request, output: Path) -> ImagePlan:
    image_name = request.image_name or default_image_name(request.model_name)
    reference = make_reference(request.docker_repo, image_name, request.image_version)
    base_image = check_base_image(request.base_image)
    project = read_project(Path(request.model_path), request.model_name, Role(request.service_type), output)
    return make_plan(project, reference, base_image, grpc=request.grpc, persistence=request.persistence)


def _write_message(error: OSError, output: Path) -> str:
    """Where the fault lies outside of the folder in preparation, its place is named: a file that could not be read."""
    place = "" if error.filename is None or ".modelwrap-" in str(error.filename) else f" ({error.filename})"
    return f"the output folder {output} can't be written: {error.strerror}{place}\nnothing was changed"


def _report(plan: ImagePlan, next_step: str) -> None:
    for text in (*plan.notes, *_contract_notes(plan)):
        terminal.note(text)
    folder = plan.project.folder
    for line in left_out_lines(folder.left_out):
        terminal.say(line)
    count = len(folder.files)
    terminal.say(
        f"{plan.project.model.name} ({plan.project.role}), {count} file{'s' * (count != 1)}, "
        f"{terminal.size(folder.size)}, as {plan.reference}"
    )
    terminal.say(next_step)


def _contract_notes(plan: ImagePlan) -> Iterator[str]:
    """What no tester understands of a contract: the example request is made without it, or without a part of it."""
    project, path = plan.project, plan.project.root / CONTRACT_FILE
    if not path.exists():
        return
    try:
        read_contract(path)
    except ProjectError as error:
        example = make_example(project.root, project.role, project.model.methods)
        meanwhile = "is made from it as far as it goes" if example.is_of_the_model else "is a guess meanwhile"
        yield (
            f"{error.message.replace(str(path), CONTRACT_FILE)}\n"
            f"correct it, or remove it: the example request of README.md {meanwhile}, and modelwrap test refuses it"
        )


def _next_step(output: Path) -> str:
    return f"next: cd {shlex.quote(str(output))} && ./build_image.sh && ./push_image.sh"


def left_out_lines(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """One line for each reason, with the first paths it holds for; none for the bytecode that Python leaves behind."""
    worth_telling = [entry for entry in left_out if not entry.path.endswith(_BYTECODE)]
    reasons = Counter(entry.reason for entry in worth_telling)
    for reason, count in sorted(reasons.items()):
        paths = [entry.path for entry in worth_telling if entry.reason == reason]
        more = f" and {count - _NAMED} more" if count > _NAMED else ""
        yield f"left out ({reason}): {', '.join(paths[:_NAMED])}{more}"


def _default_base_image() -> str:
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


_WORDS = ("model_path", "model_name", "image_version", "docker_repo")
_OPTIONS = [
    click.Option(
        ["--service-type"],
        type=SERVICE_TYPE,
        metavar="T",
        default=Role.MODEL.value,
        show_default=True,
        help="MODEL, ROUTER, COMBINER, TRANSFORMER, OUTPUT_TRANSFORMER or OUTLIER_DETECTOR.",
    ),
    click.Option(["-p", "--persistence"], is_flag=True, help="Keep the object's state in Redis."),
    click.Option(["--grpc"], is_flag=True, help="gRPC takes the service port, REST moves to its own."),
    click.Option(["--image-name"], metavar="NAME", help="Name of the image.  [default: MODEL_NAME in lower case]"),
    click.Option(
        ["--base-image"],
        metavar="IMAGE",
        default=_default_base_image(),
        show_default=True,
        help="What the image stands on; needs Python 3.11 or newer.",
    ),
    click.Option(["--out-folder"], metavar="DIR", help="The folder to write.  [default: MODEL_PATH/build]"),
    click.Option(["-f", "--force"], is_flag=True, help="Replace what modelwrap wrote there before."),
]

_EXAMPLES = [
    "modelwrap ./iris IrisClassifier 0.1 seldonio",
    "modelwrap ./router EpsilonGreedy 0.2 registry.example:5000/team --service-type ROUTER -p",
    "modelwrap ./mnist MnistClassifier 1.4 seldonio --base-image python:3.13-slim --out-folder ../mnist --force",
]


def make_command(run: Callable[[Request], int] = wrap, examples: Sequence[str] = _EXAMPLES) -> Command:
    """The command, with what it does and the examples of its help."""
    return Command(
        "wrap",
        [*(click.Argument([word]) for word in _WORDS), *_OPTIONS],
        lambda **words: run(Request(**words)),
        about=(
            "Write a folder that builds into an image, from the class MODEL_NAME in MODEL_PATH/MODEL_NAME.py. The "
            "image is DOCKER_REPO/NAME:IMAGE_VERSION. The folder stands alone: model, server, Dockerfile, "
            "build_image.sh, push_image.sh. Its path is printed."
        ),
        groups={
            "What it serves": ["--service-type", "-p", "--grpc"],
            "The image": ["--image-name", "--base-image"],
            "The folder": ["--out-folder", "-f", "-h"],
        },
        examples=examples,
    )


COMMAND = make_command()
