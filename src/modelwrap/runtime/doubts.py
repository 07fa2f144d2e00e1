"""What a request can hardly have meant, though it is answered: said once in the log of a process.

`{"data": {"ndarry": [[1, 2]]}}` is an empty array to Seldon's wrapper, and so it is here. Whoever misspelt the word
sees no error, only answers to nothing.
"""

from __future__ import annotations

import difflib
import logging

from modelwrap.runtime.payload import UserValue

__all__ = ["Doubts"]

_log = logging.getLogger("modelwrap")

_FORMS = ("tensor", "ndarray", "tftensor")
#: More of a client's own word tells no more.
_LONGEST_WORD = 40


class Doubts:
    """Tells of the first request whose `data` holds none of the three forms but something else."""

    def __init__(self) -> None:
        self._told = False

    def look(self, document: UserValue) -> None:
        """Looks at the JSON object of a request that carried no array; later ones are not told of."""
        data = document.get("data") if isinstance(document, dict) else None
        unknown = [key for key in data if key != "names"] if isinstance(data, dict) else []
        if self._told or not unknown or any(key in _FORMS for key in unknown):
            return
        self._told = True
        word = str(unknown[0])[:_LONGEST_WORD]
        near = difflib.get_close_matches(word, _FORMS, n=1)
        meant = f"; was {near[0]} meant?" if near else ""
        _log.warning(
            "a request's data holds %r and none of %s, so that the model gets an empty array%s (said once)",
            word,
            ", ".join(_FORMS),
            meant,
        )
