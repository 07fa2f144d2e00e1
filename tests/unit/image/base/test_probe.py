"""What a probe finds in a base, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwrap.errors import BaseImageError, DamagedBlob
from modelwrap.image.base.facts import BaseFacts
from modelwrap.image.base.probe import probe_base
from modelwrap.image.cache import Cache
from modelwrap.image.image import BytesBlob, Layer, LayerKind
from modelwrap.image.oci import Descriptor, JSONObject, Platform
from system_layers import ALPINE, DEBIAN, SLIM, config_of, elf, make_layer


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def probe(cache: Cache, *layers: dict[str, str | bytes], config: JSONObject | None = None) -> BaseFacts:
    return probe_base("base:1", config or config_of(), [make_layer(files) for files in layers], cache)


def test_the_official_slim_layout_is_found_out_from_its_files(cache: Cache) -> None:
    facts = probe(cache, SLIM)
    python = facts.python
    assert (python.version, python.executable) == ("3.11.7", "/usr/local/bin/python3.11")
    assert (python.libc, python.libc_version, python.platform) == ("glibc", (2, 36), Platform("linux", "amd64"))
    assert facts.description == "Python 3.11.7, glibc 2.36, linux/amd64, Debian GNU/Linux 12 (bookworm)"
    assert facts.has_shell


def test_debians_own_python_is_found_in_its_program(cache: Cache) -> None:
    python = probe(cache, DEBIAN, config=config_of("amd64", "PATH=/usr/local/bin:/usr/bin")).python
    assert (python.version, python.executable) == ("3.13.5", "/usr/bin/python3.13")


def test_an_alpine_base_is_one_of_musl(cache: Cache) -> None:
    facts = probe(cache, ALPINE, config=config_of("arm64"))
    assert (facts.python.libc, facts.python.libc_version) == ("musl", (1, 2))
    assert facts.python.platform == Platform("linux", "arm64")
    assert facts.packages == {"musl", "zlib"}
    assert facts.has_shell


def test_the_environment_is_not_believed(cache: Cache) -> None:
    config = config_of("amd64", "PYTHON_VERSION=3.14.1", "PATH=/usr/local/bin:/usr/bin")
    assert probe(cache, SLIM, config=config).python.version == "3.11.7"


def test_the_first_python_of_the_path_is_taken(cache: Cache) -> None:
    both = {**DEBIAN, **SLIM}
    first = probe(cache, both, config=config_of("amd64", "PATH=/usr/bin:/usr/local/bin")).python
    second = probe(cache, both, config=config_of("amd64", "PATH=/usr/local/bin:/usr/bin")).python
    assert (first.version, second.version) == ("3.13.5", "3.11.7")


def test_an_interpreter_without_a_version_in_its_name_is_known_by_its_library(cache: Cache) -> None:
    files: dict[str, str | bytes] = {**SLIM, "usr/local/bin/python3": elf("3.11.7")}
    assert probe(cache, files).python.executable == "/usr/local/bin/python3.11"


def test_only_libraries_where_the_loader_looks_count(cache: Cache) -> None:
    files: dict[str, str | bytes] = {
        **SLIM,
        "etc/ld.so.conf.d/own.conf": "# ours\n/opt/own/lib\n",
        "opt/own/lib/libown.so.2": elf(),
        "opt/told/libtold.so": elf(),
        "opt/other/libother.so": elf(),
        "usr/lib/libgone.so.1": "-> libgone.so.1.0",
    }
    found = probe(cache, files, config=config_of("amd64", "LD_LIBRARY_PATH=/opt/told")).libraries
    assert {"libc.so.6", "libstdc++.so.6", "libown.so.2", "libtold.so", "libpython3.11.so.1.0"} <= found
    assert not {"libother.so", "libprivate.so.1", "libgone.so.1"} & found


def test_packages_that_were_taken_away_again_do_not_count(cache: Cache) -> None:
    assert probe(cache, SLIM).packages == {"libc6"}


def test_upper_layers_add_change_and_remove(cache: Cache) -> None:
    upper: dict[str, str | bytes] = {
        "usr/local/bin/.wh.python3.11": "",
        "usr/local/lib/.wh..wh..opq": "",
        "usr/local/bin/python3": "-> python3.12",
        "usr/local/bin/python3.12": elf("3.12.9"),
        "usr/lib/x86_64-linux-gnu/libgomp.so.1": elf(),
        "usr/lib/x86_64-linux-gnu/.wh.libm.so.6": "",
    }
    facts = probe(cache, SLIM, upper)
    assert facts.python.version == "3.12.9"
    assert "libgomp.so.1" in facts.libraries
    assert not {"libm.so.6", "libpython3.11.so.1.0"} & facts.libraries


def test_hard_links_are_the_file_they_link_to(cache: Cache) -> None:
    files: dict[str, str | bytes] = {
        **{path: content for path, content in DEBIAN.items() if "python" not in path},
        "usr/bin/python3.13": elf("3.13.5"),
        "usr/bin/python3": "=> ./usr/bin/python3.13",
        "usr/lib/python3.13/os.py": "",
    }
    assert probe(cache, files).python.version == "3.13.5"


def test_a_layer_that_was_seen_is_not_read_again(cache: Cache) -> None:
    layer = make_layer(SLIM)
    first = probe_base("base:1", config_of(), [layer], cache)
    unread = Layer(BytesBlob(layer.blob.descriptor, b""), layer.diff_id, LayerKind.BASE, "base")
    assert probe_base("base:1", config_of(), [unread], cache) == first


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"usr/bin/sh": elf()}, "has no python3 in its PATH"),
        ({**SLIM, "usr/local/bin/python3": "-> python3", "usr/local/bin/python3.11": ""}, "has no python3 in its PATH"),
        (
            {
                **SLIM,
                "usr/local/bin/python3": "-> python3.9",
                "usr/local/bin/python3.9": elf("3.9.2"),
            },
            r"brings Python 3\.9\.2; modelwrap needs 3\.11",
        ),
        (
            {
                **SLIM,
                "usr/local/bin/python3": "-> python3.13t",
                "usr/local/bin/python3.13t": elf("3.13.1"),
            },
            "without the global lock",
        ),
        ({**SLIM, "usr/local/lib/libpython3.11.so.1.0": elf("3.40.1")}, "can't be found"),
        ({path: text for path, text in SLIM.items() if "libc.so" not in path}, "neither glibc nor musl"),
        ({**SLIM, "usr/local/bin/python3.11": elf(machine=183)}, "is for arm64"),
    ],
)
def test_a_base_that_can_not_serve_is_refused_with_another(
    cache: Cache, files: dict[str, str | bytes], message: str
) -> None:
    with pytest.raises(BaseImageError, match=message):
        probe(cache, files)


def test_a_damaged_layer_is_refused_and_not_remembered(cache: Cache) -> None:
    blob = make_layer(SLIM).blob
    with blob.open() as file:
        content = bytearray(file.read())
    other = make_layer(DEBIAN).blob.descriptor
    for wrong in (
        BytesBlob(Descriptor(other.media_type, other.digest, len(content)), bytes(content)),
        BytesBlob(blob.descriptor, bytes(content[: len(content) // 2])),
        BytesBlob(blob.descriptor, b"\x1f\x8b" + bytes(200)),
    ):
        for _ in range(2):
            with pytest.raises(DamagedBlob):
                probe_base("base:1", config_of(), [Layer(wrong, "", LayerKind.BASE, "base")], cache)


def test_layers_without_compression_are_read_too(cache: Cache) -> None:
    layer = make_layer(SLIM, is_compressed=False)
    assert probe_base("base:1", config_of(), [layer], cache).python.version == "3.11.7"


def test_a_layer_of_zstd_is_named_with_the_way_out(cache: Cache) -> None:
    content = b"\x28\xb5\x2f\xfd" + bytes(100)
    blob = BytesBlob(Descriptor("any", "sha256:" + "0" * 64, len(content)), content)
    with pytest.raises(BaseImageError, match="zstd"):
        probe_base("base:1", config_of(), [Layer(blob, "", LayerKind.BASE, "base")], cache)
