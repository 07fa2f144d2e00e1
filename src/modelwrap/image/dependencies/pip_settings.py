"""What pip is told on this machine, by its configuration files and its variables.

Source: pip documentation, configuration: files for all users, for the user, for the environment, the file that
PIP_CONFIG_FILE names, then variables; later ones win, option by option.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path

from modelwrap.errors import SettingsError
from modelwrap.image.dependencies.settings import Surroundings
from modelwrap.value import Value

__all__ = ["PipSettings", "read_pip_settings"]

#: Where in a file options of resolving may stand; the latter wins.
_SECTIONS = ("global", "install", "download")
_OPTIONS = {
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "client-cert", "proxy", "pre"),
    *("timeout", "retries", "constraint"),
}
_TRUE = {"1", "true", "yes", "on", "t", "y"}


class PipSettings(Value):
    """Those of pip's options that say where packages are.

    Attributes:
        index_url: The index; empty for pip's own.
        extra_index_urls: Indexes beside it.
        find_links: Folders and pages with packages.
        no_index: Whether only those folders and pages are asked.
        trusted_hosts: Hosts whose certificate is not checked.
        cert: A file with the certificates to trust; empty for the usual ones.
        client_cert: A file with the certificate to show.
        proxy: The proxy to use.
        prereleases: Whether versions that are not final are taken.
        constraints: Files that limit versions.
    """

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    trusted_hosts: tuple[str, ...] = ()
    cert: str = ""
    client_cert: str = ""
    proxy: str = ""
    prereleases: bool = False
    constraints: tuple[str, ...] = ()


def read_pip_settings(surroundings: Surroundings) -> PipSettings:
    """Reads pip's settings as pip itself would.

    Raises:
        SettingsError: A configuration file can't be read.
    """
    told = dict[str, str]()
    for file in _files(surroundings):
        told.update(_options_of(file))
    for option in _OPTIONS:
        if value := surroundings.environment.get(f"PIP_{option.replace('-', '_').upper()}"):
            told[option] = value
    return PipSettings(
        told.get("index-url", ""),
        _words(told, "extra-index-url"),
        _words(told, "find-links"),
        _flag(told, "no-index"),
        _words(told, "trusted-host"),
        told.get("cert", ""),
        told.get("client-cert", ""),
        told.get("proxy", ""),
        _flag(told, "pre"),
        _words(told, "constraint"),
    )


def _files(surroundings: Surroundings) -> Iterator[Path]:
    environment, home = surroundings.environment, surroundings.home
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == "/dev/null":
        return
    for folder in surroundings.system_folders:
        yield folder / ("pip.conf" if folder == Path("/etc") else "pip/pip.conf")
    if surroundings.is_mac:
        yield Path("/Library/Application Support/pip/pip.conf")
    yield home / ".pip" / "pip.conf"
    own = home / "Library" / "Application Support" / "pip"
    shared = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "pip"
    yield (own if surroundings.is_mac and own.is_dir() else shared) / "pip.conf"
    yield surroundings.prefix / "pip.conf"
    if named:
        yield Path(named)


def _options_of(file: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise SettingsError(f"pip's configuration {file} can't be read: {error}\nput it right, or away") from error
    found = dict[str, str]()
    for section in _SECTIONS:
        if parser.has_section(section):
            found.update({name.replace("_", "-"): value for name, value in parser.items(section)})
    return {name: value for name, value in found.items() if name in _OPTIONS}


def _words(told: dict[str, str], option: str) -> tuple[str, ...]:
    return tuple(told.get(option, "").split())


def _flag(told: dict[str, str], option: str) -> bool:
    return told.get(option, "").strip().lower() in _TRUE
