"""`modelwrap push`: its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelwrap.cli.command import Command
from modelwrap.cli.loading import loading
from modelwrap.image.reference import parse_reference

__all__ = ["COMMAND"]


def _run(**words: Any) -> int:
    for reference in words["references"]:
        parse_reference(reference)
    with loading():
        from modelwrap.cli.pushing import Request, push  # noqa: PLC0415 - needs modelwrap[build]

    return push(Request(**words))


COMMAND = Command(
    "push",
    [
        click.Argument(["source"]),
        click.Argument(["references"], nargs=-1, required=True),
        click.Option(["--insecure"], is_flag=True, help="Plain HTTP and any certificate will do."),
        click.Option(
            ["--ca-bundle"],
            metavar="FILE",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Authorities to trust beside the machine's own.",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print digest, names and bytes as JSON."),
    ],
    _run,
    about=(
        "Push an image that lies in a folder (an OCI layout) or a file (an archive of docker save, or of modelwrap "
        "build) to a registry, under one or several names. No bytes change: the digest, which is printed, stays. "
        "Credentials are those of docker login and podman login. Of several images in a folder or file, SOURCE:TAG "
        "is one."
    ),
    groups={"The registry": ["--insecure", "--ca-bundle"], "Output": ["--json", "-h"]},
    examples=[
        "modelwrap push ./layout registry.example/team/iris:0.1",
        "modelwrap push iris.tar registry.example:5000/team/iris:0.1 registry.example:5000/team/iris:latest",
    ],
)
