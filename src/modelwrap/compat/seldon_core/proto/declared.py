"""Seldon's messages in protobuf's default pool, where those of the user's own code are too.

Whatever has been declared there before, by TensorFlow or by generated code in the model folder, is taken as it is: a
message can be declared only once in a process.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from modelwrap.runtime.codecs.schema import file_descriptor
from modelwrap.runtime.codecs.schema.seldon import PREDICTION
from modelwrap.runtime.codecs.schema.tensorflow import TENSOR, TENSOR_SHAPE, TYPES
from modelwrap.runtime.codecs.schema.well_known import ANY, EMPTY, STRUCT

__all__ = ["fill"]

#: The reference's own name for the file, so that its generated code, loaded later, finds what it declares.
_NAME = "proto/prediction.proto"
_OWN = (TYPES, TENSOR_SHAPE, TENSOR, replace(PREDICTION, name=_NAME))


def fill(module: dict[str, Any]) -> Any:
    """Put the classes of Seldon's messages into a module's names, as generated code does.

    Args:
        module: The names of the module.

    Returns:
        The descriptor of the file that declares the messages.

    Raises:
        ImportError: There is no protobuf, or it is older than 3.20.
    """
    builder = _builder()
    file = _declare(import_module("google.protobuf.descriptor_pool").Default())
    builder.BuildMessageAndEnumDescriptors(file, module)
    builder.BuildTopDescriptorsAndMessages(file, module["__name__"], module)
    return file


def _builder() -> Any:
    """What makes classes of descriptors; generated code of every release since 3.20 relies on it."""
    try:
        return import_module("google.protobuf.internal.builder")
    except ImportError as error:
        raise ImportError(
            "seldon_core.proto needs protobuf, 3.20 or newer: add protobuf to requirements.txt", name=error.name
        ) from error


def _declare(pool: Any) -> Any:
    for file in (ANY, EMPTY, STRUCT):
        import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
    _prefer_tensorflow()
    names: dict[str, str] = {}
    for file in _OWN:
        known = _declaring(pool, next(file.symbols()))
        if known is None:
            imports = tuple(names.get(each, each) for each in file.imports)
            pool.AddSerializedFile(file_descriptor(replace(file, imports=imports)))
        names[file.name] = file.name if known is None else known.name
    return pool.FindFileByName(names[_NAME])


def _prefer_tensorflow() -> None:
    """Let TensorFlow declare its tensors itself, where it is installed: it would refuse to load after us."""
    if find_spec("tensorflow") is None:
        return
    try:
        import_module("tensorflow.core.framework.tensor_pb2")
    except ImportError:
        return  # a TensorFlow that can't be imported declares nothing later either


def _declaring(pool: Any, symbol: str) -> Any:
    try:
        return pool.FindFileContainingSymbol(symbol)
    except KeyError:
        return None
