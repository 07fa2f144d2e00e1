"""Loading the user's class, and what the user reads when it fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwrap.errors import LoadFailed
from modelwrap.runtime.component import loader


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A model folder that is the working directory and on the path; its modules are forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_class_is_found_in_the_module_of_its_name(folder: Path) -> None:
    (folder / "Model.py").write_text("class Model:\n    def __init__(self, rate=1):\n        self.rate = rate\n")
    assert loader.build("Model", {"rate": 3}).rate == 3


def test_a_dotted_name_is_a_module_and_a_class(folder: Path) -> None:
    (folder / "pkg").mkdir()
    (folder / "pkg" / "mod.py").write_text("class Cls:\n    here = True\n")
    assert loader.build("pkg.mod.Cls", {}).here is True


@pytest.mark.parametrize(
    ("source", "name", "told"),
    [
        (None, "Absent", "there is no module 'Absent'"),
        ("class Other: pass", "Model", "has no class Model: it has Other"),
        ("class Modell: pass", "Model", "did you mean Modell"),
        ("import no_such_package", "Model", "imports 'no_such_package', which is not installed: add its package"),
        ("1 / 0", "Model", "could not be imported: ZeroDivisionError: division by zero"),
        ("class Model:\n    def __init__(self): open('no.h5')", "Model", "could not be built: FileNotFoundError"),
        ("class Model:\n    def __init__(self): raise SystemExit(3)", "Model", "could not be built: SystemExit: 3"),
    ],
)
def test_what_can_go_wrong_is_told_in_one_sentence(folder: Path, source: str | None, name: str, told: str) -> None:
    if source is not None:
        (folder / "Model.py").write_text(source)
    with pytest.raises(LoadFailed, match=told):
        loader.build(name, {})


@pytest.mark.parametrize(
    "error",
    [
        "FileNotFoundError(2, 'Datei nicht da')",
        "ValueError('File not found: filepath=model.keras')",
        "OSError('SavedModel file does not exist at: model')",
        "RuntimeError('Opening model.json failed: No such file or directory')",
        'RuntimeError("Load model model.onnx failed. File doesn\'t exist")',
    ],
)
@pytest.mark.parametrize("place", ["    def __init__(self):\n        ", "    def load(self):\n        ", "    "])
def test_a_model_that_was_never_trained_says_what_to_run(folder: Path, error: str, place: str) -> None:
    (folder / "Model.py").write_text(f"class Model:\n{place}raise {error}\n")
    with pytest.raises(LoadFailed) as without:
        loader.load(loader.build("Model", {}))
    assert "train" not in without.value.message
    (folder / "train.py").touch()
    with pytest.raises(LoadFailed) as failed:
        loader.load(loader.build("Model", {}))
    assert failed.value.message.endswith(f"has the model been trained? Run: python {folder}/train.py")


def test_other_errors_do_not_speak_of_training(folder: Path) -> None:
    (folder / "train.py").touch()
    (folder / "Model.py").write_text("class Model:\n    def __init__(self): raise ValueError('bad weights')\n")
    with pytest.raises(LoadFailed, match=r"bad weights$"):
        loader.build("Model", {})


def test_a_package_that_is_not_installed_says_how_to_install_it(folder: Path) -> None:
    (folder / "requirements.txt").write_text("no-such-package\n")
    (folder / "Model.py").write_text("import no_such_package\n")
    with pytest.raises(LoadFailed) as failed:
        loader.build("Model", {})
    assert failed.value.message.endswith(f"pip install -r {folder}/requirements.txt")


@pytest.mark.parametrize(
    ("opened", "told"),
    [
        ("modell.pkl", "; did you mean 'model.pkl'?"),
        ("iris/model.pkl", "; it is in the model folder, which is the working directory: write 'model.pkl'"),
        ("/elsewhere/iris/model.pkl", "; it is in the model folder, which is the working directory: write 'model.pkl'"),
        ("weights/layr.bin", "; did you mean 'weights/layer.bin'?"),
        ("train.pkl", "; has the model been trained? Run: python {folder}/train.py"),
        ("nowhere/vocabulary.txt", "; has the model been trained? Run: python {folder}/train.py"),
    ],
)
def test_a_file_that_is_not_there_is_told_with_the_one_that_may_be_meant(folder: Path, opened: str, told: str) -> None:
    (folder / "weights").mkdir()
    for name in ("train.py", "model.pkl", "weights/layer.bin"):
        (folder / name).touch()
    (folder / "Model.py").write_text(f"class Model:\n    def load(self):\n        open({opened!r})\n")
    with pytest.raises(LoadFailed) as failed:
        loader.load(loader.build("Model", {}))
    assert failed.value.message.endswith(told.format(folder=folder))


def test_a_parameter_that_the_constructor_needs_is_told_with_how_to_give_it(folder: Path) -> None:
    (folder / "Model.py").write_text("class Model:\n    def __init__(self, rate, path, depth=3): pass\n")
    with pytest.raises(LoadFailed) as failed:
        loader.build("Model", {"rate": 1})
    assert failed.value.message.endswith(
        """; give path a default, or a value: --parameters '[{"name": "path", "value": "...", "type": "STRING"}]'"""
    )


def test_an_error_within_the_constructor_does_not_speak_of_parameters(folder: Path) -> None:
    (folder / "Model.py").write_text("class Model:\n    def __init__(self, rate=1): raise TypeError('no len()')\n")
    with pytest.raises(LoadFailed, match=r"no len\(\)$"):
        loader.build("Model", {})


def test_a_parameter_that_the_constructor_does_not_take_is_named(folder: Path) -> None:
    (folder / "Model.py").write_text("class Model: pass")
    with pytest.raises(LoadFailed, match="called with the parameters rate"):
        loader.build("Model", {"rate": 1})


def test_load_is_called_once_if_there_is_one() -> None:
    class Model:
        loads = 0

        def load(self) -> None:
            self.loads += 1

    model = Model()
    loader.load(model)
    loader.load(object())
    assert model.loads == 1


def test_a_stub_that_says_not_implemented_is_nothing_to_load() -> None:
    class Model:
        def load(self) -> None:
            raise NotImplementedError

    loader.load(Model())


def test_a_defect_inside_load_is_not_hidden() -> None:
    class Model:
        def load(self) -> None:
            self.absent.read()  # type: ignore[attr-defined]

    with pytest.raises(LoadFailed, match=r"Model.load\(\) failed: AttributeError"):
        loader.load(Model())


def test_the_traceback_shows_the_users_frames_and_none_of_ours(folder: Path) -> None:
    (folder / "Model.py").write_text("class Model:\n    def __init__(self):\n        {}['weights']\n")
    with pytest.raises(LoadFailed) as caught:
        loader.build("Model", {})
    assert caught.value.__cause__ is not None
    text = loader.user_traceback(caught.value.__cause__)
    assert f'File "{folder / "Model.py"}", line 3, in __init__' in text
    assert text.endswith("KeyError: 'weights'")
    assert "loader.py" not in text
    assert "importlib" not in text
