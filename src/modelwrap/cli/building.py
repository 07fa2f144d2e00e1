"""What `modelwrap build` does: a model folder becomes an image, without Docker, and goes where it is wanted."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from modelwrap.cli import terminal
from modelwrap.cli.build_report import Outcome, built_document, built_lines, decided_document, decided_lines
from modelwrap.cli.default_registry import default_registry_notes
from modelwrap.cli.ending import ending_in_order
from modelwrap.cli.exits import Exit
from modelwrap.cli.progress import reporting
from modelwrap.cli.reach import reaching
from modelwrap.cli.settings import source_date_epoch
from modelwrap.cli.wrap import left_out_lines
from modelwrap.contract import Role
from modelwrap.errors import ImageError
from modelwrap.image.build_plan import BuildPlan, PackageSources, parse_platforms, parse_python
from modelwrap.image.cache import Cache
from modelwrap.image.created import creation_time
from modelwrap.image.locking import keep_lock
from modelwrap.image.loose_ends import tie_up
from modelwrap.image.oci import Platform
from modelwrap.image.parcel import Entry
from modelwrap.image.pipeline import Built, Reach, bills, build, decide, deliver, may_lay
from modelwrap.image.plan import make_plan
from modelwrap.image.reference import ImageName, Reference, default_image_name, parse_reference
from modelwrap.image.sinks.archive import ArchiveSink
from modelwrap.image.sinks.daemon import DaemonSink, engines
from modelwrap.image.sinks.layout import LayoutSink
from modelwrap.image.sinks.registry import RegistrySink
from modelwrap.image.sinks.sink import Sink
from modelwrap.project import choose_model_name, open_folder, read_project
from modelwrap.value import Value

if TYPE_CHECKING:
    from modelwrap.image.crew import Crew

__all__ = ["Request", "build_image"]


class Request(Value):
    """The command line as typed."""

    model_path: str
    model_name: str | None
    tags: tuple[str, ...]
    push: bool
    load: bool
    tar: str | None
    oci: str | None
    service_type: str
    persistence: bool
    grpc: bool
    base_image: str | None
    platforms: tuple[str, ...]
    python: str | None
    bytecode: bool
    allow_missing: tuple[str, ...]
    requirements: str | None
    wheels: tuple[str, ...]
    offline: bool
    lock: str | None
    upgrade: bool
    build_wheels: bool
    sbom: bool
    ca_bundle: str | None
    insecure: bool
    dry_run: bool
    as_json: bool
    quiet: bool

    @property
    def base(self) -> str:
        """The base image, as typed or by default."""
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        return self.base_image or f"python:{self.python or own}-slim"


def build_image(request: Request) -> int:
    """Decides, builds and delivers; prints the digest.

    Raises:
        ModelwrapError: It was refused, or failed; what was delivered before is told.
    """
    plan = _plan(request)
    notes = (*plan.notes, *(default_registry_notes(request.tags) if request.push else ()))
    for text in notes if not request.quiet else ():
        terminal.note(text)
    if request.lock and not Path(request.lock).exists() and not request.dry_run and not request.quiet:
        terminal.note(f"{request.lock} is not there yet: it will be written at the end")
    for line in left_out_lines(plan.image.project.folder.left_out) if not request.quiet else ():
        terminal.say(line)
    if request.dry_run:
        with ending_in_order(tie_up):
            return _dry(request, plan)
    with ExitStack() as stack:
        # A crew comes first: whatever comes after it has threads. A build that lays nothing is sooner done without.
        crew = stack.enter_context(_crew()) if may_lay(plan, Cache.of_user()) else None
        stack.enter_context(ending_in_order(tie_up))
        return _build(request, plan, crew)


def _crew() -> AbstractContextManager[Crew | None]:
    # Each process has what is loaded before it is forked off; most builds lay nothing, and need none of it.
    import modelwrap.image.laying  # noqa: F401, PLC0415
    from modelwrap.image.crew import gathering  # noqa: PLC0415

    return gathering()


def _plan(request: Request) -> BuildPlan:
    python = parse_python(request.python) if request.python else ""
    platforms = parse_platforms(request.platforms) or (_own_platform(),)
    root = open_folder(Path(request.model_path))
    model = request.model_name or choose_model_name(root)
    project = read_project(root, model, Role(request.service_type))
    reference = _reference(request, model)
    image = make_plan(
        project,
        reference,
        request.base,
        grpc=request.grpc,
        persistence=request.persistence,
        requirements_file=Path(request.requirements) if request.requirements else None,
    )
    packages = PackageSources(
        tuple(map(Path, request.wheels)),
        request.offline,
        Path(request.lock) if request.lock else None,
        request.build_wheels,
        request.upgrade,
    )
    created = creation_time(root, source_date_epoch())
    plan = BuildPlan(image, platforms, python, packages, request.bytecode, created, request.allow_missing)
    plan.check()
    return plan


def _reference(request: Request, model: str) -> Reference:
    """The first name as labels state it: in the parts that it was typed in."""
    typed = request.tags[0] if request.tags else default_image_name(model)
    name = parse_reference(typed)
    repository, _, last = typed.removesuffix(f"@{name.digest}").removesuffix(f":{name.tag}").rpartition("/")
    return Reference(repository, last, name.tag)


def _dry(request: Request, plan: BuildPlan) -> int:
    """Shows what was decided."""
    with (
        reporting(quiet=request.quiet) as reporter,
        reaching(insecure=request.insecure, ca_bundle=request.ca_bundle) as reach,
    ):
        decided = decide(plan, reach, reporter)
    if request.as_json:
        terminal.result(json.dumps(decided_document(plan, decided), indent=2))
    else:
        terminal.result("\n".join(decided_lines(plan, decided)))
    return Exit.GOOD


def _build(request: Request, plan: BuildPlan, crew: Crew | None) -> int:
    """Makes the image and brings it where it is wanted; its digest is the result."""
    began = time.monotonic()
    names = _names(request, plan)
    _check_places(request)
    engine = _engine(quiet=request.quiet) if request.load else ""
    with (
        reporting(quiet=request.quiet) as reporter,
        reaching(insecure=request.insecure, ca_bundle=request.ca_bundle, crew=crew) as reach,
    ):
        carries = request.sbom and bool(request.push or request.oci or request.tar)
        decided, built = build(plan, reach, reporter, billed=carries)
        referrers = bills(plan, built, decided, reach, reporter) if carries else ()
        reports = deliver(built, _sinks(request, reach, engine, referrers), names, reporter)
    locks = _keep_locks(request, built)
    outcome = Outcome(built, reports, locks, time.monotonic() - began)
    if not request.quiet:
        terminal.say("\n".join(built_lines(outcome)))
    terminal.result(json.dumps(built_document(outcome), indent=2) if request.as_json else built.index.digest)
    return Exit.GOOD


def _sinks(request: Request, reach: Reach, engine: str, referrers: tuple[Entry, ...]) -> list[tuple[str, Sink]]:
    """What costs least to do again comes first; engines have no place for what is attached."""
    sinks: list[tuple[str, Sink]] = []
    if request.oci:
        sinks.append(("write", LayoutSink(Path(request.oci), referrers)))
    if request.tar:
        sinks.append(("write", ArchiveSink(Path(request.tar), referrers)))
    if engine:
        sinks.append(("load", DaemonSink(engine)))
    if request.push:
        sinks.append(("push", RegistrySink(reach.connect, referrers)))
    return sinks


def _check_places(request: Request) -> None:
    """Refuses a place that can't take the image, before the work and not after it.

    Raises:
        ImageError: There is another thing of that name.
    """
    if request.oci:
        LayoutSink(Path(request.oci)).check()
    if request.tar:
        ArchiveSink(Path(request.tar)).check()


def _engine(*, quiet: bool) -> str:
    """The engine to load into: the first that answers.

    Raises:
        ImageError: None does.
    """
    found = engines()
    silent = " and ".join(name for name, answers in found.items() if not answers)
    what = f"no answer comes from {silent}" if silent else "there is no docker and no podman here"
    answering = next((name for name, answers in found.items() if answers), None)
    if answering is None:
        start = "start its daemon; " if silent else ""
        raise ImageError(f"{what}, so the image can't be loaded\n{start}--tar FILE or --oci DIR need none")
    if silent and not quiet:
        terminal.note(f"{what}, so the image goes to {answering}")
    return answering


def _names(request: Request, plan: BuildPlan) -> list[ImageName]:
    typed = request.tags or (str(plan.image.reference),)
    return [parse_reference(text) for text in typed]


def _keep_locks(request: Request, built: Built) -> list[Path]:
    """Writes the locks beside the image, one for each platform where there are several."""
    kept = []
    for place in _lock_places(request):
        locks = [packages.lock for packages in built.packages]
        for image, lock in zip(built.index.images, locks, strict=True):
            several = any(lock != other for other in locks)
            kept.append(place.with_stem(f"{place.stem}-{image.platform.architecture}") if several else place)
            keep_lock(lock, kept[-1])
    return list(dict.fromkeys(kept))


def _lock_places(request: Request) -> list[Path]:
    """Source: PEP 751, file names."""
    if request.lock:
        return [] if Path(request.lock).exists() else [Path(request.lock)]
    beside = (Path(path) for path in (request.oci, request.tar) if path)
    return [path.with_name(f"pylock.{path.stem.replace('.', '-')}.toml") for path in beside]


def _own_platform() -> Platform:
    (own,) = parse_platforms((os.uname().machine.lower(),))
    return own
