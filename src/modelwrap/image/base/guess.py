"""What a base will probably turn out to bring, by its config alone: enough to begin with, never to decide by."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from modelwrap.image.oci import JSONObject, JSONValue, Platform, canonical_json
from modelwrap.image.target import PythonTarget

__all__ = ["guess_target"]

#: What the official images of Python set, who know best.
_VERSION = re.compile(r"PYTHON_VERSION=(3\.[0-9]+\.[0-9]+)")
#: The C library of the systems that the history of a base may name.
_SYSTEMS: Mapping[bytes, tuple[str, tuple[int, int]]] = {
    b"alpine": ("musl", (1, 2)),
    b"bullseye": ("glibc", (2, 31)),
    b"bookworm": ("glibc", (2, 36)),
    b"trixie": ("glibc", (2, 41)),
}


def guess_target(config: JSONObject, platform: Platform) -> PythonTarget | None:
    """The Python and the system of a base as its config lets one think, or None where it says nothing.

    Args:
        config: The base's config.
        platform: What the base is for.
    """
    settings = config.get("config")
    words = settings.get("Env") if isinstance(settings, dict) else None
    versions = (_VERSION.fullmatch(str(word)) for word in words) if isinstance(words, list) else ()
    version = next((match[1] for match in versions if match), None)
    return PythonTarget(version, "", platform, *_system(config.get("history"))) if version else None


def _system(history: JSONValue) -> tuple[str, tuple[int, int]]:
    """That of this machine where the history names none."""
    told = canonical_json({"history": history})
    return next((system for name, system in _SYSTEMS.items() if name in told), ("glibc", _own_glibc()))


def _own_glibc() -> tuple[int, int]:
    try:
        version = (os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc ")
        major, minor = map(int, version.split("."))
    except (AttributeError, OSError, ValueError):
        return PythonTarget("", "").libc_version
    return major, minor
