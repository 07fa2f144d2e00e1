"""The layers of an image's packages: wheels spliced into archives, each with the bytecode of its modules."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from modelwrap.image.archive import LayerWriter, Written
from modelwrap.image.cache import Cache
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.layer_cache import LayerRecipe, make_layer
from modelwrap.image.oci import JSONObject, JSONValue
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

__all__ = ["Compile", "Lay", "Load", "Look", "Onlooker", "wheel_layers", "write_wheels"]

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


#: Compiles modules of a wheel.
Compile = Callable[[WheelFile, Sequence[Source]], Bytecode]


class Load(Value):
    """The wheels that go into one layer.

    Attributes:
        wheels: In their order: where two bring the same file, the later one's is written.
        environment: Where they are installed.
        has_bytecode: Whether compiled modules go in too.
    """

    wheels: tuple[WheelFile, ...]
    environment: Environment
    has_bytecode: bool


class Lay(Protocol):
    """Whoever writes layers in the place of this process."""

    def __call__(self, load: Load, path: Path, compiled: Compile, /) -> Written:
        """Writes a layer's archive to a file as `write_wheels` does."""


def wheel_layers(
    wheels: Sequence[WheelFile],
    target: PythonTarget,
    cache: Cache,
    *,
    bytecode: bool,
    lay: Lay | None = None,
    onlooker: Onlooker | None = None,
    workers: int | None = None,
) -> tuple[Layer, ...]:
    """The layers of some wheels.

    Args:
        wheels: What is installed, in any order. Where two bring the same file, the one whose layer is later wins.
        target: The Python that they are installed for.
        cache: Keeps layers and bytecode.
        bytecode: Whether compiled modules go in too; they do only where this interpreter can make them.
        lay: Writes the layers that are not recalled, from any thread; by default threads of this process do.
        onlooker: Sees what goes into each layer that is written here, from any thread.
        workers: How many are made at once; as many as keep all processors at work where it is None.

    Raises:
        DamagedBlob: A wheel can't be trusted.
        ImageError: A layer can't be made.
    """
    compiler = compiler_version() if bytecode and can_compile(target) else None
    environment = Environment(target.minor)

    def compiled(wheel: WheelFile, sources: Sequence[Source]) -> Bytecode:
        return compile_sources(sources, cache, archive=wheel.path, digest=wheel.digest, checked=False)

    def make(group: tuple[WheelFile, ...]) -> Layer:
        load = Load(group, environment, has_bytecode=compiler is not None)
        recipe = _recipe(load, compiler, lambda writer: write_wheels(load, writer, compiled, onlooker))
        return make_layer(recipe, cache, elsewhere=(lambda path: lay(load, path, compiled)) if lay else None)

    sizes = {wheel: wheel.path.stat().st_size for wheel in wheels}
    groups = group_wheels(sizes.items())
    largest_first = sorted(groups, key=lambda group: -sum(sizes[wheel] for wheel in group))
    # Half of the time a layer waits for its compiled modules; what comes last must not be one layer alone.
    at_once = (os.cpu_count() or 1) * (2 if compiler else 1)
    with ThreadPoolExecutor(workers or at_once) as pool:
        made = dict(zip(largest_first, pool.map(make, largest_first), strict=True))
    return tuple(made[group] for group in groups)


def write_wheels(load: Load, writer: LayerWriter, compiled: Compile, onlooker: Onlooker | None = None) -> None:
    """Writes wheels one after the other, each without what a later one of the same layer brings too.

    Args:
        load: The wheels.
        writer: Takes them.
        compiled: Compiles modules, in a thread of its own.
        onlooker: Sees what goes in.

    Raises:
        DamagedBlob: A wheel can't be trusted.
        ImageError: Modules can't be compiled.
    """
    layer = _Layer(load, writer, compiled, onlooker)
    paths = [layer.paths(wheel) for wheel in load.wheels] if len(load.wheels) > 1 else [set[str]()]
    for number, wheel in enumerate(load.wheels):
        later = set[str]().union(*paths[number + 1 :])
        layer.write(wheel, later)


def _recipe(load: Load, compiler: str | None, write: Callable[[LayerWriter], None]) -> LayerRecipe:
    digests: list[JSONValue] = [wheel.digest for wheel in load.wheels]
    inputs: JSONObject = {"wheels": digests, "python": load.environment.minor, "bytecode": compiler}
    return LayerRecipe(LayerKind.DEPENDENCIES, _title(load.wheels), inputs, write)


class _Layer(Value):
    load: Load
    writer: LayerWriter
    compiled: Compile
    onlooker: Onlooker | None

    def paths(self, file: WheelFile) -> set[str]:
        """All that a wheel brings."""
        with _open(file) as wheel:
            installation = install(wheel, self.load.environment)
            modules = {module.path for module in self._compile(file, installation).modules}
            return {placed.path for placed in installation.files} | modules

    def write(self, file: WheelFile, without: set[str]) -> None:
        """Writes a wheel, but for some paths."""
        with _open(file) as wheel:
            installation = install(wheel, self.load.environment)
            # The modules are compiled by other processes while this one lays the files.
            with ThreadPoolExecutor(1, thread_name_prefix="compile") as beside:
                compiling = beside.submit(self._compile, file, installation)
                self._write_files(file, wheel, installation, without)
            bytecode = compiling.result()
            record = installation.record(tuple(module.path for module in bytecode.modules))
            if record.path not in without:
                self.writer.file(record.path, record.content)
            for path, content in bytecode:
                if path not in without:
                    self.writer.file(path, content)

    def _write_files(self, file: WheelFile, wheel: Wheel, installation: Installation, without: set[str]) -> None:
        look = self.onlooker.look(file, wheel) if self.onlooker else None
        for placed in installation.files:
            if placed.path not in without:
                _write(placed, wheel, self.writer, look)
        if look:
            look.end()

    def _compile(self, file: WheelFile, installation: Installation) -> Bytecode:
        if not self.load.has_bytecode:
            return Bytecode(())
        return self.compiled(file, tuple(_sources(installation)))


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
