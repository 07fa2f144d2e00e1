"""What of a model folder goes into an image, and what stays out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command_line import write
from modelwrap.contract import Role
from modelwrap.errors import ProjectError
from modelwrap.project import MARKER, Project, read_project

CLASS = "class M:\n    def predict(self, X, names): ...\n"


def read(folder: Path, output: Path | None = None) -> Project:
    return read_project(folder, "M", Role.MODEL, output)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write(tmp_path / "model", {"M.py": CLASS})


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (".git/config", "version control"),
        (".gitignore", "version control"),
        (".env", "secret"),
        (".env.production", "secret"),
        ("prod.env", "secret"),
        ("tls/server.key", "secret"),
        ("tls/server.pem", "secret"),
        ("id_rsa", "secret"),
        ("id_ed25519.pub", "secret"),
        (".aws/credentials", "secret"),
        (".netrc", "secret"),
        ("__pycache__/M.cpython-311.pyc", "cache"),
        ("node_modules/x/index.js", "cache"),
        (".ipynb_checkpoints/a.ipynb", "cache"),
        ("env/pyvenv.cfg", "virtual environment"),
        ("conda/conda-meta/history", "conda environment"),
        (f"out/{MARKER}", None),
        (".DS_Store", "editor"),
    ],
)
def test_secrets_and_junk_stay_out_with_a_reason(path: str, reason: str | None, model: Path) -> None:
    write(model, {path: '{"modelwrap": "1"}', f"{path.rpartition('/')[0] or 'sub'}/beside.txt": "1"})
    folder = read(model).folder
    assert path not in folder.paths
    assert {entry.reason for entry in folder.left_out} == {reason or "earlier build"}


def test_what_is_left_out_as_a_whole_is_named_once(model: Path) -> None:
    write(model, {".venv/pyvenv.cfg": "", ".venv/lib/a.py": "", ".venv/lib/b.py": ""})
    (left_out,) = read(model).folder.left_out
    assert (left_out.path, left_out.reason) == (".venv/", "virtual environment")


def test_the_users_rules_have_the_last_word(model: Path) -> None:
    write(
        model,
        {
            "certificates/authority.pem": "1",
            "data/train.csv": "1",
            "data/labels.csv": "1",
            ".dockerignore": "data\n!data/labels.csv\n!certificates/*.pem\n",
        },
    )
    folder = read(model).folder
    assert {"certificates/authority.pem", "data/labels.csv"} <= folder.paths
    assert "data/train.csv" not in folder.paths
    assert ("data/", ".dockerignore:1") in {(entry.path, entry.reason) for entry in folder.left_out}


def test_no_rule_brings_an_earlier_build_back(model: Path) -> None:
    write(model, {f"build/{MARKER}": '{"modelwrap": "1"}', "build/model/M.py": CLASS, ".dockerignore": "!build/**\n"})
    assert not [path for path in read(model).folder.paths if path.startswith("build")]


def test_a_build_of_the_tool_of_2018_is_known(model: Path) -> None:
    write(model, {"build/seldon_requirements.txt": "", "build/build_image.sh": "", "build/M.py": CLASS})
    assert read(model).folder.paths == {"M.py"}


def test_the_output_folder_is_never_read(model: Path) -> None:
    write(model, {"out/anything": "1"})
    folder = read(model, output=model / "out").folder
    assert folder.paths == {"M.py"}
    assert folder.left_out == ()


def test_links_that_stay_inside_are_kept_relative(model: Path) -> None:
    write(model, {"v2/weights.bin": "1", "deep/er/x": "1"})
    (model / "current").symlink_to("v2")
    (model / "latest.bin").symlink_to(model / "v2/weights.bin")
    (model / "deep/er/up.bin").symlink_to("../../current/weights.bin")
    folder = read(model).folder
    assert {(link.path, link.target) for link in folder.links} == {
        ("current", "v2"),
        ("latest.bin", "v2/weights.bin"),
        ("deep/er/up.bin", "../../v2/weights.bin"),
    }


def test_a_link_through_another_out_of_the_folder_is_refused(model: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside", {"weights.bin": "1"})
    (model / "way").symlink_to(tmp_path / "outside")
    with pytest.raises(ProjectError, match="way is a link out of the model folder"):
        read(model)


def test_all_that_is_wrong_is_said_at_once(model: Path) -> None:
    (model / "a").symlink_to("/etc/hosts")
    (model / "b").symlink_to("gone")
    write(model, {"c": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"})
    with pytest.raises(ProjectError) as caught:
        read(model)
    assert [line.split()[0] for line in caught.value.message.splitlines()[:3]] == ["a", "b", "c"]


def test_a_model_folder_may_be_reached_by_a_link(model: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(model)
    assert read(tmp_path / "alias").folder.paths == {"M.py"}


def test_a_class_file_behind_a_link_is_found(model: Path) -> None:
    write(model, {"src/pkg/mod.py": CLASS})
    (model / "pkg").symlink_to("src/pkg")
    assert read_project(model, "pkg.mod.M", Role.MODEL).model.file == "pkg/mod.py"


def test_permission_to_run_is_kept(model: Path) -> None:
    write(model, {"bin/tool": "#!/bin/sh\n"})
    (model / "bin/tool").chmod(0o700)
    assert {file.path: file.is_executable for file in read(model).folder.files} == {"M.py": False, "bin/tool": True}


def test_an_empty_folder_is_kept(model: Path) -> None:
    (model / "cache_dir").mkdir()
    assert "cache_dir" in read(model).folder.directories
