"""What can't be loaded on a base is refused with its remedy, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from elf_files import make_elf
from modelwrap.errors import BaseImageError, DamagedBlob
from modelwrap.image.base.facts import BaseFacts
from modelwrap.image.cache import Cache
from modelwrap.image.oci import Platform
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.validate.misfits import check_fit, read_natives
from modelwrap.value import replace
from wheels import make_wheel

FACTS = BaseFacts(
    "python:3.11-slim",
    PythonTarget("3.11.7", "/usr/local/bin/python3.11", Platform(), "glibc", (2, 36)),
    frozenset({"libc.so.6", "libm.so.6"}),
)
NATIVE = b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_17_x86_64\n"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def native(folder: Path, name: str, files: dict[str, str | bytes], **metadata: str) -> WheelFile:
    lines = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in metadata.items())
    info = f"{name}-1.0.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{lines}"
    return make_wheel(folder, name, {f"{info}/WHEEL": NATIVE, f"{info}/METADATA": about, **files})


def refusal(cache: Cache, *wheels: WheelFile, facts: BaseFacts = FACTS, **options: object) -> str:
    with pytest.raises(BaseImageError) as caught:
        check_fit(facts, wheels, cache, **options)  # type: ignore[arg-type]
    return caught.value.message


def test_a_missing_library_is_named_with_its_package(tmp_path: Path, cache: Cache) -> None:
    wheel = native(tmp_path, "trees", {"trees/lib_trees.so": make_elf(("libgomp.so.1", "libc.so.6"))})
    message = refusal(cache, wheel)
    assert "python:3.11-slim" in message
    assert "libgomp.so.1 is missing, needed by trees/lib_trees.so of trees 1.0" in message
    assert "write libgomp1 into apt.txt" in message
    assert "libc.so.6" not in message
    check_fit(FACTS, [wheel], cache, allowed=["libgomp.so.1"])
    check_fit(replace(FACTS, libraries=FACTS.libraries | {"libgomp.so.1"}), [wheel], cache)


def test_libraries_of_wheels_count_by_file_and_by_name(tmp_path: Path, cache: Cache) -> None:
    user = native(tmp_path, "user", {"user/_core.so": make_elf(("libown-1234.so.1", "libother.so.2"))})
    owner = native(
        tmp_path,
        "owner",
        {"owner.libs/libown-1234.so.1": make_elf(), "owner/libother.so": make_elf(soname="libother.so.2")},
    )
    assert "libown-1234.so.1" in refusal(cache, user)
    check_fit(FACTS, [user, owner], cache)


def test_what_a_device_brings_and_what_is_optional_may_be_missing(tmp_path: Path, cache: Cache) -> None:
    check_fit(
        FACTS,
        [
            native(tmp_path, "cuda_user", {"cuda_user/x.so": make_elf(("libcuda.so.1", "libnvidia-ml.so.1"))}),
            native(tmp_path, "numba", {"numba/np/ufunc/tbbpool.cpython-311.so": make_elf(("libtbb.so.12",))}),
            native(tmp_path, "loader", {"loader/x.so": make_elf(("ld-linux-x86-64.so.2", "libc.so.6"))}),
        ],
        cache,
    )


def test_another_architecture_is_refused(tmp_path: Path, cache: Cache) -> None:
    wheel = native(tmp_path, "arm", {"arm/_core.so": make_elf(machine=183)})
    assert "arm/_core.so of arm 1.0: made for arm64, not for amd64" in refusal(cache, wheel)


def test_native_files_of_a_pure_wheel_are_data(tmp_path: Path, cache: Cache) -> None:
    check_fit(FACTS, [make_wheel(tmp_path, "pure", {"pure/sample.so": make_elf(("libx.so",), machine=183)})], cache)


def test_symbols_of_a_newer_libc_are_refused(tmp_path: Path, cache: Cache) -> None:
    versions = ("GLIBC_2.17", "GLIBC_2.38")
    wheel = native(tmp_path, "newer", {"newer/_core.so": make_elf(("libc.so.6",), versions=versions)})
    assert "newer/_core.so of newer 1.0 needs glibc 2.38" in refusal(cache, wheel)
    check_fit(replace(FACTS, python=replace(FACTS.python, libc_version=(2, 38))), [wheel], cache)


def test_a_wheel_for_glibc_does_not_fit_musl(tmp_path: Path, cache: Cache) -> None:
    facts = replace(FACTS, python=replace(FACTS.python, libc="musl", libc_version=(1, 2)), libraries=frozenset())
    wheel = native(tmp_path, "gnu", {"gnu/_core.so": make_elf(("libc.so.6",))})
    assert "take one of Debian's bases" in refusal(cache, wheel, facts=facts)


def test_a_wheel_for_another_python_is_refused(tmp_path: Path, cache: Cache) -> None:
    assert "later 1.0 is for Python >=3.13" in refusal(cache, native(tmp_path, "later", {}, Requires_Python=">=3.13"))


def test_the_models_own_native_files_are_checked_too(tmp_path: Path, cache: Cache) -> None:
    names = {
        "fast.cpython-312-x86_64-linux-gnu.so": make_elf(("libc.so.6",)),
        "lib/libarm.so": make_elf(machine=183),
        "weights.bin": bytes(100),
    }
    for name, content in names.items():
        place = tmp_path / "model" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    model = read_natives((name, tmp_path / "model" / name) for name in names)
    message = refusal(cache, model=model)
    assert "fast.cpython-312-x86_64-linux-gnu.so of the model is an extension module of Python 3.12" in message
    assert "lib/libarm.so of the model: made for arm64, not for amd64" in message


def test_everything_is_named_at_once(tmp_path: Path, cache: Cache) -> None:
    wheels = [
        native(tmp_path, name, {f"{name}/_core.so": make_elf(("libone.so.1", "libtwo.so.2"))})
        for name in ("a", "b", "c", "d", "e")
    ]
    message = refusal(cache, *wheels)
    assert "libone.so.1" in message
    assert "libtwo.so.2" in message
    assert "a/_core.so of a 1.0, b/_core.so of b 1.0, c/_core.so of c 1.0 and 2 more" in message


def test_what_was_inspected_is_not_read_again(tmp_path: Path, cache: Cache) -> None:
    wheel = native(tmp_path, "trees", {"trees/lib_trees.so": make_elf(("libgomp.so.1",))})
    first = refusal(cache, wheel)
    wheel.path.unlink()
    assert refusal(cache, wheel) == first


def test_a_damaged_wheel_is_refused(tmp_path: Path, cache: Cache) -> None:
    wheel = native(tmp_path, "trees", {"trees/lib_trees.so": make_elf() + bytes(range(256)) * 40})
    content = bytearray(wheel.path.read_bytes())
    content[200] ^= 0xFF
    wheel.path.write_bytes(content)
    with pytest.raises(DamagedBlob):
        check_fit(FACTS, [wheel], cache)
