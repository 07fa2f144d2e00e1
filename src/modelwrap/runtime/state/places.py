"""Which store keeps a component's state, and under which key."""

from __future__ import annotations

import hashlib
from pathlib import Path

from modelwrap.errors import SettingsError, StoreUnavailable
from modelwrap.runtime.state.file_store import FileStore
from modelwrap.runtime.state.redis_store import RedisStore
from modelwrap.runtime.state.store import Store

__all__ = ["key_of", "keys_in", "open_store", "place_of", "read_key"]


def key_of(deployment: str, predictor: str, unit: str, *, name: str, folder: Path | None) -> str:
    """The component's key: the 2018 wrapper's; for files where no operator names it, the class and its folder.

    Args:
        deployment: The three names of the operator; empty for none.
        predictor: See above.
        unit: See above.
        name: The class.
        folder: The model folder where state is kept in files; None in Redis.

    Source: component API section 13.
    """
    if folder is not None and not (deployment or predictor or unit):
        return f"{name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    return f"persistence_{deployment or 0}_{predictor or 0}_{unit or 0}"


def place_of(store: str, redis_host: str, redis_port: int, home: str) -> str | Path:
    """The URL of a Redis, or a folder.

    Args:
        store: What was asked for; empty for what follows from the others.
        redis_host: The host that the environment names; empty for none.
        redis_port: Its port.
        home: The folder that holds `modelwrap/`; empty for the user's own.

    Raises:
        SettingsError: The user has no folder, and none is named.
    """
    if store:
        scheme, separator, rest = store.partition("://")
        if not separator:
            return Path(store)
        return Path(rest) if scheme == "file" else store
    if redis_host:
        return f"redis://{f'[{redis_host}]' if ':' in redis_host else redis_host}:{redis_port}/0"
    try:
        return (Path(home) if home else Path.home() / ".local" / "state") / "modelwrap"
    except RuntimeError:
        raise SettingsError(
            "state has no place: this user has no home, so name a Redis or a folder by --state-store"
        ) from None


def open_store(place: str | Path, key: str, keep: int) -> Store:
    """The store of one component.

    Raises:
        SettingsError: It can't be used; the message says what to set instead.
    """
    if isinstance(place, str):
        return RedisStore(place, key, keep=keep)
    try:
        return FileStore(place, key, keep=keep)
    except StoreUnavailable as error:
        raise SettingsError(
            f"{error.message}; name a Redis by REDIS_SERVICE_HOST or --state-store, or a folder that can be written "
            "to, such as a mounted volume"
        ) from error


def keys_in(place: str | Path) -> list[str]:
    """The keys under which a place keeps state.

    Raises:
        StoreUnavailable: A Redis does not answer.
    """
    if isinstance(place, str):
        return RedisStore.keys(place)
    return sorted(path.name for path in place.iterdir() if path.is_dir()) if place.is_dir() else []


def read_key(text: str, file: str) -> bytes:
    """The secret: the text, or what the file holds.

    Raises:
        SettingsError: The file can't be read, or is empty.
    """
    if not file:
        return text.encode()
    try:
        found = Path(file).read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"the key of the state can't be read: {file}: {error.strerror}") from error
    if not found:
        raise SettingsError(f"the key of the state can't be used: {file} is empty")
    return found
