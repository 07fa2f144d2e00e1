"""Everything about an image is decided before anything is written."""

from __future__ import annotations

import pytest

from modelwrap.errors import ProjectError
from unit.image.conftest import Planner


def test_the_labels_are_the_guides_parameters(plan: Planner) -> None:
    labels = plan(grpc=True, persistence=True).labels
    assert labels == {
        "model_name": "M",
        "service_type": "MODEL",
        "docker_repo": "seldonio",
        "docker_image_name": "m",
        "docker_image_version": "0.1",
        "base_image": "python:3.12-slim",
        "persistence": "1",
        "api_type": "GRPC",
    }


def test_the_runtimes_packages_have_floors_and_the_command_lines_stay_out(plan: Planner) -> None:
    requirements = plan().runtime_requirements
    assert {line.partition(">=")[0] for line in requirements} == {"h2corn", "numpy", "orjson", "prometheus-client"}
    assert all(">=" in line for line in requirements)


def test_persistence_brings_redis(plan: Planner) -> None:
    assert any(line.startswith("redis>=") for line in plan(persistence=True).runtime_requirements)


@pytest.mark.parametrize(
    "path", ["orjson.py", "h2corn/__init__.py", "prometheus_client/core.py", "numpy.cpython-311.so"]
)
def test_a_module_that_an_installed_package_would_hide_is_refused(path: str, plan: Planner) -> None:
    with pytest.raises(ProjectError, match="rename it"):
        plan(**{path: ""})


@pytest.mark.parametrize("path", ["numpy/weights.npy", "redis.py", "sub/numpy.py", "types.py", "queue.py", "click.py"])
def test_what_nothing_hides_is_taken(path: str, plan: Planner) -> None:
    assert path in plan(**{path: ""}).project.folder.paths


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"environment.yml": "", "setup.py": ""}, "environment.yml, setup.py is not read"),
        ({}, "there is no requirements.txt"),
        ({"requirements.txt": "seldon-core==1.18\n"}, "modelwrap stands in"),
    ],
)
def test_a_note_tells_what_is_odd_but_works(files: dict[str, str], expected: str, plan: Planner) -> None:
    assert expected in " ".join(plan(**files).notes)


def test_a_usual_folder_needs_no_note(plan: Planner) -> None:
    assert plan(**{"requirements.txt": "scipy\n"}).notes == ()


def test_system_packages_are_read_with_comments_and_versions(plan: Planner) -> None:
    made = plan(
        **{"apt.txt": "libgomp1  # for lightgbm\n\nlibgl1 libglib2.0-0=2.7+b1\nlibgomp1\n", "apt-build.txt": "g++"}
    )
    assert made.run_packages == ("libgomp1", "libgl1", "libglib2.0-0=2.7+b1")
    assert made.build_packages == ("g++",)


def test_git_is_installed_where_a_requirement_needs_it(plan: Planner) -> None:
    made = plan(**{"requirements.txt": "x @ git+https://git.example/x.git\n", "apt-build.txt": "g++\n"})
    assert made.build_packages == ("g++", "git", "ca-certificates")
    assert made.run_packages == ()


@pytest.mark.parametrize(
    ("method", "expected"),
    [("predict", False), ("predict_rest", False), ("predict_raw", True), ("predict_grpc", True)],
)
def test_protobuf_is_installed_only_for_a_class_that_is_handed_its_messages(
    method: str, expected: bool, plan: Planner
) -> None:
    made = plan(**{"M.py": f"class M:\n    def predict(self, X): ...\n    def {method}(self, X): ...\n"})
    assert any(line.startswith("protobuf") for line in made.runtime_requirements) is expected
