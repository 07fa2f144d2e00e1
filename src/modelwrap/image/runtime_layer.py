"""The layer of modelwrap's own runtime, made of the running installation's files."""

from __future__ import annotations

from modelwrap import __version__
from modelwrap.contract import RUNTIME_DIR
from modelwrap.image.archive import LayerWriter
from modelwrap.image.cache import Cache
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.layer_cache import LayerRecipe, make_layer
from modelwrap.image.own_files import bytecode_inputs, compile_files, file_inputs, own_file, write_files
from modelwrap.image.runtime_files import runtime_files
from modelwrap.image.target import PythonTarget
from modelwrap.image.wheels.environment import Environment

__all__ = ["runtime_layer"]


def runtime_layer(target: PythonTarget, cache: Cache, *, bytecode: bool) -> Layer:
    """The runtime, and the line that makes it importable whatever PYTHONPATH says.

    Raises:
        ImageError: It can't be made.
    """
    place = RUNTIME_DIR.lstrip("/")
    files = [own_file(f"{place}/{file.path}", file.source) for file in runtime_files()]
    compiler = bytecode_inputs(target, bytecode=bytecode)

    def write(writer: LayerWriter) -> None:
        write_files(files, writer)
        for path, content in compile_files(files, cache) if compiler else ():
            writer.file(path, content)
        writer.file(f"{Environment(target.minor).packages}/modelwrap.pth", RUNTIME_DIR.encode())

    inputs = {"runtime": file_inputs(files), "python": target.minor, "bytecode": compiler}
    return make_layer(LayerRecipe(LayerKind.RUNTIME, f"modelwrap {__version__}", inputs, write), cache)
