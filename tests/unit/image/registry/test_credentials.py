"""Credentials as `docker login`, `podman login` and helper programs leave them, in the order in which they count."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwrap.errors import RegistryError
from modelwrap.image.registry.auth import Credentials
from modelwrap.image.registry.credentials import find_credentials
from modelwrap.image.registry.settings import Surroundings, read_surroundings

Find = Callable[..., Credentials | None]


def _auth(name: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


def _without(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in keys}


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts a credential helper on PATH: a shell script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, script: str) -> None:
        program = folder / f"docker-credential-{name}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return make


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Looks a registry up in files that hold these documents."""

    def look(
        *documents: dict[str, Any], registry: str = "registry.example", repository: str = "team/x"
    ) -> Credentials | None:
        files = []
        for number, document in enumerate(documents):
            files.append(tmp_path / f"{number}.json")
            files[-1].write_text(json.dumps(document))
        return find_credentials(registry, repository, Surroundings(auth_files=tuple(files)))

    return look


def test_a_login_of_docker_is_found_and_its_file_is_named(find: Find, tmp_path: Path) -> None:
    found = find({"auths": {"registry.example": _auth("ann", "pass:word")}})
    assert found == Credentials("ann", "pass:word", str(tmp_path / "0.json"))
    assert str(tmp_path / "0.json") in str(found)


@pytest.mark.parametrize("key", ["https://registry.example", "https://registry.example/v1/", "registry.example"])
def test_every_spelling_of_a_registry_is_known(find: Find, key: str) -> None:
    found = find({"auths": {key: _auth("ann", "p")}})
    assert found is not None
    assert found.username == "ann"


def test_the_default_registry_is_filed_under_its_old_address(find: Find) -> None:
    old = "https://index." + "docker.io/v1/"
    found = find({"auths": {old: _auth("ann", "p")}}, registry="docker.io")
    assert found is not None


def test_the_narrowest_login_of_podman_wins(find: Find) -> None:
    auths = {"registry.example": _auth("all", "p"), "registry.example/team": _auth("team", "p")}
    found, other = find({"auths": auths}), find({"auths": auths}, repository="other/x")
    assert found is not None
    assert other is not None
    assert (found.username, other.username) == ("team", "all")


def test_the_first_file_that_knows_a_registry_wins(find: Find) -> None:
    found = find(
        {"auths": {}},
        {"auths": {"registry.example": _auth("b", "p")}},
        {"auths": {"registry.example": _auth("c", "p")}},
    )
    assert found is not None
    assert found.username == "b"


def test_nobody_is_found_where_nobody_logged_in(find: Find) -> None:
    assert find({"auths": {"other.example": _auth("a", "b")}}) is None
    assert find({}) is None


def test_an_identity_token_is_found(find: Find) -> None:
    found = find({"auths": {"registry.example": {**_auth("00000000", ""), "identitytoken": "tok"}}})
    assert found is not None
    assert found.identity_token == "tok"


def test_a_helper_of_the_registry_goes_before_the_store_and_that_before_the_file(
    find: Find, helper: Callable[[str, str], None]
) -> None:
    answer = 'read server; printf \'{"ServerURL":"%s","Username":"%s","Secret":"s"}\' "$server" NAME'
    helper("own", answer.replace("NAME", "own"))
    helper("store", answer.replace("NAME", "store"))
    document = {
        "credHelpers": {"registry.example": "own"},
        "credsStore": "store",
        "auths": {"registry.example": _auth("file", "p")},
    }
    names = []
    for known in (document, _without(document, "credHelpers"), _without(document, "credHelpers", "credsStore")):
        found = find(known)
        assert found is not None
        names.append(found.username)
    assert names == ["own", "store", "file"]


def test_a_helper_is_told_the_registry_and_named_in_the_source(find: Find, helper: Callable[[str, str], None]) -> None:
    helper("own", 'read server; printf \'{"Username":"%s","Secret":"s"}\' "$server"')
    found = find({"credHelpers": {"registry.example": "own"}})
    assert found is not None
    assert found.username == "registry.example"
    assert "docker-credential-own" in found.source


def test_a_helper_may_give_a_token(find: Find, helper: Callable[[str, str], None]) -> None:
    helper("own", """printf '{"Username":"<token>","Secret":"tok"}'""")
    found = find({"credHelpers": {"registry.example": "own"}})
    assert found is not None
    assert found.identity_token == "tok"


def test_a_helper_that_knows_nobody_is_no_failure(find: Find, helper: Callable[[str, str], None]) -> None:
    helper("store", "echo credentials not found in native keychain; exit 1")
    assert find({"credsStore": "store"}) is None


@pytest.mark.parametrize(
    ("script", "hint"),
    [
        ("echo the vault is locked; exit 1", "the vault is locked"),
        ("echo junk", "no credential"),
        (None, "not on PATH"),
    ],
)
def test_a_helper_that_fails_is_named(
    find: Find, helper: Callable[[str, str], None], script: str | None, hint: str
) -> None:
    if script is not None:
        helper("own", script)
    with pytest.raises(RegistryError, match="docker-credential-own") as caught:
        find({"credHelpers": {"registry.example": "own"}})
    assert hint in caught.value.message


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": {"registry.example": {"auth": "%%%"}}}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(RegistryError, match=r"config\.json"):
        find_credentials("registry.example", "x", Surroundings(auth_files=(file,)))


def test_the_environment_says_where_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "own.json"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {"registry.example": _auth("inline", "p")}}))
    surroundings = read_surroundings()
    names = ["own.json", "docker/config.json", "run/containers/auth.json", "config/containers/auth.json"]
    assert surroundings.auth_files == tuple(tmp_path / name for name in names)
    found = find_credentials("registry.example", "x", surroundings)
    assert found is not None
    assert (found.username, found.source) == ("inline", "DOCKER_AUTH_CONFIG")
