"""What options and words of the command line take: one of a few words, or a number within bounds.

What does not fit is refused in the words that the server's own settings have: `--replicas is 'two': expected ...`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import click

from modelwrap.contract import Role

__all__ = ["SECONDS", "SECONDS_ABOVE_ZERO", "SERVICE_TYPE", "Number", "OneOf", "whole"]


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
        if typed not in self._words:
            near = difflib.get_close_matches(typed, self._words, n=1)
            _refuse(value, self._listed + "".join(f"\ndid you mean {self._words[word]}?" for word in near), param, ctx)
        return self._words[typed]

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        """What is said where there is none. Versions of click before 8.2 give no context."""
        return f"It is {self._listed}."

    @property
    def _listed(self) -> str:
        return f"one of {', '.join(self._words.values())}"


class Number(click.ParamType):  # type: ignore[type-arg]
    """A number within bounds.

    Args:
        read: Reads text; raises ValueError where it is no number of the kind.
        fits: Whether it is within the bounds.
        expected: What it must be.
    """

    name = "number"

    def __init__(self, read: Callable[[str], float], fits: Callable[[float], bool], expected: str) -> None:
        self._read = read
        self._fits = fits
        self._expected = expected

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that was typed.

        Raises:
            click.UsageError: It is none, or out of bounds.
        """
        try:
            number = self._read(str(value))
        except ValueError:
            number = math.nan
        if not self._fits(number):
            _refuse(value, self._expected, param, ctx)
        return number


def _refuse(value: object, expected: str, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
    """Names a parameter as the user knows it: an option by its flag, a word by its place in the usage."""
    name = max(param.opts, key=len) if isinstance(param, click.Option) else ((param and param.name) or "it").upper()
    raise click.UsageError(f"{name} is {str(value)!r}: expected {expected}", ctx)


def whole(low: int, high: int | None = None) -> Number:
    """Whole numbers from one on, or between two, both included."""
    bound = "on" if high is None else f"to {high}"
    top = math.inf if high is None else high
    return Number(int, lambda number: low <= number <= top, f"a whole number from {low} {bound}")


SERVICE_TYPE = OneOf(Role)
SECONDS = Number(float, lambda number: 0 <= number < math.inf, "a number of seconds from 0 on")
SECONDS_ABOVE_ZERO = Number(float, lambda number: 0 < number < math.inf, "a number of seconds above 0")
