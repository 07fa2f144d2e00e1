"""The standard library's bytecode: made from the base's own sources, where it lacks it and this Python can."""

from __future__ import annotations

import marshal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from bases import pack
from layer_content import unpack
from modelwrap.errors import DamagedBlob
from modelwrap.image.base.listing import list_layer
from modelwrap.image.cache import Cache
from modelwrap.image.dockerfile import SERVER_MODULES
from modelwrap.image.image import BytesBlob, Layer, LayerKind
from modelwrap.image.oci import MediaType, describe
from modelwrap.image.standard_library import MODULES, Librarian, standard_library_layer
from modelwrap.image.target import PythonTarget
from modelwrap.value import replace

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = sys.implementation.cache_tag
HERE = PythonTarget(f"{MINOR}.0", f"/usr/local/bin/python{MINOR}")
LIBRARY = f"usr/local/lib/python{MINOR}"


def base(**files: bytes) -> Layer:
    return layer({f"{LIBRARY}/{path}": content for path, content in files.items()})


def layer(files: dict[str, bytes | str]) -> Layer:
    content = pack(files)
    return Layer(BytesBlob(describe(MediaType.OCI_LAYER, content), content), "sha256:0", LayerKind.BASE, "base")


def made(*layers: Layer, cache: Cache, target: PythonTarget = HERE) -> dict[str, bytes] | None:
    found = standard_library_layer(layers, target, cache)
    return (
        None
        if found is None
        else {path: entry.content for path, entry in unpack(found.blob).items() if entry.mode == 0o644}
    )


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_the_modules_that_the_server_loads_are_compiled_and_the_others_are_not(cache: Cache) -> None:
    files = {
        "os.py": b"x = 1\n",
        "asyncio/__init__.py": b"",
        "turtle.py": b"",
        "asyncio/data.txt": b"",
        "test/os.py": b"",
    }
    assert set(made(base(**files), cache=cache) or ()) == {
        f"{LIBRARY}/__pycache__/os.{TAG}.pyc",
        f"{LIBRARY}/asyncio/__pycache__/__init__.{TAG}.pyc",
    }


def test_the_code_is_the_bases_and_names_the_file_where_it_will_lie(cache: Cache) -> None:
    found = made(base(**{"os.py": b"answer = 'of the base'\n"}), cache=cache)
    assert found
    code = marshal.loads(found[f"{LIBRARY}/__pycache__/os.{TAG}.pyc"][16:])
    assert code.co_filename == f"/{LIBRARY}/os.py"
    assert "of the base" in code.co_consts


def test_upper_layers_replace_and_remove_what_lower_ones_have(cache: Cache) -> None:
    lower = base(**{"os.py": b"x = 'lower'\n", "abc.py": b"", "json/__init__.py": b""})
    upper = base(**{"os.py": b"x = 'upper'\n", ".wh.abc.py": b"", ".wh.json": b""})
    found = made(lower, upper, cache=cache)
    assert found
    assert list(found) == [f"{LIBRARY}/__pycache__/os.{TAG}.pyc"]
    assert b"upper" in next(iter(found.values()))


def test_a_layer_that_was_probed_is_not_read_again(cache: Cache) -> None:
    lower = base(**{"os.py": b"x = 'lower'\n", "abc.py": b"", "turtle.py": b""})
    upper = base(**{"os.py": b"x = 'upper'\n", ".wh.abc.py": b""})
    expected = made(lower, upper, cache=Cache(cache.place_of("sha256:0").parents[2] / "other"))
    for each in (lower, upper):
        list_layer(each.blob, Librarian(cache))
    gone = [replace(each, blob=BytesBlob(each.blob.descriptor, b"gone")) for each in (lower, upper)]
    assert expected
    assert made(*gone, cache=cache) == expected


def test_a_library_of_a_folder_named_as_one_is_found(cache: Cache) -> None:
    place = f"opt/python{MINOR}/lib/python{MINOR}"
    files: dict[str, bytes | str] = {f"{place}/os.py": b"", f"{place}/site-packages/python{MINOR}/abc.py": b""}
    found = made(layer(files), cache=cache, target=PythonTarget(f"{MINOR}.0", f"/opt/python{MINOR}/bin/python3"))
    assert set(found or ()) == {f"{place}/__pycache__/os.{TAG}.pyc"}


def test_a_base_that_brings_its_bytecode_gets_none(cache: Cache) -> None:
    assert made(base(**{"os.py": b"", f"__pycache__/os.{TAG}.pyc": b"x"}), cache=cache) is None


def test_another_python_gets_none(cache: Cache) -> None:
    other = PythonTarget("3.99.0", "/usr/local/bin/python3.99")
    assert made(base(**{"os.py": b""}), cache=cache, target=other) is None


def test_a_layer_that_is_no_archive_is_damaged(cache: Cache) -> None:
    broken = Layer(BytesBlob(describe(MediaType.OCI_LAYER, b"?"), b"?"), "sha256:0", LayerKind.BASE, "base")
    with pytest.raises(DamagedBlob, match="is no archive"):
        standard_library_layer([broken], HERE, cache)


def test_the_table_has_all_that_the_server_loads() -> None:
    """What is left out is small, and frozen into the interpreter or of this machine alone."""
    program = (
        f"import {', '.join(SERVER_MODULES)}, sys; print(*(getattr(m, '__file__', None) for m in sys.modules.values()))"
    )
    loaded = subprocess.run([sys.executable, "-P", "-c", program], check=True, capture_output=True, text=True).stdout
    library = Path(sysconfig.get_path("stdlib"))
    modules = {
        path.relative_to(library).with_suffix("").as_posix()
        for path in map(Path, loaded.split())
        if path.suffix == ".py" and path.is_relative_to(library) and "site-packages" not in path.parts
    }
    lacking = {name for name in modules if name not in MODULES and name.rpartition("/")[0] not in MODULES}
    assert {name for name in lacking if not name.startswith("_sysconfigdata")} == set()
