"""The lock: every package pinned by hash, no address of an index; and what the distribution asks for has no cap."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement

from house.checkout import ROOT

PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; [^\\]+)? \\$", re.MULTILINE)
LOCKS = ["requirements/dev.txt", "requirements/lowest.txt", "requirements/uv.txt"]


def locked(name: str) -> list[tuple[str, str]]:
    return PINNED.findall((ROOT / name).read_text())


def project_table() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def declared() -> list[Requirement]:
    project = project_table()
    extras = (line for lines in project["optional-dependencies"].values() for line in lines)
    return [Requirement(line) for line in (*project["dependencies"], *extras)]


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_pinned_by_hash(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked(name)) > 0
    assert [entry.partition("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_names_no_address(name: str) -> None:
    assert re.findall(r"\S+://\S+|--(?:extra-)?index\S*|--find-links", (ROOT / name).read_text()) == []


def test_the_lock_holds_all_that_the_distribution_asks_for() -> None:
    names = {name for name, _ in locked("requirements/dev.txt")}
    assert {requirement.name.lower() for requirement in declared()} <= names


def test_the_bootstrap_installs_the_locked_uv() -> None:
    assert dict(locked("requirements/uv.txt"))["uv"] == dict(locked("requirements/dev.txt"))["uv"]


def test_a_dependency_has_a_floor_and_never_a_cap() -> None:
    assert {str(r): [s.operator for s in r.specifier] for r in declared()} == {str(r): [">="] for r in declared()}
