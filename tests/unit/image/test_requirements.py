"""Requirements files as people write them: taken as pip takes them, or refused by line with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command_line import write
from modelwrap.errors import ProjectError
from modelwrap.image.requirements import Requirements, read_requirements

RUNTIME = ("h2corn>=2", "numpy>=1.26")
HASH = "--hash=sha256:" + "0" * 64


def read(folder: Path, **files: str | bytes) -> Requirements:
    write(folder, {name.replace("__", "."): content for name, content in files.items()})
    return read_again(folder)


def read_again(folder: Path) -> Requirements:
    present = frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return read_requirements(folder, present, RUNTIME)


def fault(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ProjectError) as caught:
        read(folder, requirements__txt=text)
    return caught.value.message


@pytest.mark.parametrize(
    "line",
    [
        "scikit-learn",
        "scikit-learn==1.5.0",
        "scikit-learn >= 1.5, < 2",
        "scikit_learn[extra1,extra2]~=1.5",
        "scikit-learn (>=1.5)",
        'scipy==1.11 ; python_version < "3.12"',
        "scipy;python_version>='3.11'",
        "scipy # a comment",
        "# only a comment",
        "",
        "scipy @ https://files.example/scipy-1.0-py3-none-any.whl",
        "https://files.example/scipy-1.0-py3-none-any.whl",
        "https://${USER}:${TOKEN}@index.example/x-1.0.tar.gz",
        "git+https://${A_TOKEN_WITH_A_LONG_NAME}@git.example/x.git",
        "git+https://somebody@git.example/x.git",
        "-e git+https://git.example/x.git#egg=x",
        "--pre",
        "--prefer-binary",
        "--only-binary :all:",
        "--no-binary=scipy",
        "-i https://index.example/simple",
        "--extra-index-url=https://index.example/simple",
        "--trusted-host index.example",
        "--find-links https://index.example/wheels",
        "-r https://index.example/base.txt",
        "scipy \\\n  ==1.11",
        "scipy==1.11 --config-settings=x=y",
        "torch==2.3.0+cpu",
        "numpy<2",
        "numpy==1.26.4",
        "numpy==1.24.3 ; python_version < '3.11'",
        "keras==2.0.6 ; python_version < '3.8'",
        "keras>=2.0.6",
        "A.b-c_d===1!2.0.post1",
    ],
)
def test_forms_that_work_in_an_image_are_taken(line: str, tmp_path: Path) -> None:
    assert read(tmp_path, requirements__txt=f"{line}\n").files == ("requirements.txt",)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("numpy=1.2=py38_0", "conda"),
        ("x @ file:///tmp/x", "./wheels/name.whl"),
        ("file:///tmp/x.whl", "./wheels/name.whl"),
        ("C:\\wheels\\x.whl", "slashes"),
        (".\\wheels\\x.whl", "slashes"),
        ("/opt/x.whl", "model folder"),
        ("~/x.whl", "model folder"),
        ("../x", "outside the model folder"),
        ("./x", "not in the model folder"),
        ("-r", "names no file"),
        ("-r ../base.txt", "outside the model folder"),
        ("-c /etc/constraints.txt", "model folder"),
        ("--find-links /opt/wheels", "model folder"),
        ("git+ssh://git@git.example/x.git", "git+https://"),
        ("git+git://git.example/x.git", "git+https://"),
        ("svn+https://svn.example/x", "wheel"),
        ("https://me:secret@index.example/x.whl", "${NAME}"),
        ("-e git+https://me:secret@git.example/x.git", "${NAME}"),
        ("git+https://ghp_0123456789secret0123456789@git.example/x.git", "${NAME}"),
        ("--user", "no --user"),
        ("modelwrap", "remove it"),
        ("ModelWrap[redis]>=1", "remove it"),
        ("numpy==1.24.3", "the server needs numpy>=1.26"),
        ("NumPy >= 1.20, < 1.26", "the server needs numpy>=1.26"),
        ("pip install numpy", "name==version"),
        ("keras==2.0.6", "write keras"),
        ("TensorFlow < 2", "write tensorflow;"),
    ],
)
def test_forms_that_cannot_are_refused_by_line_with_the_way_out(line: str, hint: str, tmp_path: Path) -> None:
    message = fault(tmp_path, f"scipy\n{line}\n")
    assert message.startswith("requirements.txt:2: ")
    assert hint in message
    assert "secret" not in message


def test_every_bad_line_is_named_at_once(tmp_path: Path) -> None:
    message = fault(tmp_path, "/a.whl\nscipy\n/b.whl\n")
    assert "requirements.txt:1" in message
    assert "requirements.txt:3" in message


def test_no_file_no_requirements(tmp_path: Path) -> None:
    assert read(tmp_path) == Requirements()


def test_included_files_are_found_from_where_they_are_named(tmp_path: Path) -> None:
    read_files = read(
        tmp_path,
        requirements__txt="-r deps/base.txt\n--constraint=pins.txt\n",
        **{
            "deps/base__txt": "-r more.txt\nscipy\n",
            "deps/more__txt": "-r base.txt\njoblib\n",
            "pins__txt": "scipy<2\n",
        },
    )
    assert read_files.files == ("requirements.txt", "deps/base.txt", "deps/more.txt", "pins.txt")
    assert read_files.names == {"scipy", "joblib"}


def test_a_fault_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    write(tmp_path, {"deps/base.txt": "# one\n/opt/x.whl\n"})
    assert fault(tmp_path, "-r deps/base.txt\n").startswith("deps/base.txt:2: ")


def test_local_wheels_and_projects_are_found_from_the_model_folder(tmp_path: Path) -> None:
    write(tmp_path, {"wheels/My_Pkg-1.0-py3-none-any.whl": "", "lib/setup.py": "", "pyproject.toml": ""})
    read_files = read(
        tmp_path,
        requirements__txt="./wheels/My_Pkg-1.0-py3-none-any.whl[extra] ; python_version > '3'\n"
        "-e ./lib\n-e .\n--find-links wheels\n",
    )
    assert read_files.local == (".", "lib", "wheels/My_Pkg-1.0-py3-none-any.whl")
    assert read_files.link_folders == ("wheels",)
    assert "my-pkg" in read_files.names


def test_git_is_asked_for_only_where_a_line_needs_it(tmp_path: Path) -> None:
    assert not read(tmp_path, requirements__txt="scipy\n").uses_git
    assert read(tmp_path, requirements__txt="x @ git+https://git.example/x.git@main\n").uses_git


def test_variables_that_pip_fills_in_are_known(tmp_path: Path) -> None:
    text = "--index-url https://${INDEX_USER}:${INDEX_TOKEN}@index.example/simple\n"
    assert read(tmp_path, requirements__txt=text).variables == ("INDEX_TOKEN", "INDEX_USER")


def test_hashes_need_the_runtimes_packages_too(tmp_path: Path) -> None:
    message = fault(tmp_path, f"scipy==1.11 \\\n    {HASH}\n")
    assert message.startswith("requirements.txt:1: scipy==1.11")
    assert "h2corn, numpy" in message
    complete = "".join(f"{name}==9 {HASH}\n" for name in ("scipy", "H2Corn", "numpy"))
    assert read(tmp_path, requirements__txt=complete).is_hashed


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_encoding_that_pip_knows_by_its_mark_is_read(encoding: str, tmp_path: Path) -> None:
    assert read(tmp_path, requirements__txt="scipy\r\n# é\r\n".encode(encoding)).names == {"scipy"}


def test_text_of_another_encoding_is_refused(tmp_path: Path) -> None:
    assert "UTF-8" in fault(tmp_path, "# é\n".encode("latin-1"))


def test_a_requirements_file_that_is_left_out_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "scipy\n"})
    with pytest.raises(ProjectError, match=r"requirements\.txt is left out of the image"):
        read_requirements(tmp_path, frozenset(), RUNTIME)
