"""The layers of a model folder: what is large first, in layers of its own, then what is no code, and the code on top.

An edit of the code then pushes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelwrap.contract import MODEL_DIR
from modelwrap.image.archive import LayerWriter
from modelwrap.image.cache import Cache
from modelwrap.image.generated import model_directories
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.layer_cache import LayerRecipe, make_layer
from modelwrap.image.oci import JSONObject, JSONValue
from modelwrap.image.own_files import OwnFile, bytecode_inputs, compile_files, file_inputs, own_file, write_files
from modelwrap.image.plan import ImagePlan
from modelwrap.image.target import PythonTarget

__all__ = ["model_layers"]

#: In bytes: a file from this size on is weights.
_LARGE = 1_000_000
#: As many files have a layer of their own; the smaller ones after them share one.
_MOST_ALONE = 16


def model_layers(plan: ImagePlan, target: PythonTarget, cache: Cache, *, bytecode: bool) -> tuple[Layer, ...]:
    """The model's layers, the code's last.

    Raises:
        ImageError: A file can't be read, or changed meanwhile.
    """
    files = [
        own_file(_place(file.path), file.source, executable=file.is_executable)
        for file in plan.project.folder.files
        if file.path not in plan.archives
    ]
    large = sorted((file for file in files if file.size >= _LARGE), key=lambda file: (-file.size, file.path))
    small = [file for file in files if file.size < _LARGE]
    code = [file for file in small if file.path.endswith(".py")]
    others = [file for file in small if not file.path.endswith(".py")]
    recipes = [
        *_weights(large),
        *_files(LayerKind.FILES, others, "small"),
        _code(plan, code, target, cache, bytecode=bytecode),
    ]
    return tuple(make_layer(recipe, cache) for recipe in recipes)


def _weights(large: list[OwnFile]) -> Iterator[LayerRecipe]:
    alone, together = sorted(large[:_MOST_ALONE], key=_path), sorted(large[_MOST_ALONE:], key=_path)
    for group in (*([file] for file in alone), together):
        yield from _files(LayerKind.WEIGHTS, group, "large")


def _files(kind: LayerKind, group: list[OwnFile], size: str) -> Iterator[LayerRecipe]:
    """A layer of files as they are; none without files."""
    if group:
        name = group[0].path.removeprefix(_place(""))
        title = name if len(group) == 1 else f"{len(group)} {size} files"
        inputs: JSONObject = {"files": file_inputs(group)}
        yield LayerRecipe(kind, title, inputs, lambda writer: write_files(group, writer))


def _code(plan: ImagePlan, files: list[OwnFile], target: PythonTarget, cache: Cache, *, bytecode: bool) -> LayerRecipe:
    compiler = bytecode_inputs(target, bytecode=bytecode)
    folders = [_place(folder) for folder in model_directories(plan)]
    links = [(_place(link.path), link.target) for link in plan.project.folder.links]

    def write(writer: LayerWriter) -> None:
        for folder in (_place("").rstrip("/"), *folders):
            writer.folder(folder)
        for path, leads_to in links:
            writer.link(path, leads_to)
        write_files(files, writer)
        for path, content in compile_files(files, cache) if compiler else ():
            writer.file(path, content)

    listed: list[JSONValue] = [*folders]
    linked: list[JSONValue] = [[path, leads_to] for path, leads_to in links]
    inputs: JSONObject = {"code": file_inputs(files), "folders": listed, "links": linked, "bytecode": compiler}
    return LayerRecipe(LayerKind.CODE, "model code", inputs, write)


def _place(path: str) -> str:
    return f"{MODEL_DIR.lstrip('/')}/{path}"


def _path(file: OwnFile) -> str:
    return file.path
