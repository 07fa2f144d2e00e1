"""From a plan to an image, as a short list of steps: decide, fetch, lay, check, put together, deliver.

Deciding looks at the base image and the indexes, and makes nothing. Nothing of the model or of a package is executed
at any step, except where the plan allows wheels to be built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from modelwrap.errors import BaseImageError, RegistryError
from modelwrap.image.base.facts import BaseFacts
from modelwrap.image.base.guess import guess_target
from modelwrap.image.base.probe import probe_base
from modelwrap.image.bills import bill_for, referring
from modelwrap.image.build_plan import BuildPlan
from modelwrap.image.cache import Cache
from modelwrap.image.config import image_annotations, image_config
from modelwrap.image.dependencies.early import beginning_early
from modelwrap.image.dependencies.obtaining import Packages, settle
from modelwrap.image.dependencies.resolution import Resolution, Wanted
from modelwrap.image.dependencies.selection import Chosen, select
from modelwrap.image.dependencies.settings import Surroundings
from modelwrap.image.environment_layer import environment_layer
from modelwrap.image.image import Image, ImageIndex, Layer
from modelwrap.image.model_layers import model_layers
from modelwrap.image.oci import Platform, digest_of
from modelwrap.image.parcel import Entry
from modelwrap.image.reference import ImageName
from modelwrap.image.registry.client import Registry
from modelwrap.image.runtime_layer import runtime_layer
from modelwrap.image.sinks.sink import Sink, SinkReport
from modelwrap.image.sources.opening import open_image
from modelwrap.image.sources.reading import SourceImage
from modelwrap.image.standard_library import Librarian, standard_library_layer
from modelwrap.image.steps import Reporter
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.underway import Underway, Vanguard
from modelwrap.image.validate.misfits import check_fit, read_natives
from modelwrap.image.wheels.interpreters import keeping_interpreters
from modelwrap.value import Value

if TYPE_CHECKING:
    from modelwrap.image.crew import Crew

__all__ = ["Built", "Decided", "Reach", "bills", "build", "decide", "deliver", "may_lay"]

#: The kind of the notes that packages were laid.
_LAID = "laid-1"


class Reach(Value):
    """All that a build reaches outside of its plan.

    Attributes:
        cache: What earlier builds left.
        connect: Makes a registry of its host.
        surroundings: How this machine reaches packages.
        crew: Processes that take work off this one; None where there are none.
    """

    cache: Cache
    connect: Callable[[str], Registry]
    surroundings: Surroundings
    crew: Crew | None = None


class Decided(Value):
    """What is known of one platform's image before anything of it is made.

    Attributes:
        base: What it stands on.
        facts: What that brings.
        resolution: The packages, and how they are reached.
        chosen: The file of each package.
        underway: The packages on their way into layers; None where nothing is to be made.
    """

    base: SourceImage
    facts: BaseFacts
    resolution: Resolution
    chosen: tuple[Chosen, ...]
    underway: Underway | None = None

    @property
    def target(self) -> PythonTarget:
        """What its packages are made for."""
        return self.facts.python


class Built(Value):
    """An image whose layers are in the cache, ready to go anywhere.

    Attributes:
        index: The image, of one platform or several.
        packages: What is installed in each.
    """

    index: ImageIndex
    packages: tuple[Packages, ...]


def decide(plan: BuildPlan, reach: Reach, reporter: Reporter) -> tuple[Decided, ...]:
    """Finds the base image and the packages for each platform.

    Raises:
        ModelwrapError: They are not to be had, or don't fit; the message says what to do.
    """
    return tuple(_decide(plan, platform, reach, reporter) for platform in plan.platforms)


def _decide(
    plan: BuildPlan, platform: Platform, reach: Reach, reporter: Reporter, vanguard: Vanguard | None = None
) -> Decided:
    with ExitStack() as stack:
        with reporter.step("base") as step:
            name = plan.image.base_image
            base = _open_base(name, platform, reach, offline=plan.packages.is_offline)
            settled = stack.enter_context(_settling(plan, guess_target(base.config, platform), reach, vanguard))
            librarian = Librarian(reach.cache) if plan.has_bytecode else None
            facts = probe_base(name, base.config, base.layers, reach.cache, librarian)
            _check_python(plan, facts)
            step.tell(f"{name}: {facts.description}")
        with reporter.step("resolve") as step:
            resolution, underway = settled(facts.python)
            chosen = select(resolution.lock, facts.python, resolution.pins)
            step.tell(f"{len(chosen)} packages")
    if vanguard and underway:
        vanguard.keep_to(underway)
    return Decided(base, facts, resolution, chosen, underway)


def _settling(
    plan: BuildPlan, guess: PythonTarget | None, reach: Reach, vanguard: Vanguard | None
) -> AbstractContextManager[Callable[[PythonTarget], tuple[Resolution, Underway | None]]]:
    """What settles the packages and goes on with them; where that runs no code, it begins while the base is read."""
    packages, wanted = plan.packages, _wanted(plan)
    lock = packages.lock if packages.lock and packages.lock.exists() and not packages.upgrades else None
    is_harmless = not lock and not packages.builds_wheels

    def settle_for(target: PythonTarget) -> tuple[Resolution, Underway | None]:
        resolution = settle(wanted, target, reach.surroundings, reach.cache, lock=lock)
        if vanguard is None:
            return resolution, None
        return resolution, vanguard.begin(resolution, wanted, target, reach.cache, bytecode=plan.has_bytecode)

    return beginning_early(settle_for, guess if is_harmless else None)


def _open_base(name: str, platform: Platform, reach: Reach, *, offline: bool) -> SourceImage:
    """A registry that fails may be one that nobody typed: that of the default base."""
    try:
        return open_image(name, platform, cache=reach.cache, connect=reach.connect, offline=offline)
    except RegistryError as error:
        raise RegistryError(
            f"the base image {name} can't be had: {error}\n"
            f"or name another with --base-image registry.example/{name.rpartition('/')[2]} or --base-image oci:DIR",
            status=error.status,
            diagnostics=error.diagnostics,
        ) from error


def _check_python(plan: BuildPlan, facts: BaseFacts) -> None:
    if plan.python and plan.python != facts.python.minor:
        raise BaseImageError(
            f"the base image {facts.name} brings Python {facts.python.version}, not {plan.python}\n"
            f"choose a --base-image with Python {plan.python}, or leave --python out"
        )


def _wanted(plan: BuildPlan) -> Wanted:
    image, packages = plan.image, plan.packages
    return Wanted(
        image.requirements_root,
        image.requirements,
        image.runtime_requirements,
        packages.wheels,
        offline=packages.is_offline,
        builds=packages.builds_wheels,
        refresh=packages.upgrades,
    )


def build(
    plan: BuildPlan, reach: Reach, reporter: Reporter, *, billed: bool = False
) -> tuple[tuple[Decided, ...], Built]:
    """Decides, and makes an image of what was decided; nothing leaves the cache yet.

    Args:
        plan: What to make.
        reach: All that is reached for it.
        reporter: Shows how it goes.
        billed: Whether `bills` comes next, which then finds its work done.

    Raises:
        ModelwrapError: Base or packages are not to be had, are damaged or don't fit; or the cache can't be written.
    """
    with keeping_interpreters(), Vanguard(reach.crew) as vanguard:
        decided = tuple(_decide(plan, platform, reach, reporter, vanguard) for platform in plan.platforms)
        made = [_image(plan, each, reach.cache, reporter, billed=billed) for each in decided]
    if reach.crew:
        # What comes next may take long, and needs nobody.
        reach.crew.close()
    if may_lay(plan, reach.cache):
        reach.cache.remember(_LAID, _packages_key(plan), {})
    annotations = image_annotations(plan.image, plan.created)
    images, packages = (tuple(image for image, _ in made), tuple(packages for _, packages in made))
    return decided, Built(ImageIndex(images, annotations), packages)


def may_lay(plan: BuildPlan, cache: Cache) -> bool:
    """Whether layers of packages are likely to be laid: they were, where a build with the same packages went well.

    It is a guess, made before anything is looked at: an index may have newer versions by now.
    """
    return plan.packages.upgrades or cache.recall(_LAID, _packages_key(plan)) is None


def _packages_key(plan: BuildPlan) -> str:
    image, packages = plan.image, plan.packages
    lock = packages.lock.read_bytes() if packages.lock and packages.lock.is_file() else b""
    asked = (image.requirements.lines, image.requirements.constraints, image.runtime_requirements, digest_of(lock))
    return repr((asked, packages.wheels, image.base_name, plan.platforms, plan.has_bytecode))


def _image(
    plan: BuildPlan, decided: Decided, cache: Cache, reporter: Reporter, *, billed: bool
) -> tuple[Image, Packages]:
    if decided.underway is None:
        raise AssertionError("whoever makes an image has begun with its packages")
    # What no package has a part in is made meanwhile: fetching leaves processors idle.
    with ThreadPoolExecutor(3, thread_name_prefix="own-layers") as beside:
        # The model's first, since it may wait for a process that compiles.
        model = beside.submit(_model, plan, decided, cache)
        runtime = beside.submit(_runtime, plan, decided, cache)
        below = beside.submit(_below, plan, decided, cache)
        with reporter.step("download") as step:
            packages = decided.underway.packages(step)
            step.tell(f"{len(packages.wheels)} wheels")
        if billed:
            # What is wrong with a wheel its layer says, or the step of the bills.
            beside.submit(bill_for, plan, decided.base.digest, packages.wheels, decided.target, cache)
        with reporter.step("layers") as step:
            wheels = decided.underway.layers()
            layers = (*decided.base.layers, *below.result(), *wheels, runtime.result(), *model.result())
            step.tell(f"{len(layers)} layers")
    _check(plan, decided, packages.wheels, cache, reporter)
    config = image_config(plan.image, decided.base.config, layers, decided.target.platform, plan.created)
    annotations = image_annotations(plan.image, plan.created, decided.base.digest)
    return Image(decided.target.platform, config, layers, annotations), packages


def _check(plan: BuildPlan, decided: Decided, wheels: Sequence[WheelFile], cache: Cache, reporter: Reporter) -> None:
    """Before anything leaves the cache: what could not be loaded in the cluster ends here."""
    with reporter.step("check") as step:
        files = plan.image.project.folder.files
        natives = read_natives((file.path, file.source) for file in files if file.path not in plan.image.archives)
        check_fit(decided.facts, wheels, cache, model=natives, allowed=plan.allowed_missing)
        step.tell("everything can be loaded")


def _below(plan: BuildPlan, decided: Decided, cache: Cache) -> tuple[Layer, ...]:
    """The layers below the packages': what changes seldom comes first."""
    target = decided.target
    library = standard_library_layer(decided.base.layers, target, cache) if plan.has_bytecode else None
    return (*((library,) if library else ()), environment_layer(target, cache))


def _runtime(plan: BuildPlan, decided: Decided, cache: Cache) -> Layer:
    """The layer above the packages'."""
    return runtime_layer(decided.target, cache, bytecode=plan.has_bytecode)


def _model(plan: BuildPlan, decided: Decided, cache: Cache) -> tuple[Layer, ...]:
    """The layers on top."""
    return model_layers(plan.image, decided.target, cache, bytecode=plan.has_bytecode)


def deliver(
    built: Built, sinks: Sequence[tuple[str, Sink]], names: Sequence[ImageName], reporter: Reporter
) -> tuple[SinkReport, ...]:
    """Brings an image to every place that it is wanted in.

    Args:
        built: What to bring.
        sinks: Where to, each with the name of its step.
        names: What it is called there.
        reporter: Shows how it goes.

    Raises:
        ImageError: A place refused it; the places before have it.
    """
    reports = []
    for title, sink in sinks:
        with reporter.step(title) as step:
            report = sink.write(built.index, names, step)
            step.tell(f"{report.place}: {report.outcome}")
        reports.append(report)
    return tuple(reports)


def bills(
    plan: BuildPlan, built: Built, decided: Sequence[Decided], reach: Reach, reporter: Reporter
) -> tuple[Entry, ...]:
    """The bill of what is in each image, ready to go with it.

    Raises:
        DamagedBlob: A wheel can't be read.
    """
    with reporter.step("sbom") as step:
        written = [
            bill_for(plan, each.base.digest, packages.wheels, each.target, reach.cache)
            for each, packages in zip(decided, built.packages, strict=True)
        ]
        step.tell("bill of materials, CycloneDX")
    return referring(built.index, written)
