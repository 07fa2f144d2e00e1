"""The command that an offline build names fetches all of a base that such a build needs."""

from __future__ import annotations

import shlex
from pathlib import Path

from bases import AMD64, write_base
from builds import PYTHON, make_bench, quiet_environment
from cli.command_line import modelwrap
from registry_server import RegistryServer


def test_what_an_offline_build_lacks_comes_by_the_command_that_it_names(
    server: RegistryServer, repository: str, tmp_path: Path
) -> None:
    bench = make_bench(tmp_path)
    write_base(tmp_path / "single", AMD64, python=PYTHON)
    base = f"{server.address}/{repository}:1"
    assert modelwrap("push", tmp_path / "single", base).status == 0
    environment = quiet_environment(tmp_path / "cache")
    words = ("build", bench.model, "--offline", "--wheels", bench.folder / "wheels", "--base-image", base)
    build = (*words, "--platform", "amd64", "--oci", tmp_path / "out")
    refused = modelwrap(*build, environment=environment)
    assert refused.status == 1
    (command,) = [line for line in refused.err.splitlines() if "modelwrap inspect" in line]
    fetched = modelwrap(*shlex.split(command.partition("modelwrap ")[2]), environment=environment)
    assert fetched.status == 0, fetched.err
    assert modelwrap(*build, environment=environment).status == 0
