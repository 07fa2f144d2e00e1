"""The layers of an image's packages: wheels spliced into archives, each with the bytecode of its modules."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from modelwrap.image.archive import LayerWriter
from modelwrap.image.cache import Cache
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.layer_cache import LayerRecipe, make_layer
from modelwrap.image.oci import JSONValue
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.wheels.bytecode import (
    Bytecode,
    Source,
    can_compile,
    compile_sources,
    compiler_version,
    is_worth_compiling,
)
from modelwrap.image.wheels.environment import Environment
from modelwrap.image.wheels.grouping import group_wheels
from modelwrap.image.wheels.installation import Installation, Placed, install
from modelwrap.image.wheels.wheel import Member, Pieces, Wheel
from modelwrap.value import Value

__all__ = ["Look", "Onlooker", "wheel_layers"]

#: So many packages a layer's title names, or one less and how many more there are.
_NAMES_SHOWN = 4


class Look(Protocol):
    """A look at one wheel, whose members go by."""

    def through(self, member: Member, pieces: Pieces) -> Pieces:
        """The same pieces, seen."""

    def end(self) -> object:
        """Says that no more members go by."""


class Onlooker(Protocol):
    """Whoever wants to see what is in wheels: inflating is most of the work, and is done once."""

    def look(self, file: WheelFile, wheel: Wheel) -> Look | None:
        """Begins a look at a wheel that is about to be laid; None if there is nothing of interest."""


def wheel_layers(
    wheels: Sequence[WheelFile],
    target: PythonTarget,
    cache: Cache,
    *,
    bytecode: bool,
    onlooker: Onlooker | None = None,
    progress: Callable[[Layer], None] = lambda _: None,
    workers: int | None = None,
) -> tuple[Layer, ...]:
    """The layers of some wheels.

    Args:
        wheels: What is installed, in any order. Where two bring the same file, the one whose layer is later wins.
        target: The Python that they are installed for.
        cache: Keeps layers and bytecode.
        bytecode: Whether compiled modules go in too; they do only where this interpreter can make them.
        onlooker: Sees what goes into each layer that is not recalled, from any thread.
        progress: Is told of each layer when it is there, from any thread.
        workers: How many are made at once; as many as keep all processors at work where it is None.

    Raises:
        DamagedBlob: A wheel can't be trusted.
        ImageError: A layer can't be made.
    """
    compiler = compiler_version() if bytecode and can_compile(target) else None
    maker = _Maker(Environment(target.minor), cache, compiler, onlooker)

    def make(group: tuple[WheelFile, ...]) -> Layer:
        layer = make_layer(maker.recipe(group), cache)
        progress(layer)
        return layer

    sizes = {wheel: wheel.path.stat().st_size for wheel in wheels}
    groups = group_wheels(sizes.items())
    largest_first = sorted(groups, key=lambda group: -sum(sizes[wheel] for wheel in group))
    # Half of the time a layer waits for its compiled modules; what comes last must not be one layer alone.
    at_once = (os.cpu_count() or 1) * (2 if compiler else 1)
    with ThreadPoolExecutor(workers or at_once) as pool:
        made = dict(zip(largest_first, pool.map(make, largest_first), strict=True))
    return tuple(made[group] for group in groups)


class _Maker(Value):
    environment: Environment
    cache: Cache
    compiler: str | None
    onlooker: Onlooker | None = None

    def recipe(self, group: tuple[WheelFile, ...]) -> LayerRecipe:
        digests: list[JSONValue] = [wheel.digest for wheel in group]
        return LayerRecipe(
            LayerKind.DEPENDENCIES,
            _title(group),
            {"wheels": digests, "python": self.environment.minor, "bytecode": self.compiler},
            lambda writer: self.write(group, writer),
        )

    def write(self, group: tuple[WheelFile, ...], writer: LayerWriter) -> None:
        """Writes the wheels one after the other, each without what a later one of the same layer brings too."""
        paths = [self._paths(wheel) for wheel in group] if len(group) > 1 else [set()]
        for number, wheel in enumerate(group):
            later = set().union(*paths[number + 1 :])
            self._write_wheel(wheel, writer, later)

    def _paths(self, file: WheelFile) -> set[str]:
        with _open(file) as wheel:
            installation = install(wheel, self.environment)
            compiled = {module.path for module in self._compile(file, installation).modules}
            return {placed.path for placed in installation.files} | compiled

    def _write_wheel(self, file: WheelFile, writer: LayerWriter, without: set[str]) -> None:
        with _open(file) as wheel:
            installation = install(wheel, self.environment)
            # The modules are compiled by other processes while this one lays the files.
            with ThreadPoolExecutor(1, thread_name_prefix="compile") as beside:
                compiling = beside.submit(self._compile, file, installation)
                self._write_files(file, wheel, installation, writer, without)
            bytecode = compiling.result()
            record = installation.record(tuple(module.path for module in bytecode.modules))
            if record.path not in without:
                writer.file(record.path, record.content)
            for path, content in bytecode:
                if path not in without:
                    writer.file(path, content)

    def _write_files(
        self, file: WheelFile, wheel: Wheel, installation: Installation, writer: LayerWriter, without: set[str]
    ) -> None:
        look = self.onlooker.look(file, wheel) if self.onlooker else None
        for placed in installation.files:
            if placed.path not in without:
                _write(placed, wheel, writer, look)
        if look:
            look.end()

    def _compile(self, file: WheelFile, installation: Installation) -> Bytecode:
        if self.compiler is None:
            return Bytecode(())
        sources = tuple(_sources(installation))
        return compile_sources(sources, self.cache, archive=file.path, digest=file.digest, checked=False)


def _title(group: tuple[WheelFile, ...]) -> str:
    if len(group) == 1:
        return f"{group[0].name} {group[0].version}"
    shown = group if len(group) <= _NAMES_SHOWN else group[: _NAMES_SHOWN - 1]
    rest = [f"{len(group) - len(shown)} more"] if len(group) > len(shown) else []
    return ", ".join([*(wheel.name for wheel in shown), *rest])


def _open(file: WheelFile) -> Wheel:
    return Wheel(file.path, f"{file.name} {file.version}")


def _sources(installation: Installation) -> Iterator[Source]:
    for module in installation.modules:
        if module.member and is_worth_compiling(module.path):
            yield Source(module.member.name, module.path)


def _write(placed: Placed, wheel: Wheel, writer: LayerWriter, look: Look | None) -> None:
    member = placed.member
    if member is None:
        writer.file(placed.path, placed.content, executable=placed.is_executable)
        return
    pieces = look.through(member, wheel.pieces(member)) if look else wheel.pieces(member)
    if member.is_deflated:
        writer.deflated(placed.path, pieces, member.size, member.crc, executable=placed.is_executable)
    else:
        contents = (content for _, content in pieces)
        writer.copied(placed.path, contents, member.size, executable=placed.is_executable)
