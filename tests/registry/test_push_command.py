"""`modelwrap push` as it is typed, against a registry that wants to know who one is, and trusts nobody."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from cli.command_line import Outcome, modelwrap
from images import index, noise
from modelwrap.image.reference import ImageName, parse_reference
from modelwrap.image.registry.auth import Credentials
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.settings import Surroundings
from modelwrap.image.registry.transfer import pull_manifest
from modelwrap.image.sinks.archive import ArchiveSink
from modelwrap.image.sinks.layout import LayoutSink
from registry_server import PASSWORD, USER, RegistryServer

MADE = index(b"hello", noise(20_000), architectures=("amd64", "arm64"))
NAME = parse_reference("registry.example/iris:1")


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has logged in nowhere yet."""
    (tmp_path / "home/.docker").mkdir(parents=True)
    return {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
    }


def _log_in(home: dict[str, str], registry: str, password: str = PASSWORD) -> None:
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    Path(home["HOME"], ".docker/config.json").write_text(json.dumps({"auths": {registry: {"auth": auth}}}))


def _push(folder: Path, server: RegistryServer, home: dict[str, str], *words: str) -> Outcome:
    LayoutSink(folder).write(MADE, [NAME])
    return modelwrap("push", folder, f"{server.address}/team/iris:1", *words, environment=home)


def test_the_digest_alone_is_printed_and_the_registry_has_the_image(
    guarded: RegistryServer, certificate: Path, home: dict[str, str], tmp_path: Path
) -> None:
    _log_in(home, guarded.address)
    outcome = _push(tmp_path / "layout", guarded, home, "--ca-bundle", str(certificate))
    assert (outcome.status, outcome.out) == (0, f"{MADE.digest}\n")
    assert "next: docker run" in outcome.err
    who = Credentials(USER, PASSWORD, "here")
    with Registry(guarded.address, ca_bundle=certificate, credentials=who, surroundings=Surroundings()) as registry:
        assert pull_manifest(registry, ImageName(guarded.address, "team/iris", "1"))[0].digest == MADE.digest


def test_a_certificate_for_the_registry_alone_is_found_where_podman_and_docker_look(
    guarded: RegistryServer, certificate: Path, home: dict[str, str], tmp_path: Path
) -> None:
    _log_in(home, guarded.address)
    folder = Path(home["XDG_CONFIG_HOME"], "containers/certs.d", guarded.address)
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(certificate.read_bytes())
    assert _push(tmp_path / "layout", guarded, home).status == 0


def test_an_archive_goes_under_several_names_and_json_tells_of_it(
    server: RegistryServer, home: dict[str, str], tmp_path: Path, repository: str
) -> None:
    ArchiveSink(tmp_path / "iris.tar").write(MADE, [NAME])
    names = [f"{server.address}/{repository}:{tag}" for tag in ("1", "latest")]
    outcome = modelwrap("push", tmp_path / "iris.tar", *names, "--json", environment=home)
    assert (outcome.status, outcome.err) == (0, "")
    told = json.loads(outcome.out)
    assert (told["digest"], told["names"]) == (MADE.digest, names)
    assert told["bytes"] > 20_000


@pytest.mark.parametrize("prefix", ["", "oci:"])
@pytest.mark.parametrize("suffix", ["", ":1"])
def test_a_layout_may_be_typed_as_other_commands_take_it(
    prefix: str, suffix: str, server: RegistryServer, home: dict[str, str], tmp_path: Path, repository: str
) -> None:
    LayoutSink(tmp_path / "layout").write(MADE, [NAME])
    typed = f"{prefix}{tmp_path / 'layout'}{suffix}"
    outcome = modelwrap("push", typed, f"{server.address}/{repository}:1", environment=home)
    assert (outcome.status, outcome.out) == (0, f"{MADE.digest}\n")


@pytest.mark.parametrize(
    ("password", "hints"),
    [
        (None, ["401", "UNAUTHORIZED", "credentials: none found", "log in: docker login"]),
        ("wrong", ["401", "UNAUTHORIZED", f"credentials: user {USER} from ~/.docker/config.json", "too old"]),
    ],
    ids=["nobody", "wrong password"],
)
def test_a_refusal_says_who_one_was_taken_for_and_what_to_do(
    guarded: RegistryServer,
    certificate: Path,
    home: dict[str, str],
    tmp_path: Path,
    password: str | None,
    hints: list[str],
) -> None:
    if password is not None:
        _log_in(home, guarded.address, password)
    outcome = _push(tmp_path / "layout", guarded, home, "--ca-bundle", str(certificate))
    assert (outcome.status, outcome.out) == (1, "")
    for hint in [guarded.address, "team/iris", *hints]:
        assert hint in outcome.error
    assert "Traceback" not in outcome.err
    assert PASSWORD not in outcome.err


def test_a_certificate_that_nobody_vouches_for_is_refused_with_what_to_do(
    guarded: RegistryServer, home: dict[str, str], tmp_path: Path
) -> None:
    outcome = _push(tmp_path / "layout", guarded, home)
    assert outcome.status == 1
    for hint in ("certificate", "not to be trusted", "--ca-bundle", "certs.d"):
        assert hint in outcome.error


def test_insecure_takes_any_certificate(guarded: RegistryServer, home: dict[str, str], tmp_path: Path) -> None:
    _log_in(home, guarded.address)
    outcome = _push(tmp_path / "layout", guarded, home, "--insecure")
    assert outcome.status == 0
    assert "Warning" not in outcome.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["nowhere", "registry.example/x:1"], "there is no file or folder nowhere\n  what is pushed is "),
        (["oci:nowhere", "registry.example/x:1"], "there is no file or folder nowhere\n  what is pushed is "),
        (["LAYOUT", "registry.example/X:1"], "write registry.example/x:1"),
        (["LAYOUT", "127.0.0.1:1/x:1"], "can't be reached"),
    ],
)
def test_what_cannot_be_pushed_is_said(words: list[str], hint: str, home: dict[str, str], tmp_path: Path) -> None:
    LayoutSink(tmp_path / "layout").write(MADE, [NAME])
    typed = [str(tmp_path / "layout") if word == "LAYOUT" else word for word in words]
    outcome = modelwrap("push", *typed, environment=home)
    assert (outcome.status, outcome.out) == (1, "")
    assert hint in outcome.error
