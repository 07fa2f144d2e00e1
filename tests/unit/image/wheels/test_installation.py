"""Where the files of a wheel go; the layers' own test shows a whole installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwrap.errors import DamagedBlob
from modelwrap.image.wheels.environment import Environment
from modelwrap.image.wheels.installation import Placed, install
from modelwrap.image.wheels.wheel import Wheel
from wheels import make_wheel

ENVIRONMENT = Environment("3.11")
PACKAGES = "opt/venv/lib/python3.11/site-packages"
ENTRY_POINTS = "p-1.0.dist-info/entry_points.txt"


def installed(folder: Path, files: dict[str, str | bytes], *, programs: tuple[str, ...] = ()) -> dict[str, Placed]:
    with Wheel(make_wheel(folder, "p", files, programs=programs).path, "p 1.0") as wheel:
        return {file.path: file for file in install(wheel, ENVIRONMENT).files}


@pytest.mark.parametrize(
    ("member", "path"),
    [
        ("p/a.py", f"{PACKAGES}/p/a.py"),
        ("p-1.0.data/purelib/p/a.py", f"{PACKAGES}/p/a.py"),
        ("p-1.0.data/platlib/p/a.so", f"{PACKAGES}/p/a.so"),
        ("p-1.0.data/data/etc/p.conf", "opt/venv/etc/p.conf"),
        ("p-1.0.data/headers/p.h", "opt/venv/include/site/python3.11/p/p.h"),
        ("p-1.0.data/scripts/run", "opt/venv/bin/run"),
    ],
)
def test_each_kind_of_file_goes_to_its_folder(tmp_path: Path, member: str, path: str) -> None:
    assert path in installed(tmp_path, {member: "content"})


def test_programs_stay_executable_and_scripts_become_so(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"p/tool": "#!/bin/sh", "p/text": "", "p-1.0.data/scripts/run": "#!/bin/sh\n"}
    found = installed(tmp_path, files, programs=("p/tool",))
    modes = [found[path].is_executable for path in (f"{PACKAGES}/p/tool", f"{PACKAGES}/p/text", "opt/venv/bin/run")]
    assert modes == [True, False, True]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (b"#!python\nrest", b"#!/opt/venv/bin/python\nrest"),
        (b"#!pythonw\r\nrest", b"#!/opt/venv/bin/python\nrest"),
        (b"#!python", b"#!/opt/venv/bin/python\n"),
    ],
)
def test_a_script_that_leaves_its_python_open_gets_the_environments(tmp_path: Path, text: bytes, first: bytes) -> None:
    assert installed(tmp_path, {"p-1.0.data/scripts/run": text})["opt/venv/bin/run"].content == first


def test_a_script_that_names_its_interpreter_stays_as_it_is(tmp_path: Path) -> None:
    assert installed(tmp_path, {"p-1.0.data/scripts/run": "#!/bin/bash\n"})["opt/venv/bin/run"].member


def test_an_old_tools_wrapper_gives_way_to_the_entry_point(tmp_path: Path) -> None:
    found = installed(
        tmp_path,
        {
            ENTRY_POINTS: "[console_scripts]\nrun = p:main\n[gui_scripts]\nwin=p.gui:main\n[p.plugins]\nx = y\n",
            "p-1.0.data/scripts/run": "old",
            "p-1.0.data/scripts/run.exe": "old",
            "p-1.0.data/scripts/win-script.pyw": "old",
        },
    )
    assert sorted(path for path in found if path.startswith("opt/venv/bin")) == ["opt/venv/bin/run", "opt/venv/bin/win"]
    assert b"from p import main\n" in found["opt/venv/bin/run"].content


def test_a_program_runs_what_its_entry_point_names(tmp_path: Path) -> None:
    content = installed(tmp_path, {ENTRY_POINTS: "[console_scripts]\nRun = p.q : a.b [extra]\n"})[
        "opt/venv/bin/Run"
    ].content
    compile(content, "Run", "exec")
    assert content.splitlines()[2:] == [b"from p.q import a", b'if __name__ == "__main__":', b"    sys.exit(a.b())"]


@pytest.mark.parametrize("entry", ["run = p", "run = p:", "../run = p:main", "run = p:main; import os", ".. = p:main"])
def test_what_is_no_entry_point_is_refused(tmp_path: Path, entry: str) -> None:
    with pytest.raises(DamagedBlob, match=r"the wheel of p 1\.0 can't be used: .* is no entry point"):
        installed(tmp_path, {ENTRY_POINTS: f"[console_scripts]\n{entry}\n"})


@pytest.mark.parametrize(
    "files",
    [
        {"p/a.py": "", "p-1.0.data/purelib/p/a.py": ""},
        {"p-1.0.data/unheard-of/a": ""},
        {ENTRY_POINTS: "[console_scripts\n"},
        {ENTRY_POINTS: b"\xff"},
    ],
)
def test_files_that_have_no_place_of_their_own_are_refused(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    with pytest.raises(DamagedBlob, match=r"the wheel of p 1\.0 can't be used"):
        installed(tmp_path, files)


def test_record_names_every_file_from_where_packages_lie(tmp_path: Path) -> None:
    with Wheel(
        make_wheel(tmp_path, "p", {"p.py": "", ENTRY_POINTS: "[console_scripts]\nrun = p:main"}).path, "p"
    ) as wheel:
        record = install(wheel, ENVIRONMENT).record((f"{PACKAGES}/__pycache__/p.cpython-311.pyc",))
    assert record.path == f"{PACKAGES}/p-1.0.dist-info/RECORD"
    lines = [line.split(",") for line in record.content.decode().splitlines()]
    assert [path for path, *_ in lines] == [
        "../../../bin/run",
        "__pycache__/p.cpython-311.pyc",
        "p-1.0.dist-info/INSTALLER",
        "p-1.0.dist-info/METADATA",
        "p-1.0.dist-info/RECORD",
        "p-1.0.dist-info/WHEEL",
        "p-1.0.dist-info/entry_points.txt",
        "p.py",
    ]
    assert [path for path, stated, _ in lines if not stated] == [
        "__pycache__/p.cpython-311.pyc",
        "p-1.0.dist-info/RECORD",
    ]
