"""The layer of the virtual environment that all packages go into: what `venv` makes, without running it.

It has no activate scripts, which are for shells.
"""

from __future__ import annotations

from posixpath import dirname

from modelwrap.image.archive import LayerWriter
from modelwrap.image.cache import Cache
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.layer_cache import LayerRecipe, make_layer
from modelwrap.image.target import PythonTarget
from modelwrap.image.wheels.environment import Environment

__all__ = ["environment_layer"]


def environment_layer(target: PythonTarget, cache: Cache) -> Layer:
    """The environment, empty, that sees the packages of its base too.

    Raises:
        ImageError: It can't be made.
    """
    return make_layer(
        LayerRecipe(
            LayerKind.ENVIRONMENT,
            f"virtual environment of Python {target.version}",
            {"environment": [target.version, target.executable]},
            lambda writer: _write(target, writer),
        ),
        cache,
    )


def _write(target: PythonTarget, writer: LayerWriter) -> None:
    environment = Environment(target.minor)
    writer.folder(environment.root)
    writer.file(f"{environment.root}/pyvenv.cfg", _settings(target).encode())
    writer.folder(f"{environment.root}/include")
    writer.folder(environment.packages)
    writer.link(f"{environment.root}/lib64", "lib")
    writer.link(f"{environment.programs}/python", "python3")
    writer.link(f"{environment.programs}/python3", target.executable)
    writer.link(f"{environment.programs}/python{target.minor}", "python3")


def _settings(target: PythonTarget) -> str:
    """What makes a folder an environment. Source: PEP 405."""
    return (
        f"home = {dirname(target.executable)}\n"
        "include-system-site-packages = true\n"
        f"version = {target.version}\n"
        f"executable = {target.executable}\n"
    )
