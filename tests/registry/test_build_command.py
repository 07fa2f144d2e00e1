"""`modelwrap build --push` against a real registry: the image is there, with its bill, and an edit pushes little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builds import make_bench
from cli.command_line import modelwrap
from registry_server import RegistryServer


def test_an_image_is_pushed_with_its_bill_of_materials_and_an_edit_pushes_little(
    server: RegistryServer, repository: str, tmp_path: Path
) -> None:
    bench = make_bench(tmp_path)
    name = f"{server.address}/{repository}:1"

    def push() -> int:
        outcome = bench.build("--push", "-t", name, "--platform", "amd64,arm64", "--json")
        assert outcome.status == 0, outcome.err
        pushed: int = json.loads(outcome.out)["places"][0]["bytes"]
        return pushed

    first = push()
    assert push() < 10 * 1024, "nothing has changed: only documents are written again"
    with (bench.model / "Model.py").open("a") as source:
        source.write("# edited\n")
    assert push() < 2 * 10 * 1024 < first, "code and documents of two platforms"
    images = json.loads(modelwrap("inspect", name, "--json").out)
    assert [image["platform"] for image in images] == ["linux/amd64", "linux/arm64/v8"]
    for image in images:
        names = {component["name"] for component in image["sbom"]["components"]}
        assert {"greeting", "large", "orjson"} <= names
    assert "greeting" in modelwrap("inspect", name).out


@pytest.mark.parametrize("place", ["--oci", "--tar"])
@pytest.mark.parametrize("platforms", ["amd64", "amd64,arm64"])
def test_what_is_pushed_later_is_what_is_pushed_at_once_with_its_bill(
    place: str, platforms: str, server: RegistryServer, repository: str, tmp_path: Path
) -> None:
    bench = make_bench(tmp_path)
    at_once, later = (f"{server.address}/{repository}/{name}:1" for name in ("at-once", "later"))
    words = ("-t", at_once, place, tmp_path / "out", "--platform", platforms, "--quiet")
    digest = bench.build("--push", *words).out
    for _ in range(2):
        assert modelwrap("push", tmp_path / "out", later).out == digest
    told = [json.loads(modelwrap("inspect", where, "--json").out) for where in (at_once, later, tmp_path / "out")]
    bills = [[image["sbom"] for image in images] for images in told]
    assert bills[0] == bills[1] == bills[2]
    assert len(bills[0]) == platforms.count(",") + 1
    assert all(bill["components"] for bill in bills[0])


def test_without_an_sbom_nothing_is_attached(server: RegistryServer, repository: str, tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    name = f"{server.address}/{repository}:1"
    out = tmp_path / "out"
    assert bench.build("--push", "-t", name, "--no-sbom", "--quiet", "--oci", out).status == 0
    for place in (name, out):
        assert json.loads(modelwrap("inspect", place, "--json").out)[0]["sbom"] is None
