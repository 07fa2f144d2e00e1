"""A lock is read as others write it, written as others read it, and refused where it makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwrap.errors import RequirementsError
from modelwrap.image.dependencies.lock import Artifact, Lock, Package, read_lock, write_lock

OTHERS = """\
lock-version = "1.0"
created-by = "another tool"
requires-python = ">=3.11"
environments = ["sys_platform == 'linux'"]

[[packages]]
name = "Typing_Extensions"
version = "4.12.2"
requires-python = ">=3.8"
index = "https://me:secret@index.example/simple"
dependencies = []
sdist = { url = "https://index.example/t.tar.gz", hashes = { sha256 = "AA" } }
[[packages.wheels]]
url = "https://index.example/files/typing_extensions-4.12.2%2Bcpu-py3-none-any.whl"
upload-time = 2024-06-07T18:52:13Z
size = 37438
hashes = { sha256 = "bb" }

[[packages]]
name = "local"
version = "1"
marker = "python_version < '4'"
[packages.archive]
path = "wheels/local-1-py3-none-any.whl"
hashes = { sha256 = "cc" }
"""


def test_what_others_wrote_is_read(tmp_path: Path) -> None:
    local, typing = read_lock(OTHERS, tmp_path).packages
    assert local.archive == Artifact(
        "local-1-py3-none-any.whl", path=tmp_path / "wheels/local-1-py3-none-any.whl", hashes={"sha256": "cc"}
    )
    assert typing.name == "typing-extensions"
    (wheel,) = typing.wheels
    assert (wheel.name, wheel.size, wheel.sha256) == ("typing_extensions-4.12.2+cpu-py3-none-any.whl", 37438, "bb")


def test_it_is_written_the_same_way_each_time_without_passwords(tmp_path: Path) -> None:
    lock = read_lock(OTHERS, tmp_path)
    text = write_lock(lock, tmp_path)
    assert "secret" not in text
    assert write_lock(read_lock(text, tmp_path), tmp_path) == text
    assert write_lock(Lock(tuple(reversed(read_lock(text, tmp_path).packages))), tmp_path).count("[[packages]]") == 2


def test_paths_are_relative_to_the_lock(tmp_path: Path) -> None:
    lock = Lock((Package("a", "1", (Artifact("a-1-py3-none-any.whl", path=tmp_path / "w" / "a-1-py3-none-any.whl"),)),))
    text = write_lock(lock, tmp_path / "out")
    assert str(tmp_path) not in text
    (moved,) = read_lock(text, tmp_path / "out").packages
    assert moved.wheels[0].path is not None
    assert moved.wheels[0].path.resolve() == (tmp_path / "w" / "a-1-py3-none-any.whl").resolve()


def test_odd_characters_survive(tmp_path: Path) -> None:
    lock = Lock((Package("a", "1", marker='python_version < "4" and \\ \x7f \N{SNOWMAN}'),))
    assert read_lock(write_lock(lock, tmp_path), tmp_path) == lock


def test_no_packages_are_a_lock_too(tmp_path: Path) -> None:
    assert read_lock(write_lock(Lock(), tmp_path), tmp_path) == Lock()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no toml", "can't be read"),
        ('version = 1\n[[package]]\nname = "a"\n', "is no lock of version 1"),
        ('lock-version = "2.0"\npackages = []\n', "is no lock of version 1"),
        ('lock-version = "1.0"\n', "has no list of packages"),
        ('lock-version = "1.0"\npackages = ["a"]\n', "has no list of packages"),
        ('lock-version = "1.0"\n[[packages]]\nversion = "1"\n', "a package without a name"),
    ],
)
def test_what_is_no_lock_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RequirementsError, match=message):
        read_lock(text, tmp_path, "mine.toml")
