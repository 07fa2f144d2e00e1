"""What the steps of a build know of builds before."""

from __future__ import annotations

from pathlib import Path

from builds import make_bench
from modelwrap.contract import Role
from modelwrap.image.build_plan import BuildPlan, PackageSources
from modelwrap.image.cache import Cache
from modelwrap.image.dependencies.settings import read_surroundings
from modelwrap.image.oci import Platform
from modelwrap.image.pipeline import Reach, build, may_lay
from modelwrap.image.plan import make_plan
from modelwrap.image.reference import Reference
from modelwrap.image.registry.client import Registry
from modelwrap.image.steps import Silent
from modelwrap.project import open_folder, read_project


def plan_of(folder: Path, *, upgrades: bool = False, bytecode: bool = False) -> BuildPlan:
    project = read_project(open_folder(folder / "model"), "Model", Role.MODEL)
    image = make_plan(
        project, Reference("flowers", "model", "1"), f"oci:{folder / 'base'}", grpc=False, persistence=False
    )
    packages = PackageSources((folder / "wheels",), is_offline=True, upgrades=upgrades)
    return BuildPlan(image, (Platform("linux", "amd64"),), packages=packages, has_bytecode=bytecode)


def test_layers_of_packages_are_laid_once_for_the_same_requirements(tmp_path: Path) -> None:
    make_bench(tmp_path)
    cache = Cache(tmp_path / "cache")
    assert may_lay(plan_of(tmp_path), cache)
    build(plan_of(tmp_path), Reach(cache, Registry, read_surroundings()), Silent())
    assert not may_lay(plan_of(tmp_path), cache)
    with (tmp_path / "model/Model.py").open("a") as source:
        source.write("# an edit\n")
    assert not may_lay(plan_of(tmp_path), cache)
    assert may_lay(plan_of(tmp_path, upgrades=True), cache)
    assert may_lay(plan_of(tmp_path, bytecode=True), cache)
    with (tmp_path / "model/requirements.txt").open("a") as requirements:
        requirements.write("orjson\n")
    assert may_lay(plan_of(tmp_path), cache)
