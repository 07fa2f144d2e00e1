"""The model's layers: what is large by itself and first, then what is no code, so that an edit of it pushes little."""

from __future__ import annotations

import io
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from layer_content import Unpacked, unpack
from modelwrap.errors import ImageError
from modelwrap.image.archive import LayerWriter
from modelwrap.image.cache import Cache
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.model_layers import model_layers
from modelwrap.image.own_files import own_file, write_files
from modelwrap.image.plan import ImagePlan
from modelwrap.image.target import PythonTarget

TARGET = PythonTarget(".".join(map(str, sys.version_info[:3])), "/usr/local/bin/python3")
Planner = Callable[..., ImagePlan]


def layers_of(plan: ImagePlan, folder: Path, *, bytecode: bool = True) -> tuple[Layer, ...]:
    return model_layers(plan, TARGET, Cache(folder / "cache"), bytecode=bytecode)


def fill(folder: Path) -> Path:
    model = folder / "model"
    (model / "weights").mkdir(parents=True)
    (model / "empty").mkdir()
    (model / "weights" / "large.bin").write_bytes(random.Random(1).randbytes(1_200_000))
    (model / "weights" / "huge.bin").write_bytes(bytes(3_000_000))
    (model / "tool.sh").write_text("#!/bin/sh\n")
    (model / "tool.sh").chmod(0o700)
    (model / "latest.bin").symlink_to("weights/large.bin")
    return model


def test_large_files_have_layers_of_their_own_and_other_files_one_under_the_code(tmp_path: Path, plan: Planner) -> None:
    fill(tmp_path)
    layers = layers_of(plan(**{"broken.py": "print 'two'"}), tmp_path)
    assert [(layer.kind, layer.title) for layer in layers] == [
        (LayerKind.WEIGHTS, "weights/huge.bin"),
        (LayerKind.WEIGHTS, "weights/large.bin"),
        (LayerKind.FILES, "tool.sh"),
        (LayerKind.CODE, "model code"),
    ]
    assert unpack(layers[-2].blob)["microservice/tool.sh"] == Unpacked(0o755, b"#!/bin/sh\n")
    code = unpack(layers[-1].blob)
    assert code["microservice/latest.bin"].target == "weights/large.bin"
    assert code["microservice/empty"] == Unpacked(0o755)
    assert not {"microservice/tool.sh", "microservice/weights/large.bin"} & code.keys()
    compiled = [path for path in code if path.endswith(".pyc")]
    assert compiled == [f"microservice/__pycache__/M.{sys.implementation.cache_tag}.pyc"]
    assert unpack(layers[1].blob)["microservice/weights/large.bin"].content == random.Random(1).randbytes(1_200_000)


def test_an_edit_of_the_code_changes_the_last_layer_only_and_by_little(tmp_path: Path, plan: Planner) -> None:
    model = fill(tmp_path)
    planned = plan()
    before = layers_of(planned, tmp_path)
    (model / "M.py").write_text((model / "M.py").read_text() + "# an edit\n")
    after = layers_of(planned, tmp_path)
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [layer.kind for layer in changed] == [LayerKind.CODE]
    assert changed[0].blob.descriptor.size < 4096


def test_times_and_permissions_of_the_folder_do_not_show(tmp_path: Path, plan: Planner) -> None:
    model = fill(tmp_path)
    before = layers_of(plan(), tmp_path)
    os.utime(model / "M.py", (1, 1))
    (model / "M.py").chmod(0o600)
    after = model_layers(plan(), TARGET, Cache(tmp_path / "another"), bytecode=True)
    assert [layer.blob.descriptor for layer in after] == [layer.blob.descriptor for layer in before]


def test_archives_that_only_pip_needs_stay_out(tmp_path: Path, plan: Planner) -> None:
    plan_with_wheel = plan(**{"requirements.txt": "./p-1.0-py3-none-any.whl\n", "p-1.0-py3-none-any.whl": "PK"})
    layers = layers_of(plan_with_wheel, tmp_path, bytecode=False)
    assert [path for layer in layers for path in unpack(layer.blob) if "whl" in path] == []


def test_a_file_that_changes_while_it_is_read_ends_the_build(tmp_path: Path) -> None:
    place = tmp_path / "model.bin"
    place.write_bytes(b"before")
    file = own_file("microservice/model.bin", place)
    place.write_bytes(b"after!")
    with pytest.raises(ImageError, match=r"model\.bin changed while it was read"):
        write_files([file], LayerWriter(io.BytesIO()))


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"model\.bin can't be read: No such file"):
        own_file("microservice/model.bin", tmp_path / "model.bin")
