"""The Dockerfile says what was asked for, in an order that caches, in words that every builder takes."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex

import pytest

from modelwrap.contract import Role
from modelwrap.image.dockerfile import SERVER_MODULES, write_dockerfile
from unit.image.conftest import Planner


def instructions(text: str) -> list[str]:
    """The instructions, with continued lines joined and comments dropped."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [line.strip() for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines() if line.strip()]


def stages(text: str) -> tuple[list[str], list[str]]:
    found = instructions(text)
    second = [number for number, line in enumerate(found) if line.startswith("FROM ")][1]
    return found[:second], found[second:]


def environment(text: str) -> dict[str, str]:
    pairs = [word for line in instructions(text) if line.startswith("ENV ") for word in shlex.split(line)[1:]]
    return dict(pair.split("=", 1) for pair in pairs)


def test_requirements_come_before_code_and_code_comes_last(plan: Planner) -> None:
    first, second = stages(write_dockerfile(plan(**{"requirements.txt": "scipy\n"})))
    assert first.index("COPY model/requirements.txt ./") < next(
        n for n, line in enumerate(first) if "pip install" in line
    )
    assert "COPY model/ ./" not in first
    assert second.index("COPY --from=packages /opt/venv/ /opt/venv/") < second.index("COPY model/ ./")


def test_model_and_runtime_are_resolved_together(plan: Planner) -> None:
    text = write_dockerfile(plan(**{"requirements.txt": "scipy\n"}))
    (install,) = [line for line in instructions(text) if "pip install" in line]
    assert install.endswith("-r requirements.txt -r /opt/modelwrap-requirements.txt")


def test_without_requirements_only_the_runtimes_are_installed(plan: Planner) -> None:
    text = write_dockerfile(plan())
    (install,) = [line for line in instructions(text) if "pip install" in line]
    assert install.endswith("install -r /opt/modelwrap-requirements.txt")
    assert "COPY model/requirements.txt" not in text


def test_with_hashes_the_floors_become_constraints(plan: Planner) -> None:
    names = ("h2corn", "numpy", "orjson", "prometheus-client")
    pinned = "".join(f"{name}==9 --hash=sha256:{'0' * 64}\n" for name in names)
    text = write_dockerfile(plan(**{"requirements.txt": pinned}))
    assert "-r requirements.txt -c /opt/modelwrap-requirements.txt" in text


def test_what_requirements_name_is_copied_before_pip_runs(plan: Planner) -> None:
    first, _ = stages(
        write_dockerfile(
            plan(
                **{
                    "requirements.txt": "-r deps/base.txt\n./wheels/x-1-py3-none-any.whl\n-e ./my lib\n",
                    "deps/base.txt": "--find-links more\n",
                    "wheels/x-1-py3-none-any.whl": "",
                    "my lib/setup.py": "",
                    "more/y-1-py3-none-any.whl": "",
                }
            )
        )
    )
    copies = [line for line in first if line.startswith(("COPY model/", "COPY ["))]
    assert copies == [
        "COPY model/requirements.txt ./",
        "COPY model/deps/base.txt deps/",
        'COPY ["model/my lib/", "my lib/"]',
    ]
    assert "COPY packages/ ./" in first


def test_the_folder_itself_is_copied_where_it_is_a_requirement(plan: Planner) -> None:
    first, _ = stages(write_dockerfile(plan(**{"requirements.txt": "-e .\n", "pyproject.toml": ""})))
    assert "COPY model/ ./" in first


def test_compilers_stay_in_the_first_stage(plan: Planner) -> None:
    first, second = stages(write_dockerfile(plan(**{"apt.txt": "libgomp1\n", "apt-build.txt": "g++\n"})))
    assert any("--no-install-recommends g++ " in line for line in first)
    assert any("--no-install-recommends libgomp1 " in line for line in second)
    assert not any("g++" in line for line in second)
    assert not any("libgomp1" in line for line in first)


def test_the_base_is_checked_on_the_first_line_and_named(plan: Planner) -> None:
    first, _ = stages(write_dockerfile(plan(base="registry.example/base:1")))
    check = next(line for line in first if line.startswith("RUN "))
    assert "(3, 11)" in check
    assert "registry.example/base:1 brings" in check


def test_every_builder_takes_it(plan: Planner) -> None:
    text = write_dockerfile(plan(**{"requirements.txt": "scipy\n", "apt.txt": "libgl1\n"}))
    assert "# syntax" not in text
    assert "--mount" not in text
    assert "<<" not in text


def test_it_starts_the_runtime_as_anybody_in_group_0(plan: Planner) -> None:
    _, second = stages(write_dockerfile(plan()))
    assert second[-5:] == [
        "ENV HOME=/tmp USER=model LOGNAME=model",
        "EXPOSE 9000 5000 6000",
        "USER 8888:0",
        'ENTRYPOINT ["python", "-P", "-u", "-m", "modelwrap.runtime"]',
        "CMD []",
    ]


@pytest.mark.parametrize("persistence", [False, True])
@pytest.mark.parametrize("grpc", [False, True])
def test_the_environment_tells_the_runtime_what_was_asked_for(plan: Planner, grpc: bool, persistence: bool) -> None:
    found = environment(write_dockerfile(plan(role=Role.ROUTER, grpc=grpc, persistence=persistence)))
    assert (found["MODEL_NAME"], found["SERVICE_TYPE"], found["PERSISTENCE"]) == ("M", "ROUTER", str(int(persistence)))
    assert found.get("API_TYPE") == ("GRPC" if grpc else None)


def test_the_modules_that_the_build_tries_exist(plan: Planner) -> None:
    _, second = stages(write_dockerfile(plan()))
    (line,) = [line for line in second if "import modelwrap" in line]
    assert second.index(line) < second.index("COPY model/ ./")
    for module in SERVER_MODULES:
        assert module in line
        assert importlib.util.find_spec(module) is not None


def test_every_label_is_there(plan: Planner) -> None:
    made = plan()
    text = write_dockerfile(made)
    for key, value in made.labels.items():
        assert f"{key}={json.dumps(value)}" in text
    assert 'org.opencontainers.image.version="0.1"' in text
