"""`modelwrap inspect`: its words."""

from __future__ import annotations

from typing import Any

import click

from modelwrap.cli.command import Command
from modelwrap.cli.loading import loading

__all__ = ["COMMAND"]


def _run(**words: Any) -> int:
    with loading():
        from modelwrap.cli.inspecting import inspect  # noqa: PLC0415 - needs modelwrap[build]

    return inspect(**words)


COMMAND = Command(
    "inspect",
    [
        click.Argument(["image"]),
        click.Option(["--platform", "platforms"], multiple=True, metavar="P,…", help="Only these.  [default: all]"),
        click.Option(["--files"], is_flag=True, help="List every file of every layer; fetches the layers."),
        click.Option(["--ca-bundle"], metavar="FILE", help="Authorities to trust for registries."),
        click.Option(["--insecure"], is_flag=True, help="Speak plain HTTP to registries, or don't check certificates."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document."),
    ],
    _run,
    about=(
        "Show what IMAGE is made of: layers and their sizes, what is in them, settings. IMAGE is a name in a registry, "
        "a folder in the OCI layout, an archive, or docker:NAME."
    ),
    groups={"Options": ["--platform", "--files", "--ca-bundle", "--insecure", "--json", "-h"]},
    examples=[
        "modelwrap inspect registry.example:5000/team/iris:0.1",
        "modelwrap inspect ./iris-image --files",
        "modelwrap inspect iris.tar --json",
    ],
)
