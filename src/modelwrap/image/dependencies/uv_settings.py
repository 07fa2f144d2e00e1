"""What uv is told on this machine, as far as it must be known here.

Which indexes, so that pip's do not override them; and their passwords, since wheels are fetched here and not by uv. uv
reads all of it by itself; nothing is passed on.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from modelwrap.image.dependencies.settings import Surroundings
from modelwrap.value import Value

__all__ = ["UvSettings", "read_uv_settings"]

Table = Mapping[str, object]


class UvSettings(Value):
    """Which of its settings uv finds by itself.

    Attributes:
        index_url: The index it takes first, or empty.
        index_urls: Every index it is told of, by name where it has one; with user and password where they are known.
        has_extra_indexes: Whether it is told of indexes beside the first one.
        has_find_links: Whether it is told of folders with packages.
        has_strategy: Whether it is told how to choose between indexes.
        insecure_hosts: Hosts whose certificate is not checked.
    """

    index_url: str = ""
    index_urls: tuple[str, ...] = ()
    has_extra_indexes: bool = False
    has_find_links: bool = False
    has_strategy: bool = False
    insecure_hosts: tuple[str, ...] = ()


class _Gathered:
    def __init__(self) -> None:
        self.default = ""
        self.extra: list[str] = []
        self.find_links = False
        self.strategy = False
        self.hosts: list[str] = []


def read_uv_settings(surroundings: Surroundings, folder: Path) -> UvSettings:
    """Reads uv's settings as uv does when it runs in a folder. What can't be read is left for uv to complain of."""
    environment = surroundings.environment
    gathered = _Gathered()
    if environment.get("UV_NO_CONFIG", "").lower() not in ("1", "true"):
        for table in _tables(surroundings, folder):
            _gather(gathered, table, environment)
    _gather_variables(gathered, environment)
    urls = tuple(dict.fromkeys(filter(None, (gathered.default, *gathered.extra))))
    return UvSettings(
        gathered.default, urls, bool(gathered.extra), gathered.find_links, gathered.strategy, tuple(gathered.hosts)
    )


def _tables(surroundings: Surroundings, folder: Path) -> Iterator[Table]:
    """Uv's own tables, those that win last: for all users, for the user, of the folder or the nearest one above."""
    environment = surroundings.environment
    if named := environment.get("UV_CONFIG_FILE"):
        yield from _table(Path(named))
        return
    for system in surroundings.system_folders:
        yield from _table(system / "uv" / "uv.toml")
    yield from _table(Path(environment.get("XDG_CONFIG_HOME") or surroundings.home / ".config") / "uv" / "uv.toml")
    for place in (folder, *folder.parents):
        found = [*_table(place / "uv.toml")] or [*_project_table(place / "pyproject.toml")]
        if found:
            yield from found
            return


def _table(file: Path) -> Iterator[Table]:
    try:
        yield tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return


def _project_table(file: Path) -> Iterator[Table]:
    for table in _table(file):
        tool = table.get("tool")
        own = tool.get("uv") if isinstance(tool, dict) else None
        if isinstance(own, dict):
            yield own


def _gather(gathered: _Gathered, table: Table, environment: Mapping[str, str]) -> None:
    pip = table.get("pip")
    for part in (table, pip) if isinstance(pip, dict) else (table,):
        if isinstance(url := part.get("index-url"), str):
            gathered.default = url
        gathered.extra += _strings(part.get("extra-index-url"))
        gathered.find_links |= bool(part.get("find-links"))
        gathered.strategy |= "index-strategy" in part
        gathered.hosts += _strings(part.get("allow-insecure-host"))
        for index in _list(part.get("index")):
            _gather_index(gathered, index, environment)


def _gather_index(gathered: _Gathered, index: object, environment: Mapping[str, str]) -> None:
    if not isinstance(index, dict) or not isinstance(url := index.get("url"), str):
        return
    url = _with_password(url, str(index.get("name", "")), environment)
    if index.get("default") is True:
        gathered.default = url
    else:
        gathered.extra.append(url)


def _gather_variables(gathered: _Gathered, environment: Mapping[str, str]) -> None:
    if url := environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL"):
        gathered.default = _named(url, environment)
    for variable in ("UV_INDEX", "UV_EXTRA_INDEX_URL"):
        gathered.extra += [_named(url, environment) for url in environment.get(variable, "").split()]
    gathered.find_links |= bool(environment.get("UV_FIND_LINKS"))
    gathered.strategy |= bool(environment.get("UV_INDEX_STRATEGY"))
    gathered.hosts += environment.get("UV_INSECURE_HOST", "").split()


def _named(text: str, environment: Mapping[str, str]) -> str:
    """An index in uv's form `name=url`, or only a URL."""
    match = re.fullmatch(r"(?:([\w.-]+)=)?(.*)", text, re.DOTALL)
    name, url = (match[1] or "", match[2]) if match else ("", text)
    return _with_password(url, name, environment)


def _with_password(url: str, name: str, environment: Mapping[str, str]) -> str:
    """The URL with the user and password that uv finds under the index's name. Source: uv documentation, indexes."""
    prefix = f"UV_INDEX_{re.sub(r'[^A-Z0-9]', '_', name.upper())}"
    user = environment.get(f"{prefix}_USERNAME", "") if name else ""
    password = environment.get(f"{prefix}_PASSWORD", "") if name else ""
    scheme, separator, rest = url.partition("://")
    if not separator or not (user or password) or "@" in rest.partition("/")[0]:
        return url
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    return [item for item in _list(value) if isinstance(item, str)]
