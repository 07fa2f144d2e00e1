"""What `modelwrap push` does: an image in a folder or a file goes to a registry, byte for byte as it is."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from modelwrap.cli import terminal
from modelwrap.cli.default_registry import default_registry_notes
from modelwrap.cli.ending import ending_in_order
from modelwrap.cli.exits import Exit
from modelwrap.cli.progress import reporting
from modelwrap.errors import ImageError
from modelwrap.image.cache import Cache
from modelwrap.image.loose_ends import tie_up
from modelwrap.image.reference import parse_reference
from modelwrap.image.registry.client import Registry
from modelwrap.image.sinks.registry import push_names
from modelwrap.image.sources.opening import open_path, path_and_tag
from modelwrap.image.sources.reading import read_parcel
from modelwrap.image.sources.shelf import Shelf
from modelwrap.value import Value

__all__ = ["Request", "push"]


class Request(Value):
    """The command line as typed."""

    source: str
    references: tuple[str, ...]
    insecure: bool
    ca_bundle: Path | None
    as_json: bool


def push(request: Request) -> int:
    """Pushes an image under all its names; prints its digest.

    Raises:
        ImageError: It can't be read, or a registry refused it.
        ProjectError: A name is no name of an image.
    """
    names = [parse_reference(reference) for reference in request.references]
    shelf = _shelf(request.source)
    for text in default_registry_notes(request.references) if not request.as_json else ():
        terminal.note(text)
    connect = partial(Registry, insecure=request.insecure, ca_bundle=request.ca_bundle)
    with ending_in_order(tie_up), reporting(quiet=request.as_json) as reporter:
        with reporter.step("read"):
            parcel = read_parcel(shelf)
        with reporter.step("push") as step:
            report = push_names(connect, parcel, names, step)
            step.tell(report.outcome)
    if request.as_json:
        terminal.result(
            json.dumps({"digest": report.digest, "names": [*map(str, names)], "bytes": report.bytes_written})
        )
        return Exit.GOOD
    terminal.say(f"{report.place} is {report.digest}")
    terminal.say(f"next: {report.next_step}")
    terminal.result(report.digest)
    return Exit.GOOD


def _shelf(source: str) -> Shelf:
    """The image on this machine; a path may be typed as `inspect` and `--base-image` take it, too."""
    kind, colon, rest = source.partition(":")
    path, tag = path_and_tag(rest if colon and kind in {"oci", "archive"} else source)
    if not path.exists():
        raise ImageError(
            f"there is no file or folder {path}\n"
            "what is pushed is an image on this machine: a folder of modelwrap build --oci, "
            "or an archive of modelwrap build --tar or docker save"
        )
    return open_path(source, path, Cache.of_user(), tag)
