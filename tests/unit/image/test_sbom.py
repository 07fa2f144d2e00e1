"""The bill of materials is exact, complete and the same for the same image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelwrap.image.oci import canonical_json
from modelwrap.image.sbom import Subject, bill_of_materials
from modelwrap.image.target import PythonTarget, WheelFile
from wheels import make_wheel

SUBJECT = Subject("registry.example/iris", "0.1", "python:3.11-slim", "sha256:" + "a" * 64, created=1)
TARGET = PythonTarget("3.11.7", "/usr/local/bin/python3.11")


def wheel(folder: Path, name: str, *lines: str, version: str = "1.0") -> WheelFile:
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    text = "\n".join(("Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *lines, ""))
    return make_wheel(folder, name, {f"{info}/METADATA": text}, version=version)


def bill(*wheels: WheelFile) -> Any:
    return bill_of_materials(SUBJECT, wheels, TARGET)


def test_every_package_is_there_with_its_version_and_hash(tmp_path: Path) -> None:
    one, two = wheel(tmp_path, "One_Thing", "Summary: A thing."), wheel(tmp_path, "two", version="2.0+cpu")
    made = bill(two, one)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    base, first, second = made["components"]
    assert base == {
        "type": "container",
        "bom-ref": "base",
        "name": "python:3.11-slim",
        "hashes": [{"alg": "SHA-256", "content": "a" * 64}],
    }
    assert first["purl"] == "pkg:pypi/one-thing@1.0"
    assert first["hashes"] == [{"alg": "SHA-256", "content": one.digest.removeprefix("sha256:")}]
    assert first["description"] == "A thing."
    assert second["purl"] == "pkg:pypi/two@2.0%2Bcpu"
    assert made["metadata"]["component"]["name"] == "registry.example/iris"
    assert made["metadata"]["timestamp"] == "1970-01-01T00:00:01Z"


def test_who_needs_whom_on_this_platform(tmp_path: Path) -> None:
    made = bill(
        wheel(tmp_path, "a", "Requires-Dist: b>=1", "Requires-Dist: c; sys_platform == 'win32'", "Requires-Dist: gone"),
        wheel(tmp_path, "b"),
        wheel(tmp_path, "c"),
    )
    needs = {entry["ref"]: entry["dependsOn"] for entry in made["dependencies"]}
    assert needs["pkg:pypi/a@1.0"] == ["pkg:pypi/b@1.0"]
    assert needs["image"] == ["base", "pkg:pypi/a@1.0", "pkg:pypi/b@1.0", "pkg:pypi/c@1.0"]


@pytest.mark.parametrize(
    ("lines", "licences"),
    [
        (["License-Expression: BSD-3-Clause AND MIT", "License: ignored"], [{"expression": "BSD-3-Clause AND MIT"}]),
        (["Classifier: License :: OSI Approved :: MIT License"], [{"license": {"id": "MIT"}}]),
        (
            ["Classifier: License :: OSI Approved :: BSD License", "License: BSD 2-Clause"],
            [{"license": {"name": "BSD 2-Clause"}}],
        ),
        (["Classifier: License :: Other/Proprietary License"], [{"license": {"name": "Other/Proprietary License"}}]),
        (["License: Three-clause BSD"], [{"license": {"name": "Three-clause BSD"}}]),
        (["License: " + "the whole text " * 20], None),
        (["License: UNKNOWN"], None),
        ([], None),
    ],
)
def test_a_licence_is_what_the_package_says(tmp_path: Path, lines: list[str], licences: object) -> None:
    assert bill(wheel(tmp_path, "a", *lines))["components"][1].get("licenses") == licences


def test_the_same_image_has_the_same_bill(tmp_path: Path) -> None:
    one, two = wheel(tmp_path, "one"), wheel(tmp_path, "two")
    first, second = (canonical_json(bill(*order)) for order in ((one, two), (two, one)))
    assert first == second
    assert bill(one)["serialNumber"] != bill(one, two)["serialNumber"]
