"""`modelwrap build`: its words, and what is wrong with them whatever they are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from modelwrap.cli.command import Command
from modelwrap.cli.loading import loading
from modelwrap.cli.values import SERVICE_TYPE
from modelwrap.contract import Role
from modelwrap.image.reference import parse_reference

__all__ = ["COMMAND"]


def _run(**words: Any) -> int:
    _check(words)
    with loading():
        from modelwrap.cli.building import Request, build_image  # noqa: PLC0415 - needs modelwrap[build]

    return build_image(Request(**words))


def _check(words: Mapping[str, Any]) -> None:
    if not any(words[place] for place in ("push", "load", "tar", "oci", "dry_run")):
        raise click.UsageError("say where the image goes: --push, --load, --tar FILE or --oci DIR")
    if words["push"] and not words["tags"]:
        raise click.UsageError("--push needs the image's name: -t REPO/NAME:TAG")
    for tag in words["tags"]:
        parse_reference(tag)


_OPTIONS = [
    click.Option(["-t", "--tag", "tags"], multiple=True, metavar="NAME:TAG", help="Its name; may be repeated."),
    click.Option(["--push"], is_flag=True, help="Push it to the registry of its name."),
    click.Option(["--load"], is_flag=True, help="Hand it to Docker or Podman here."),
    click.Option(["--tar"], metavar="FILE", help="Write an archive for docker load."),
    click.Option(["--oci"], metavar="DIR", help="Write a folder in the OCI layout."),
    click.Option(
        ["--service-type"],
        type=SERVICE_TYPE,
        metavar="T",
        default=Role.MODEL.value,
        help="MODEL, ROUTER, COMBINER, TRANSFORMER, …",
    ),
    click.Option(["-p", "--persistence"], is_flag=True, help="Keep the object's state in Redis."),
    click.Option(["--grpc"], is_flag=True, help="gRPC takes the one service port."),
    click.Option(["--base-image"], metavar="IMAGE", help="In a registry; or oci:, archive:, docker:."),
    click.Option(["--platform", "platforms"], multiple=True, metavar="P,…", help="linux/amd64, linux/arm64, or both."),
    click.Option(["--python"], metavar="3.X", help="The Python that the base must bring."),
    click.Option(["--no-bytecode", "bytecode"], flag_value=False, default=True, help="Leave out compiled modules."),
    click.Option(["--allow-missing"], multiple=True, metavar="LIB", help="A library that may be missing."),
    click.Option(["--requirements"], metavar="FILE", help="In place of requirements.txt."),
    click.Option(["--wheels"], multiple=True, metavar="DIR", help="Look here too; may be repeated."),
    click.Option(["--offline"], is_flag=True, help="Ask no network."),
    click.Option(["--lock"], metavar="FILE", help="Follow a pylock.toml, or write it."),
    click.Option(["--upgrade"], is_flag=True, help="Ask for newer versions again."),
    click.Option(["--build-wheels"], is_flag=True, help="Build what has no wheel: runs its code."),
    click.Option(["--no-sbom", "sbom"], flag_value=False, default=True, help="Attach no bill of materials."),
    click.Option(["--ca-bundle"], metavar="FILE", help="Authorities to trust for registries."),
    click.Option(["--insecure"], is_flag=True, help="Plain HTTP and any certificate will do."),
    click.Option(["--dry-run"], is_flag=True, help="Decide and show; make nothing."),
    click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document."),
    click.Option(["-q", "--quiet"], is_flag=True, help="Print the digest only."),
]

COMMAND = Command(
    "build",
    [click.Argument(["model_path"]), click.Argument(["model_name"], required=False), *_OPTIONS],
    _run,
    about=("Make an image of the class MODEL_NAME in MODEL_PATH, without Docker. Its digest is printed."),
    groups={
        "Where it goes": ["-t", "--push", "--load", "--tar", "--oci"],
        "What it serves": ["--service-type", "-p", "--grpc"],
        "What it stands on": ["--base-image", "--platform", "--python", "--no-bytecode", "--allow-missing"],
        "Its packages": ["--requirements", "--wheels", "--offline", "--lock", "--upgrade", "--build-wheels"],
        "How it goes": ["--no-sbom", "--ca-bundle", "--insecure", "--dry-run", "--json", "-q", "-h"],
    },
    examples=[
        "modelwrap build ./iris -t registry.example:5000/team/iris:0.1 --push",
        "modelwrap build ./iris -t seldonio/iris:0.1 --platform linux/amd64,linux/arm64 --push",
        "modelwrap build ./iris IrisClassifier --wheels ./wheels --offline --base-image oci:./base --tar iris.tar",
    ],
)
