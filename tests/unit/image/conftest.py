"""A plan for any model folder, and each of the libraries that may inflate."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.command_line import write
from modelwrap.contract import Role
from modelwrap.image import inflating
from modelwrap.image.plan import ImagePlan, make_plan
from modelwrap.image.reference import make_reference
from modelwrap.project import read_project

CLASS = "class M:\n    def predict(self, X, names): ...\n    def route(self, X, names): ...\n"

Planner = Callable[..., ImagePlan]


@pytest.fixture
def plan(tmp_path: Path) -> Planner:
    """Makes a model folder of these files and plans its image."""

    def make(
        *,
        role: Role = Role.MODEL,
        base: str = "python:3.12-slim",
        repository: str = "seldonio",
        grpc: bool = False,
        persistence: bool = False,
        **files: str,
    ) -> ImagePlan:
        folder = write(tmp_path / "model", {"M.py": CLASS, **files})
        project = read_project(folder, "M", role)
        reference = make_reference(repository, "m", "0.1")
        return make_plan(project, reference, base, grpc=grpc, persistence=persistence)

    return make


@pytest.fixture(params=["zlib-ng", "zlib"])
def inflating_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test run with each."""
    library = zlib if request.param == "zlib" else pytest.importorskip("zlib_ng").zlib_ng
    monkeypatch.setattr(inflating, "_library", library)
