"""What `modelwrap build` says of what it decided and of what it made: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from modelwrap.cli import terminal
from modelwrap.cli.layer_table import columns, kinds_table
from modelwrap.image.build_plan import BuildPlan
from modelwrap.image.dependencies.selection import Chosen
from modelwrap.image.image import Image, Layer
from modelwrap.image.oci import JSONObject, JSONValue
from modelwrap.image.pipeline import Built, Decided
from modelwrap.image.sinks.sink import SinkReport
from modelwrap.value import Value

__all__ = ["Outcome", "built_document", "built_lines", "decided_document", "decided_lines", "layer_documents"]


def decided_lines(plan: BuildPlan, decided: Sequence[Decided]) -> Iterator[str]:
    """The plan of a dry run: what the image stands on, what goes in, how it is started."""
    image = plan.image
    yield f"image    {image.reference}"
    yield f"class    {image.project.model.name} ({image.project.role}), {terminal.size(image.project.folder.size)}"
    for each in decided:
        yield ""
        yield from columns(_decisions(each), words=("",))


def _decisions(decided: Decided) -> list[tuple[str, ...]]:
    rows = [
        (str(decided.target.platform), ""),
        ("base", f"{decided.base.name}@{decided.base.digest}"),
        ("system", decided.facts.description),
    ]
    return [*rows, *((chosen.package.name, chosen.package.version) for chosen in decided.chosen)]


def decided_document(plan: BuildPlan, decided: Sequence[Decided]) -> JSONObject:
    """The same as JSON."""
    image = plan.image
    return {
        "image": str(image.reference),
        "model": image.project.model.name,
        "service_type": image.project.role.value,
        "created": plan.created,
        "files": [file.path for file in image.project.folder.files],
        "left_out": {entry.path: entry.reason for entry in image.project.folder.left_out},
        "environment": dict(image.environment),
        "labels": {**image.labels, **image.oci_labels},
        "platforms": [_decision_document(each) for each in decided],
    }


def _decision_document(decided: Decided) -> JSONObject:
    return {
        "platform": str(decided.target.platform),
        "base": {"name": decided.base.name, "digest": decided.base.digest},
        "python": decided.target.version,
        "libc": f"{decided.target.libc} {'.'.join(map(str, decided.target.libc_version))}",
        "packages": [_package_document(chosen) for chosen in decided.chosen],
    }


def _package_document(chosen: Chosen) -> JSONObject:
    artifact = chosen.artifact
    return {
        "name": chosen.package.name,
        "version": chosen.package.version,
        "file": artifact.name if artifact else None,
        "size": artifact.size if artifact else None,
    }


class Outcome(Value):
    """A build that is done.

    Attributes:
        built: What was made.
        reports: Where it went.
        locks: The locks that were written.
        seconds: How long all of it took.
    """

    built: Built
    reports: Sequence[SinkReport]
    locks: Sequence[Path]
    seconds: float


def built_lines(outcome: Outcome) -> Iterator[str]:
    """The layer table of each platform, then what else was written and what to do next."""
    for image in outcome.built.index.images:
        yield from ("", *kinds_table(image))
    yield ""
    yield from (f"lock: {path}" for path in outcome.locks)
    yield f"done in {outcome.seconds:.1f} s"
    if outcome.reports:
        yield f"next: {outcome.reports[-1].next_step}"


def built_document(outcome: Outcome) -> JSONObject:
    """The same as JSON."""
    index = outcome.built.index
    places: list[JSONValue] = [
        {"place": report.place, "bytes": report.bytes_written, "outcome": report.outcome} for report in outcome.reports
    ]
    return {
        "digest": index.digest,
        "platforms": [_image_document(image) for image in index.images],
        "places": places,
        "locks": [str(path) for path in outcome.locks],
        "seconds": round(outcome.seconds, 3),
    }


def _image_document(image: Image) -> JSONObject:
    layers: list[JSONValue] = [*layer_documents(image.layers)]
    return {"platform": str(image.platform), "digest": image.digest, "layers": layers}


def layer_documents(layers: Sequence[Layer]) -> Iterator[JSONObject]:
    """Each layer as JSON."""
    for layer in layers:
        descriptor = layer.blob.descriptor
        yield {
            "kind": layer.kind.value,
            "holds": layer.title,
            "digest": descriptor.digest,
            "diff_id": layer.diff_id,
            "size": descriptor.size,
            "unpacked": layer.unpacked or None,
        }
