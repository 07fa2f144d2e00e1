"""When an image says it was made: a time that the same inputs bring again, on any machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

from modelwrap.errors import SettingsError

__all__ = ["FIXED", "creation_time"]

#: Where neither the user nor the folder's history says anything.
FIXED = 0
#: The largest time that every reader of RFC 3339 takes: the end of the year 9999.
_LAST = 253402300799
#: No configuration of the user's makes git run another program here.
_GIT = ("git", "-c", "log.showSignature=false", "-c", "core.fsmonitor=false", "--no-pager")


def creation_time(folder: Path, source_date_epoch: str) -> int:
    """Seconds since 1970: SOURCE_DATE_EPOCH, else the last commit that touched the folder, else `FIXED`.

    Args:
        folder: The model folder.
        source_date_epoch: The variable's value, empty where it is not set. Source: reproducible-builds.org.

    Raises:
        SettingsError: The variable's value is no such time.
    """
    if source_date_epoch:
        return _given(source_date_epoch)
    return _last_commit(folder)


def _given(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST:
        raise SettingsError(f"SOURCE_DATE_EPOCH is {text!r}: it takes the seconds since 1970, in digits")
    return int(text)


def _last_commit(folder: Path) -> int:
    """A folder outside of any repository, or with nothing committed, has no such time; nor has it where git lacks."""
    command = [*_GIT, "-C", str(folder), "log", "-1", "--format=%ct", "--", "."]
    try:
        told = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return FIXED
    text = told.stdout.strip()
    return int(text) if told.returncode == 0 and text.isdecimal() else FIXED
