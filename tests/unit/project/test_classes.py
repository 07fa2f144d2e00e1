"""The class is found by reading: where Python would find it, with the methods it would have; nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command_line import write
from modelwrap.contract import Role
from modelwrap.errors import ProjectError
from modelwrap.project import choose_model_name
from modelwrap.project.classes import check_role, find_class, model_names, refusals

PREDICT = "    def predict(self, X, names): ...\n"


def methods(folder: Path, name: str) -> set[str] | None:
    """The methods that are certain to be all, or None where the class has to be taken at its word."""
    source = find_class(folder, name)
    return set(source.methods) if source.is_complete else None


@pytest.mark.parametrize(
    ("files", "name", "expected"),
    [
        ({"M.py": f"class M:\n{PREDICT}"}, "M", {"predict"}),
        ({"M.py": f"class M(object):\n{PREDICT}"}, "M", {"predict"}),
        ({"M/__init__.py": f"class M:\n{PREDICT}"}, "M", {"predict"}),
        ({"pkg/mod.py": f"class M:\n{PREDICT}"}, "pkg.mod.M", {"predict"}),
        ({"pkg/__init__.py": f"class M:\n{PREDICT}"}, "pkg.M", {"predict"}),
        ({"M.py": "class M:\n    async def predict(self, X): ...\n"}, "M", {"predict"}),
        ({"M.py": "class M:\n    predict = staticmethod(print)\n"}, "M", {"predict"}),
        ({"M.py": f"class M:\n  if True:\n{PREDICT}"}, "M", {"predict"}),
        ({"M.py": f"try:\n  import x\nexcept ImportError:\n  x = None\nclass M:\n{PREDICT}"}, "M", {"predict"}),
        ({"M.py": f"if True:\n class M:\n{PREDICT}"}, "M", {"predict"}),
        ({"M.py": f"class Base:\n{PREDICT}class M(Base):\n    def load(self): ...\n"}, "M", {"predict", "load"}),
        (
            {"M.py": "from base import Base\nclass M(Base): ...\n", "base.py": f"class Base:\n{PREDICT}"},
            "M",
            {"predict"},
        ),
        ({"M.py": "import base\nclass M(base.Base): ...\n", "base.py": f"class Base:\n{PREDICT}"}, "M", {"predict"}),
        ({"M.py": "import base as b\nclass M(b.Base): ...\n", "base.py": f"class Base:\n{PREDICT}"}, "M", {"predict"}),
        ({"M.py": "from impl import M\n", "impl.py": f"class M:\n{PREDICT}"}, "M", {"predict"}),
        ({"M.py": "from impl import Other as M\n", "impl.py": f"class Other:\n{PREDICT}"}, "M", {"predict"}),
        (
            {"M/__init__.py": "from .impl import M\n", "M/impl.py": f"class M:\n{PREDICT}"},
            "M",
            {"predict"},
        ),
        (
            {"pkg/a/__init__.py": "", "pkg/a/m.py": "from ..b import M\n", "pkg/b.py": f"class M:\n{PREDICT}"},
            "pkg.a.m.M",
            {"predict"},
        ),
        ({"M.py": "from seldon_core.user_model import SeldonComponent\nclass M(SeldonComponent): ...\n"}, "M", set()),
        ({"M.py": "from abc import ABC\nclass M(ABC): ...\n"}, "M", set()),
        ({"M.py": "from typing import Generic, T\nclass M(Generic[T]): ...\n"}, "M", set()),
    ],
)
def test_the_methods_of_a_class_are_read_through_files_and_bases(
    files: dict[str, str], name: str, expected: set[str], tmp_path: Path
) -> None:
    assert methods(write(tmp_path, files), name) == expected


@pytest.mark.parametrize(
    "files",
    [
        {"M.py": "from elsewhere import Base\nclass M(Base): ...\n"},
        {"M.py": "import elsewhere\nclass M(elsewhere.Base): ...\n"},
        {"M.py": "class M(make_base()): ...\n"},
        {"M.py": "class M(metaclass=Meta): ...\n"},
        {"M.py": "@register\nclass M: ...\n"},
        {"M.py": "class M:\n    def __getattr__(self, name): ...\n"},
        {"M.py": "M = make_class()\n"},
        {"M.py": "def M(**parameters): ...\n"},
        {"M.py": "from elsewhere import M\n"},
        {"M.py": "from elsewhere import *\n"},
        {"M.py": "def __getattr__(name): ...\n"},
        {"M.py": "from impl import M\n", "impl.py": "from M import M\n"},
        {"M.cpython-311-x86_64-linux-gnu.so": "\x7fELF"},
    ],
)
def test_what_reading_cannot_decide_is_taken_at_its_word(files: dict[str, str], tmp_path: Path) -> None:
    source = find_class(write(tmp_path, files), "M")
    assert not source.is_complete
    for role in Role:
        check_role(source, role)


def test_no_code_of_the_folder_runs(tmp_path: Path) -> None:
    write(tmp_path, {"M.py": f"open('ran', 'w')\nraise SystemExit\nclass M:\n{PREDICT}"})
    assert methods(tmp_path, "M") == {"predict"}
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("role", "method"),
    [
        (Role.MODEL, "predict"),
        (Role.MODEL, "predict_raw"),
        (Role.MODEL, "predict_rest"),
        (Role.MODEL, "predict_grpc"),
        (Role.ROUTER, "route"),
        (Role.ROUTER, "route_raw"),
        (Role.COMBINER, "aggregate"),
        (Role.COMBINER, "aggregate_grpc"),
        (Role.TRANSFORMER, "transform_input"),
        (Role.TRANSFORMER, "transform_output_raw"),
        (Role.OUTPUT_TRANSFORMER, "transform_output"),
        (Role.OUTLIER_DETECTOR, "score"),
        (Role.OUTLIER_DETECTOR, "transform_input"),
    ],
)
def test_one_method_of_its_role_is_enough(role: Role, method: str, tmp_path: Path) -> None:
    source = find_class(write(tmp_path, {"M.py": f"class M:\n    def {method}(self): ...\n"}), "M")
    check_role(source, role)


@pytest.mark.parametrize(
    ("role", "method"),
    [(Role.MODEL, "route"), (Role.OUTPUT_TRANSFORMER, "transform_input"), (Role.OUTLIER_DETECTOR, "predict")],
)
def test_a_method_of_another_role_is_not_and_the_message_names_that_role(
    role: Role, method: str, tmp_path: Path
) -> None:
    source = find_class(write(tmp_path, {"M.py": f"\nclass M:\n    def {method}(self): ...\n"}), "M")
    with pytest.raises(ProjectError, match=rf"M\.py:2: M has no method .*, which an? {role} needs") as caught:
        check_role(source, role)
    assert "it would fit: --service-type" in caught.value.message


def test_a_folder_offers_the_classes_that_are_named_as_their_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Good.py": f"class Good:\n{PREDICT}",
            "Imported.py": "from Good import Good as Imported\n",
            "train.py": "def train(): ...\ntrain()\n",
            "settings.py": "class settings:\n    debug = True\n",
            "types.py": f"class types:\n{PREDICT}",
            "broken.py": "class broken(\n",
            "lower.py": f"class Lower:\n{PREDICT}",
        },
    )
    assert model_names(tmp_path) == ["Good", "Imported"]


def test_a_folder_without_a_model_says_what_is_wrong_with_each_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Broken.py": "class Broken(\n",
            "Cls.py": f"class Other:\n{PREDICT}",
            "Near.py": "class Near:\n    def predit(self, X): ...\n",
            "train.py": "def train(): ...\n",
        },
    )
    broken, other, near = (error.message for error in refusals(tmp_path))
    assert "Broken.py:1" in broken
    assert "Cls.py has no class Cls" in other
    assert "is predit meant to be predict?" in near
    with pytest.raises(ProjectError, match=r"(?s)holds no model.*Broken\.py.*Cls\.py has no class Cls.*Near\.py:1"):
        choose_model_name(tmp_path)


def test_a_file_whose_name_can_not_be_imported_says_how_to_call_it(tmp_path: Path) -> None:
    write(tmp_path, {"my-model.py": f"class MyModel:\n{PREDICT}"})
    with pytest.raises(ProjectError, match=r"^my-model\.py can't be imported: .*\n.*\nrename .* MyModel\.py$"):
        choose_model_name(tmp_path)


def test_of_several_models_one_is_to_be_named_after_the_folder(tmp_path: Path) -> None:
    write(tmp_path, {"A.py": f"class A:\n{PREDICT}", "B.py": f"class B:\n{PREDICT}"})
    with pytest.raises(ProjectError, match=rf"more than one model: A, B\n.* as in: {tmp_path.name} A$"):
        choose_model_name(tmp_path)


def test_the_encoding_that_a_file_declares_is_honoured(tmp_path: Path) -> None:
    write(tmp_path, {"M.py": "# -*- coding: latin-1 -*-\nname = 'é'\nclass M:\n".encode("latin-1") + PREDICT.encode()})
    assert methods(tmp_path, "M") == {"predict"}


def test_a_file_with_null_bytes_is_refused_in_words(tmp_path: Path) -> None:
    write(tmp_path, {"M.py": b"class M: ...\n\0"})
    with pytest.raises(ProjectError, match=r"M\.py.*null bytes"):
        find_class(tmp_path, "M")
