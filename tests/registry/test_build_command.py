"""`modelwrap build --push` against a real registry: the image is there, with its bill, and an edit pushes little."""

from __future__ import annotations

import json
from pathlib import Path

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


def test_without_an_sbom_nothing_is_attached(server: RegistryServer, repository: str, tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    name = f"{server.address}/{repository}:1"
    assert bench.build("--push", "-t", name, "--no-sbom", "--quiet").status == 0
    assert json.loads(modelwrap("inspect", name, "--json").out)[0]["sbom"] is None
