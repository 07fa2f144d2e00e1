"""The guide's command on a good folder: what it writes, where, and what it says."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cli.command_line import COMMAND, modelwrap, tree, write
from serving import PATIENCE

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


def test_the_same_input_gives_the_same_bytes_wherever_and_whoever_writes_them(model: Path, tmp_path: Path) -> None:
    write(model, {"data/a.txt": "1", "data/B.txt": "2", ".env": "SECRET=1", "bin/tool": "#!/bin/sh\n"})
    (model / "bin/tool").chmod(0o755)
    (model / "latest").symlink_to("data/a.txt")
    elsewhere = tmp_path / "some where/else"
    elsewhere.parent.mkdir()
    shutil.copytree(model, elsewhere, symlinks=True, copy_function=shutil.copy)
    environments = [
        {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C", "HOME": "/"},
        {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)},
    ]
    first = modelwrap("model", *GUIDE, cwd=tmp_path, environment=environments[0], umask=0o077)
    second = modelwrap(elsewhere, *GUIDE, cwd=Path("/"), environment=environments[1], umask=0)
    assert (first.status, second.status) == (0, 0), first.err + second.err
    assert tree(model / "build") == tree(elsewhere / "build")
    assert str(tmp_path) not in "".join(
        file.read_text(errors="replace") for file in (model / "build").rglob("*") if file.is_file()
    )


def test_what_is_left_out_is_said(model: Path) -> None:
    write(model, {".git/HEAD": "", ".env": "A=1", "deploy.key": "", "big/train.csv": "", ".dockerignore": "big\n"})
    outcome = modelwrap(model, *GUIDE)
    assert "left out (secret): .env, deploy.key\n" in outcome.err
    assert "left out (version control): .git/\n" in outcome.err
    assert "left out (.dockerignore:1): big/\n" in outcome.err
    assert not (model / "build/model/.env").exists()


def test_of_caches_the_bytecode_that_python_leaves_everywhere_is_not_worth_a_line(model: Path) -> None:
    write(model, {"__pycache__/a.cpython-311.pyc": "", "b.pyc": "", ".cache/huggingface/model.bin": "weights"})
    outcome = modelwrap(model, *GUIDE)
    assert "left out (cache): .cache/\n" in outcome.err
    assert "pyc" not in outcome.err


def test_an_output_folder_inside_the_model_folder_is_never_copied_into_itself(model: Path) -> None:
    for folder in ("build", "out", "deep/out"):
        assert modelwrap(model, *GUIDE, "--out-folder", model / folder).status == 0
        assert not (model / folder / "model/build").exists()
    assert modelwrap(model, *GUIDE, "--force").status == 0
    assert sorted(path.name for path in (model / "build/model").iterdir()) == sorted(
        ["MnistClassifier.py", "deep", "offset.txt", "requirements.txt"]
    )


def test_files_named_as_generated_ones_are_kept_beside_them(model: Path) -> None:
    write(model, {"README.md": "mine", "Makefile": "mine", "Dockerfile": "mine", "runtime/x.py": "mine"})
    assert modelwrap(model, *GUIDE).status == 0
    for name in ("README.md", "Makefile", "Dockerfile", "runtime/x.py"):
        assert (model / "build/model" / name).read_text() == "mine"
    assert (model / "build/README.md").read_text().startswith("# MnistClassifier")


def test_only_the_path_of_the_folder_goes_to_standard_output(model: Path) -> None:
    outcome = modelwrap("model", *GUIDE, "--out-folder", "a b", cwd=model.parent)
    assert outcome.out == "a b\n"
    assert "next: cd 'a b' && ./build_image.sh" in outcome.err


def test_no_colour_is_written_to_a_pipe(model: Path) -> None:
    assert "\033" not in modelwrap("nowhere", *GUIDE, environment={"TERM": "xterm-256color"}).err


def test_nothing_of_the_folder_is_run(model: Path) -> None:
    write(model, {"MnistClassifier.py": "raise SystemExit(9)\nclass MnistClassifier:\n    def predict(self, X): ...\n"})
    assert modelwrap(model, *GUIDE).status == 0


def test_names_of_files_may_hold_anything(model: Path) -> None:
    odd = [model / "with space", model / "quote'\"$", model / "new\nline", model / os.fsdecode(b"latin-\xe9")]
    for path in odd:
        path.write_text("1")
    outcome = modelwrap(model, *GUIDE)
    assert outcome.status == 0, outcome.err
    assert all((model / "build/model" / path.name).read_text() == "1" for path in odd)


@pytest.mark.parametrize(
    ("contract", "said", "meanwhile"),
    [
        ('{"features": [}', "contract.json is no JSON: Expecting value: line 1 column 15 (char 14)", "is a guess"),
        ("[" * 100_000, "contract.json is no JSON: ", "is a guess"),
        ('{"feature": []}', "contract.json lists no features", "is a guess"),
        ('{"features": [{"nam": "x"}]}', 'contract.json: features[0] is {"nam": "x"}', "is a guess"),
        (
            '{"features": [{"name": "x", "ftype": "continuous", "range": [5]}]}',
            "contract.json: features[0] (x): range is [5]",
            "is made from it as far as it goes",
        ),
    ],
)
def test_a_contract_that_makes_no_sense_is_told_with_its_place(
    contract: str, said: str, meanwhile: str, model: Path
) -> None:
    (model / "contract.json").write_text(contract)
    outcome = modelwrap(model, *GUIDE)
    assert outcome.status == 0, outcome.err
    assert f"note: {said}" in outcome.err
    assert f"  correct it, or remove it: the example request of README.md {meanwhile}" in outcome.err


def test_a_contract_in_order_needs_no_note(model: Path) -> None:
    (model / "contract.json").write_text('{"features": [{"name": "x", "ftype": "continuous"}]}')
    assert "contract.json" not in modelwrap(model, *GUIDE).err


def test_a_reader_of_the_output_that_goes_away_is_no_bug(model: Path) -> None:
    shell = f"'{COMMAND}' --help | true; exit 0"
    ended = subprocess.run(["sh", "-c", shell], check=False, capture_output=True, text=True)
    assert ended.stderr == ""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_run_that_is_stopped_leaves_nothing_half_made(number: signal.Signals, status: int, model: Path) -> None:
    with (model / "weights.bin").open("wb") as weights:
        weights.truncate(8 * 10**9)  # a hole: no space on disk, yet seconds to copy
    before = sorted(model.iterdir())
    process = subprocess.Popen([COMMAND, model, *GUIDE], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE
    while not list(model.glob(".build.modelwrap-*/new/model/weights.bin")):
        assert process.poll() is None
        assert time.monotonic() < deadline
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "Traceback" in errors) == (status, False)
    assert sorted(model.iterdir()) == before
