"""The environment's layer beside what `venv` makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from layer_content import unpack
from modelwrap.image.cache import Cache
from modelwrap.image.environment_layer import environment_layer
from modelwrap.image.target import PythonTarget

VERSION = ".".join(map(str, sys.version_info[:3]))
#: For shells, and what tells how the environment was made.
LEFT_OUT = ("bin/activate", "bin/Activate", ".gitignore")


def test_it_is_what_the_dockerfiles_command_makes_without_scripts_for_shells(tmp_path: Path) -> None:
    made = tmp_path / "venv"
    options = ["--system-site-packages", "--without-pip"]
    subprocess.run([sys.executable, "-m", "venv", *options, made], check=True)
    python = (made / "bin" / "python3").resolve()
    target = PythonTarget(VERSION, str(python))
    content = unpack(environment_layer(target, Cache(tmp_path / "cache")).blob)
    ours = {path.removeprefix("opt/venv/"): entry for path, entry in content.items() if path.startswith("opt/venv/")}
    theirs = {path.relative_to(made).as_posix(): path for path in made.rglob("*") if not path.match("lib64/*")}
    # Some versions of venv make more folders and links than others; none makes fewer files.
    assert {path for path, entry in ours.items() if entry.content} == {
        path
        for path, place in theirs.items()
        if place.is_file() and not place.is_symlink() and not path.startswith(LEFT_OUT)
    }
    assert {path for path, entry in ours.items() if entry.target} == {
        path for path, place in theirs.items() if place.is_symlink()
    }
    settings = dict(line.split(" = ") for line in ours["pyvenv.cfg"].content.decode().splitlines())
    assert settings["include-system-site-packages"] == "true"
    assert (settings["version"], settings["executable"]) == (VERSION, str(python))
    assert settings["home"] == str(python.parent)


def test_its_links_end_at_the_bases_python(tmp_path: Path) -> None:
    target = PythonTarget("3.12.1", "/usr/bin/python3.12")
    content = unpack(environment_layer(target, Cache(tmp_path)).blob)
    links = {path: entry.target for path, entry in content.items() if entry.target}
    assert links == {
        "opt/venv/bin/python": "python3",
        "opt/venv/bin/python3": "/usr/bin/python3.12",
        "opt/venv/bin/python3.12": "python3",
        "opt/venv/lib64": "lib",
    }
