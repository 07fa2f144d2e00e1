"""The pod's annotations, as the downward API writes them into a file.

Source: component API section 1.
"""

from __future__ import annotations

import logging
from pathlib import Path

from modelwrap.contract import ANNOTATIONS_FILE

__all__ = ["parse", "read"]

_log = logging.getLogger(__name__)


def parse(text: str) -> dict[str, str]:
    """Annotations from lines such as `key="value"`; a line without `=` is skipped."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip()[1:-1] for key, _, value in pairs}


def read(path: str = ANNOTATIONS_FILE) -> dict[str, str]:
    """The annotations in a file; none where there is no such file. A file that can't be read is only logged."""
    try:
        return parse(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("annotations are ignored: %s can't be read: %s", path, error)
        return {}
