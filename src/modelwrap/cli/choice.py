"""Options and words that are one of a few: read in either case, and refused with all of them and the nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import click

from modelwrap.contract import Role

__all__ = ["SERVICE_TYPE", "OneOf"]


class OneOf(click.ParamType):  # type: ignore[type-arg]
    """One of these words, as it is spelled here however it was typed.

    Args:
        words: What it can be.
    """

    name = "choice"

    def __init__(self, words: Iterable[str]) -> None:
        self._words = {word.casefold(): word for word in map(str, words)}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word that was typed.

        Raises:
            click.UsageError: It is none of them; the message names them all, and the nearest.
        """
        typed = str(value).casefold()
        if typed in self._words:
            return self._words[typed]
        near = [f"did you mean {self._words[word]}?" for word in difflib.get_close_matches(typed, self._words, n=1)]
        raise click.UsageError("\n".join([f"{_named(param)} is {value!r}: expected {self._listed}", *near]), ctx)

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        """What is said where there is none. Versions of click before 8.2 give no context."""
        return f"It is {self._listed}."

    @property
    def _listed(self) -> str:
        return f"one of {', '.join(self._words.values())}"


def _named(param: click.Parameter | None) -> str:
    """A parameter as the user knows it: an option by its flag, a word by its place in the usage."""
    return param.opts[0] if isinstance(param, click.Option) else (param.name or "").upper() if param else "it"


SERVICE_TYPE = OneOf(Role)
