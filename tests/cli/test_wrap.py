"""The guide's command on a good folder: what it writes, where, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command_line import modelwrap, tree, write

GUIDE = ("MnistClassifier", "0.1", "seldonio")


def test_the_guides_command_writes_a_folder_that_stands_alone(model: Path) -> None:
    outcome = modelwrap(model, *GUIDE)
    assert outcome.status == 0, outcome.err
    assert outcome.out == f"{model}/build\n"
    written = tree(model / "build")
    for name in ("Dockerfile", "build_image.sh", "push_image.sh", "Makefile", "README.md", ".dockerignore"):
        assert name in written
    assert written["model/MnistClassifier.py"][2] == (model / "MnistClassifier.py").read_bytes()
    assert "runtime/modelwrap/runtime/__init__.py" in written
    assert not [name for name in written if name.endswith(".pyc") or "/cli/" in name or "/image/" in name]
    dockerfile = (model / "build/Dockerfile").read_text()
    assert 'ENTRYPOINT ["python", "-P", "-u", "-m", "modelwrap.runtime"]' in dockerfile


@pytest.mark.parametrize(
    "words",
    [
        ["--out-folder", "out", "--grpc", "model", "MnistClassifier", "0.1", "seldonio"],
        ["model", "MnistClassifier", "--grpc", "0.1", "seldonio", "--out-folder=out"],
        ["model", "MnistClassifier", "0.1", "seldonio", "--gr", "--out", "out"],
        ["wrap", "model", "MnistClassifier", "0.1", "--out-f=out", "seldonio", "--grpc"],
    ],
)
def test_options_and_words_come_in_any_order_and_form(words: list[str], model: Path) -> None:
    outcome = modelwrap(*words, cwd=model.parent)
    assert outcome.status == 0, outcome.err
    assert 'API_TYPE="GRPC"' in (model.parent / "out/Dockerfile").read_text()


def test_a_folder_with_the_name_of_a_command_is_wrapped_and_a_note_says_so(model: Path) -> None:
    folder = model.rename(model.with_name("serve"))
    outcome = modelwrap("serve", *GUIDE, cwd=folder.parent)
    assert outcome.status == 0, outcome.err
    assert "note: serve is taken as the folder ./serve" in outcome.err
    assert (folder / "build/Dockerfile").is_file()


def test_an_earlier_build_is_kept_without_force_and_replaced_with_it(model: Path) -> None:
    assert modelwrap(model, *GUIDE).status == 0
    before = tree(model / "build")
    write(model, {"offset.txt": "2"})
    refused = modelwrap(model, *GUIDE)
    assert refused.status == 1
    assert "--force" in refused.error
    assert tree(model / "build") == before
    assert modelwrap(model, *GUIDE, "-f").status == 0
    assert (model / "build/model/offset.txt").read_text() == "2"
