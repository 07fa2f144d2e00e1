"""pip's settings are read where pip reads them, and later ones win."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwrap.errors import SettingsError
from modelwrap.image.dependencies.pip_settings import PipSettings, read_pip_settings
from modelwrap.image.dependencies.settings import Surroundings
from modelwrap.value import replace


@pytest.fixture
def machine(tmp_path: Path) -> Surroundings:
    """A machine with nothing on it."""
    return Surroundings({}, tmp_path / "home", tmp_path / "prefix", (tmp_path / "xdg", tmp_path / "etc"))


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_nothing_told_is_nothing_set(machine: Surroundings) -> None:
    assert read_pip_settings(machine) == PipSettings()


def test_each_place_wins_over_those_before(machine: Surroundings, tmp_path: Path) -> None:
    places = [
        tmp_path / "xdg" / "pip" / "pip.conf",
        tmp_path / "home" / ".pip" / "pip.conf",
        tmp_path / "home" / ".config" / "pip" / "pip.conf",
        tmp_path / "prefix" / "pip.conf",
        tmp_path / "own.conf",
    ]
    machine = replace(machine, environment={"PIP_CONFIG_FILE": str(tmp_path / "own.conf")})
    for number, place in enumerate(places):
        put(place, f"[global]\nindex-url = https://index.example/{number}\n")
        assert read_pip_settings(machine).index_url == f"https://index.example/{number}"
    machine = replace(machine, environment={**machine.environment, "PIP_INDEX_URL": "https://index.example/last"})
    assert read_pip_settings(machine).index_url == "https://index.example/last"


def test_every_option_about_places_is_read(machine: Surroundings, tmp_path: Path) -> None:
    put(
        tmp_path / "home" / ".config" / "pip" / "pip.conf",
        """\
[global]
extra_index_url =
    https://one.example/simple
    https://two.example/simple
find-links = /wheels https://pages.example/
trusted-host = one.example two.example:8443
cert = /ca.pem
client-cert = /me.pem
proxy = http://proxy.example:3128
[install]
no-index = yes
pre = true
constraint = /limits.txt
[freeze]
index-url = https://never.example
""",
    )
    assert read_pip_settings(machine) == PipSettings(
        "",
        ("https://one.example/simple", "https://two.example/simple"),
        ("/wheels", "https://pages.example/"),
        no_index=True,
        trusted_hosts=("one.example", "two.example:8443"),
        cert="/ca.pem",
        client_cert="/me.pem",
        proxy="http://proxy.example:3128",
        prereleases=True,
        constraints=("/limits.txt",),
    )


def test_a_password_with_a_percent_sign_is_no_formatting(machine: Surroundings, tmp_path: Path) -> None:
    put(tmp_path / "prefix" / "pip.conf", "[global]\nindex-url = https://me:a%2Fb@index.example/simple\n")
    assert read_pip_settings(machine).index_url == "https://me:a%2Fb@index.example/simple"


def test_no_file_is_read_where_pip_is_told_so(machine: Surroundings, tmp_path: Path) -> None:
    put(tmp_path / "prefix" / "pip.conf", "[global]\nindex-url = https://index.example\n")
    machine = replace(machine, environment={"PIP_CONFIG_FILE": "/dev/null"})
    assert read_pip_settings(machine) == PipSettings()


def test_on_macos_its_own_folder_wins_where_it_is_there(machine: Surroundings, tmp_path: Path) -> None:
    machine = replace(machine, is_mac=True)
    put(tmp_path / "home" / ".config" / "pip" / "pip.conf", "[global]\nproxy = one\n")
    assert read_pip_settings(machine).proxy == "one"
    put(tmp_path / "home" / "Library" / "Application Support" / "pip" / "pip.conf", "[global]\nproxy = two\n")
    assert read_pip_settings(machine).proxy == "two"


def test_a_file_that_makes_no_sense_is_named(machine: Surroundings, tmp_path: Path) -> None:
    put(tmp_path / "prefix" / "pip.conf", "index-url = nowhere\n")
    with pytest.raises(SettingsError, match=r"pip's configuration .*pip\.conf can't be read"):
        read_pip_settings(machine)
