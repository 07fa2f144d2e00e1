"""`modelwrap init`: a new model folder that works at once, to be made into one's own."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping
from pathlib import Path

import click

from modelwrap.cli import terminal
from modelwrap.cli.command import Command
from modelwrap.cli.ending import ending_in_order
from modelwrap.cli.exits import Exit
from modelwrap.cli.start.kinds import FRAMEWORKS, Kind, files_of, install, kind_of
from modelwrap.cli.start.names import choose_place
from modelwrap.cli.values import SERVICE_TYPE, OneOf
from modelwrap.contract import Role
from modelwrap.errors import ProjectError

__all__ = ["COMMAND"]


def _init(name: str, framework: str | None, service_type: str) -> int:
    """Writes the folder and prints its path.

    Raises:
        ProjectError: It was refused; nothing was written.
    """
    role = Role(service_type)
    _check_wishes(framework, role)
    place = choose_place(name)
    kind = kind_of(framework, role)
    files = files_of(kind, place.class_name, role)
    with ending_in_order():
        _write(place.folder, files)
    terminal.say(f"{place.class_name} ({role}), which {kind.about}: {', '.join(files)}")
    terminal.say("\n".join(["next:", *(f"  {step}" for step in _next_steps(str(place.folder), kind, role))]))
    terminal.result(str(place.folder))
    return Exit.GOOD


def _check_wishes(framework: str | None, role: Role) -> None:
    if framework is not None and role is not Role.MODEL:
        raise ProjectError(
            f"--framework {framework} is for a MODEL; a {role} begins with a class that needs none\n"
            "leave one of the two out: any class may import what it likes later"
        )


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Writes the files into a folder that is new or empty; what is written goes again if it can't be done."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                written.append(folder / name)
                file.write(text)
    except BaseException:
        with contextlib.suppress(OSError):
            for path in written:
                path.unlink()
            for path in made:
                path.rmdir()
        raise


def _next_steps(folder: str, kind: Kind, role: Role) -> list[str]:
    shown = shlex.quote(folder)
    training = [install(shown, kind), f"python {shown}/train.py"] if kind.artefact else []
    option = "" if role is Role.MODEL else f" --service-type {role}"
    return [*training, f"modelwrap serve {shown}{option}"]


COMMAND = Command(
    "init",
    [
        click.Argument(["name"]),
        click.Option(
            ["--framework"],
            type=OneOf(FRAMEWORKS),
            metavar="F",
            help=f"What the model is made with: {', '.join(FRAMEWORKS)}.  [default: none, a class in plain Python]",
        ),
        click.Option(
            ["--service-type"],
            type=SERVICE_TYPE,
            metavar="T",
            default=Role.MODEL.value,
            show_default=True,
            help="MODEL, ROUTER, COMBINER, TRANSFORMER, OUTPUT_TRANSFORMER or OUTLIER_DETECTOR.",
        ),
    ],
    _init,
    about=(
        "Write the new model folder NAME, small and working at once: a class, its requirements, a contract for "
        "testers, a README, and for a framework the program that trains the model. The folder my-model holds the class "
        "MyModel. Its path is printed."
    ),
    groups={"What it begins with": ["--framework", "--service-type"], "Help": ["-h"]},
    examples=[
        "modelwrap init hello && modelwrap serve hello",
        "modelwrap init iris --framework sklearn",
        "modelwrap init models/ab-test --service-type ROUTER",
    ],
)
