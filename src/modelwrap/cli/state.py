"""`modelwrap state`: look at the state that a component keeps, put an older version back, save now, begin anew.

It works on the store itself, whether the component runs or not; a running one notices within its interval. Only `save`
talks to a running server, on its admin port.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from modelwrap.cli import terminal
from modelwrap.cli.command import Command
from modelwrap.cli.exits import Exit
from modelwrap.cli.values import OneOf, whole
from modelwrap.contract import SAVE_PATH, Port
from modelwrap.errors import SettingsError, StateError, UnreadableState
from modelwrap.runtime.settings import read_state
from modelwrap.runtime.settings.options.state import STATE_KEY_FILE, STATE_STORE
from modelwrap.runtime.state import versions
from modelwrap.runtime.state.counters import Document
from modelwrap.runtime.state.places import key_of, keys_in, open_store, place_of, read_key
from modelwrap.runtime.state.plain import decode
from modelwrap.runtime.state.snapshot import Header, Kind, Seal
from modelwrap.runtime.state.store import Kept, Store, Version

__all__ = ["COMMAND"]

_ACTIONS = ("list", "show", "restore", "save", "clear")
_WIDE = 100


def _run(action: str, number: int | None, key: str | None, url: str, yes: bool, **given: str | None) -> int:
    if action == "save":
        return _save(url)
    flags = {name.replace("_", "-"): text for name, text in given.items() if text is not None}
    state, names = read_state(flags)
    place = place_of(state.store, state.redis_host, state.redis_port, state.home)
    named = key or (key_of(names.deployment, names.predictor, names.unit, name="", folder=None) if names.unit else None)
    store = open_store(place, named or _only_key(place), state.keep)
    try:
        return _DO[action](store, number, Seal(read_key(state.key, state.key_file), trusted=True), yes)
    finally:
        store.close()


def _only_key(place: str | Path) -> str:
    """The one key that there is; several are for the user to choose from."""
    found = keys_in(place)
    if len(found) == 1:
        return found[0]
    if not found:
        raise SettingsError(f"no state is kept in {place}: name another place by --state-store")
    raise SettingsError("\n".join(["state is kept for several components: choose one by --key", *found]))


# -- what is done ----------------------------------------------------------------------------------------------------


def _list(store: Store, _number: int | None, _seal: Seal, _yes: bool) -> int:
    terminal.say(f"{store.key} in {store.place}; {_who_writes(store)}")
    rows = [("version", "saved", "by", "why", "size"), *map(_row, store.versions())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        terminal.result("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return Exit.GOOD


def _who_writes(store: Store) -> str:
    holder = store.holder()
    return f"{holder} writes" if holder else "nobody holds the lease"


def _row(kept: Kept) -> tuple[str, str, str, str, str]:
    number, size = str(kept.version.number), terminal.size(kept.size)
    try:
        header = Header.read(kept.head)
    except UnreadableState:
        return number, "?", "?", "not modelwrap's, or damaged", size
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(header.time))
    return number, when, header.writer, header.reason, size


def _show(store: Store, number: int | None, seal: Seal, _yes: bool) -> int:
    version = _version(store, number)
    found = store.read(version)
    if found is None:
        raise StateError(f"version {version.number} has just gone")
    snapshot = seal.open(found[1])
    header = snapshot.header
    for name, text in (("class", header.component), ("kind", header.kind), ("writer", header.writer)):
        terminal.say(f"{name}: {text}")
    terminal.result(_shown(header.kind, snapshot.body))
    return Exit.GOOD


def _shown(kind: Kind, body: bytes) -> str:
    if kind is Kind.EMPTY:
        return "nothing: the state was cleared"
    if kind is Kind.PICKLE:
        return f"a pickle of {len(body)} bytes, which is not opened here"
    state = Document.decode(body).total() if kind is Kind.COUNTERS else decode(body)
    return json.dumps(state, indent=2, default=_as_text, ensure_ascii=False)


def _as_text(value: Any) -> Any:
    """NumPy's values, and bytes, as JSON has them; long ones shortened."""
    if hasattr(value, "tolist"):
        return value.tolist() if value.size <= _WIDE else f"{value.dtype} array of shape {value.shape}"
    return repr(value)


def _restore(store: Store, number: int | None, seal: Seal, _yes: bool) -> int:
    if number is None:
        raise click.UsageError("restore needs the number of a version; `modelwrap state list` shows them")
    new = versions.restore(store, _version(store, number), seal, time=time.time())
    terminal.result(f"version {number} is version {new.number} now; running servers take it over within their interval")
    return Exit.GOOD


def _clear(store: Store, _number: int | None, seal: Seal, yes: bool) -> int:
    kept = store.versions()
    if not yes:
        raise click.UsageError(f"this drops {_counted(kept)} of {store.key} for ever: say --yes if you mean it")
    versions.clear(store, seal, time=time.time())
    terminal.result(f"{store.key} begins anew; dropped: {_counted(kept)}")
    return Exit.GOOD


def _counted(kept: Sequence[Kept]) -> str:
    return f"{len(kept)} version{'' if len(kept) == 1 else 's'}"


def _version(store: Store, number: int | None) -> Version:
    kept = [each.version for each in store.versions()]
    for version in kept:
        if number in (None, version.number):
            return version
    if not kept:
        raise StateError(f"no version of {store.key} is kept")
    there = ", ".join(str(version.number) for version in kept)
    raise StateError(f"there is no version {number} of {store.key}; there are: {there}")


def _save(url: str) -> int:
    """Ask a running server."""
    request = urllib.request.Request(url.rstrip("/") + SAVE_PATH, method="POST", data=b"")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=15) as response:  # noqa: S310
            workers = json.load(response)["workers"]
    except urllib.error.HTTPError as error:
        raise StateError(f"{url} has not saved: {_reason(error)}") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        raise StateError(f"{url} can't be asked: {why}\n--url names the admin port of a running server") from error
    terminal.result("\n".join(f"worker {slot}: {outcome}" for slot, outcome in workers.items()))
    return Exit.GOOD


def _reason(error: urllib.error.HTTPError) -> str:
    text = error.read().decode(errors="replace")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {error.code}: {text[:200]}"


_DO: dict[str, Callable[[Store, int | None, Seal, bool], int]] = {
    "list": _list,
    "show": _show,
    "restore": _restore,
    "clear": _clear,
}

COMMAND = Command(
    "state",
    [
        click.Argument(["action"], type=OneOf(_ACTIONS), metavar="|".join(_ACTIONS)),
        click.Argument(["number"], type=whole(1), required=False),
        click.Option([STATE_STORE.flag], metavar="PLACE", help="A folder or the URL of a Redis (as the server's)."),
        click.Option(["--key"], metavar="KEY", help="The component, where the place keeps several."),
        click.Option([STATE_KEY_FILE.flag], metavar="FILE", help="The secret that state is signed with."),
        click.Option(
            ["--url"],
            default=f"http://127.0.0.1:{Port.METRICS}",
            metavar="URL",
            help="The admin port of the server that saves.",
            show_default=True,
        ),
        click.Option(["--yes"], is_flag=True, help="Clear without asking."),
    ],
    _run,
    about=(
        "Look at the state that a component keeps, put back version NUMBER, save now, or begin anew. The place follows "
        "from the same settings as the server's."
    ),
    groups={"Options": ["--state-store", "--key", "--state-key-file", "--url", "--yes"], "Help": ["-h"]},
    examples=[
        "modelwrap state list",
        "modelwrap state show 12 --state-store redis://localhost:6379/0 --key persistence_d_p_u",
        "modelwrap state restore 12",
        "modelwrap state save --url http://127.0.0.1:6000",
    ],
)
